package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// EtherTypes and protocols that primitives ask for.
const (
	etherIPv4, etherIPv6, etherARP, etherRARP = 0x0800, 0x86dd, 0x0806, 0x8035

	protoICMP, protoTCP, protoUDP, protoFragment, protoICMPv6, protoSCTP = 1, 6, 17, 44, 58, 132
)

// numbers are the protocols that have names here.
var numbers = map[string]uint32{"icmp": protoICMP, "igmp": 2, "tcp": protoTCP, "udp": protoUDP, "esp": 50, "ah": 51, "icmp6": protoICMPv6, "pim": 103, "vrrp": 112, "sctp": protoSCTP}

// isType tells whether a frame has an EtherType.
func isType(etherType uint32) test { return func(v *view) bool { return v.etherType() == etherType } }

// ofProtocol is a protocol alone: "tcp".
func ofProtocol(name string) (test, error) {
	switch name {
	case "ip":
		return isType(etherIPv4), nil
	case "ip6":
		return isType(etherIPv6), nil
	case "arp":
		return isType(etherARP), nil
	case "rarp":
		return isType(etherRARP), nil
	case "icmp":
		return inIPv4(protoICMP), nil
	case "icmp6":
		return inIPv6(protoICMPv6), nil
	case "ether":
		return nil, fmt.Errorf("ether alone says nothing: ether host, ether src or ether dst is expected")
	}
	return or(inIPv6(numbers[name]), inIPv4(numbers[name])), nil
}

// inIPv4 and inIPv6 tell whether a packet has a protocol; of IPv6 that of a first fragment, too.
func inIPv4(proto uint32) test {
	return func(v *view) bool { return v.etherType() == etherIPv4 && v.byte(protocolAt) == proto }
}

func inIPv6(proto uint32) test {
	return func(v *view) bool {
		if v.etherType() != etherIPv6 {
			return false
		}
		next := v.byte(nextHeaderAt)
		return next == proto || next == protoFragment && v.byte(etherLen+ip6Len) == proto
	}
}

// primitive is what an ID means behind its qualifiers.
func (q *qualifiers) primitive(id string) (test, error) {
	switch q.kind {
	case "port", "portrange":
		return q.ports(id)
	case "proto":
		return q.proto(id)
	}
	if q.protocol == "ether" {
		return q.station(id)
	}
	switch q.protocol {
	case "", "ip", "ip6", "arp", "rarp":
		return q.addresses(id)
	}
	return nil, fmt.Errorf("%s has ports and no addresses: write host, or %s port", q.protocol, q.protocol)
}

// either joins the tests of source and destination as the direction says.
func (q *qualifiers) either(src, dst test) test {
	switch q.direction {
	case "src":
		return src
	case "dst":
		return dst
	case "and":
		return and(src, dst)
	}
	return or(src, dst)
}

// station is "ether host" of a MAC address.
func (q *qualifiers) station(id string) (test, error) {
	mac, err := net.ParseMAC(id)
	if err != nil || len(mac) != 6 || q.kind == "net" {
		return nil, fmt.Errorf("ether host, src and dst take a MAC address such as 02:00:00:0a:01:05")
	}
	is := func(at int) test { return func(v *view) bool { return bytes.Equal(v.bytes(at, 6), mac) } }
	return q.either(is(6), is(0)), nil
}

// addresses is an address or a network.
func (q *qualifiers) addresses(id string) (test, error) {
	block, err := q.block(id)
	if err != nil {
		return nil, err
	}
	if block.Addr().Is6() {
		if q.protocol != "" && q.protocol != "ip6" {
			return nil, fmt.Errorf("%s has no IPv6 addresses", q.protocol)
		}
		return and(isType(etherIPv6), q.either(within(block, ip6SrcAt), within(block, ip6DstAt))), nil
	}
	in := map[string]test{
		"ip":   and(isType(etherIPv4), q.either(within(block, ip4SrcAt), within(block, ip4DstAt))),
		"arp":  and(isType(etherARP), q.either(within(block, arpSrcAt), within(block, arpDstAt))),
		"rarp": and(isType(etherRARP), q.either(within(block, arpSrcAt), within(block, arpDstAt))),
	}
	switch {
	case q.protocol == "":
		return anyOf(in["ip"], in["arp"], in["rarp"]), nil
	case in[q.protocol] == nil:
		return nil, fmt.Errorf("%s has no IPv4 addresses", q.protocol)
	}
	return in[q.protocol], nil
}

// block is the addresses that an ID stands for.
func (q *qualifiers) block(id string) (netip.Prefix, error) {
	if q.kind != "net" {
		a, err := netip.ParseAddr(id)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("an address is expected, or net before a network; names are not looked up")
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	block, err := netip.ParsePrefix(id)
	switch {
	case err != nil:
		return block, fmt.Errorf("net takes a network such as 10.0.0.0/16")
	case block != block.Masked():
		return block, fmt.Errorf("bits of the host are set; %v is the network", block.Masked())
	}
	return block, nil
}

// within tells whether the address at an offset is in a block. It asks for word after word, and for
// none behind the first that differs, as libpcap does.
func within(block netip.Prefix, at int) test {
	want := block.Addr().AsSlice()
	return func(v *view) bool {
		for i, bits := 0, block.Bits(); bits > 0; i, bits = i+4, bits-32 {
			mask := ^uint32(0) << max(32-bits, 0)
			if (v.word(at+i)^binary.BigEndian.Uint32(want[i:]))&mask != 0 {
				return false
			}
		}
		return true
	}
}

// ports is a port or a range of ports.
func (q *qualifiers) ports(id string) (test, error) {
	low, err := numberOf(id, 16)
	high, err2 := low, err
	if from, to, ranged := strings.Cut(id, "-"); ranged && q.kind == "portrange" {
		low, err = strconv.ParseUint(from, 10, 16) // libpcap looks the ends of a range up as names: no end is octal
		high, err2 = strconv.ParseUint(to, 10, 16)
	}
	switch {
	case err != nil || err2 != nil:
		return nil, fmt.Errorf("%s takes numbers to 65535; names are not looked up", q.kind)
	case high < low:
		low, high = high, low // as libpcap does
	}
	protos := []uint32{protoTCP, protoUDP, protoSCTP}
	switch q.protocol {
	case "tcp", "udp", "sctp":
		protos = []uint32{numbers[q.protocol]}
	case "", "ip", "ip6":
	default:
		return nil, fmt.Errorf("%s has no ports", q.protocol)
	}
	if q.protocol == "ip" || q.protocol == "ip6" {
		return nil, fmt.Errorf("write %s and %s %s", q.protocol, q.kind, id)
	}
	is := func(base func(*view) int, more int) test {
		return func(v *view) bool {
			port := v.half(base(v) + more)
			return port >= uint32(low) && port <= uint32(high)
		}
	}
	six := func(*view) int { return etherLen + ip6Len }
	return or(
		and(func(v *view) bool { return v.etherType() == etherIPv6 && oneOf(v.byte(nextHeaderAt), protos) }, q.either(is(six, 0), is(six, 2))),
		and(func(v *view) bool {
			return v.etherType() == etherIPv4 && oneOf(v.byte(protocolAt), protos) && v.firstFragment()
		}, q.either(is((*view).transportIPv4, 0), is((*view).transportIPv4, 2)))), nil
}

// oneOf tells whether a protocol is one of some.
func oneOf(proto uint32, some []uint32) bool {
	for _, s := range some {
		if proto == s {
			return true
		}
	}
	return false
}

// proto is the number or the name of a protocol.
func (q *qualifiers) proto(id string) (test, error) {
	n, named := numbers[strings.TrimPrefix(id, `\`)]
	if !named || n == protoICMPv6 { // for which systems have another name
		number, err := numberOf(id, 8)
		if err != nil {
			return nil, fmt.Errorf("proto takes a number to 255")
		}
		n = uint32(number)
	}
	switch {
	case q.direction != "":
		return nil, fmt.Errorf("a protocol has no direction")
	case q.protocol == "ip":
		return inIPv4(n), nil
	case q.protocol == "ip6":
		return inIPv6(n), nil
	case q.protocol == "":
		return or(inIPv6(n), inIPv4(n)), nil
	}
	return nil, fmt.Errorf("write ip proto or ip6 proto")
}
