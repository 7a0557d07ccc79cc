// Package wiretest builds frames for tests, right to the last checksum:
//
//	wiretest.TCP("10.0.1.5:40000", "10.0.1.6:80").Flags(wire.TCPSyn).Bytes()
//	wiretest.UDP("10.0.1.5:53", "10.0.1.6:53").Payload("hi").VLAN(7).Bytes()
//	wiretest.Echo("10.0.1.5", "10.0.1.6", 1).MACs(guest, router).Bytes()
//	wiretest.TCP("[2001:db8::5]:40000", "[2001:db8::6]:80").Extension(60, 6).Bytes()
//	wiretest.VXLAN("172.16.0.1", "172.16.0.11", 5001, inner).Bytes()
//	wiretest.ICMPError(wire.ICMPUnreachable, 4, "10.0.1.1", frame).Bytes()
//
// Put, Cut, Mend and Unfinished make wrong frames from right ones. Check says which checksum of
// a frame is wrong.
//
// The package writes bytes and adds checksums with code of its own, so that package
// wire is never tested against itself. gopacket's serializer pads an inner frame to
// 60 bytes and writes a UDP checksum of 0 where RFC 768 wants 0xffff, so wiretest
// serializes by hand; gopacket's decoder is the second opinion of wire's tests.
//
// A literal that makes no sense panics. Only tests may import this package.
package wiretest

import (
	"fmt"
	"net/netip"
	"slices"

	"nitrocard/nic/wire"
)

// SrcMAC and DstMAC are the stations of a frame unless MACs names others.
var (
	SrcMAC = wire.MAC{2, 0, 0, 0, 0, 1}
	DstMAC = wire.MAC{2, 0, 0, 0, 0, 2}
)

// Packet describes a frame, which Bytes makes. Each method returns a changed copy,
// so one Packet can be the start of many.
type Packet struct {
	src, dst  wire.MAC
	tags      []uint32 // EtherType and ID of each VLAN tag
	etherType uint16
	l3        []byte // of anything but IP
	ip        ip
	l4        transport
	size      int // least length of the frame
}

// start is an IP packet with the defaults that all of them share.
func start(proto uint8, src, dst netip.AddrPort) Packet {
	p := Packet{
		src: SrcMAC, dst: DstMAC, etherType: wire.EtherTypeIPv4,
		ip: ip{src: src.Addr(), dst: dst.Addr(), proto: proto, ttl: 64, id: 1},
		l4: transport{srcPort: src.Port(), dstPort: dst.Port()},
	}
	if src.Addr().Is6() {
		p.etherType = wire.EtherTypeIPv6
	}
	if src.Addr().Is6() != dst.Addr().Is6() {
		panic(fmt.Sprintf("%s and %s are of two families", src, dst))
	}
	return p
}

// TCP is a segment with the ACK flag between addresses like "10.0.1.5:80" or
// "[2001:db8::5]:80". As in all packets here, the addresses tell the family.
func TCP(src, dst string) Packet {
	p := start(wire.ProtoTCP, addrPort(src), addrPort(dst))
	p.l4.flags, p.l4.seq, p.l4.ack, p.l4.window = wire.TCPAck, 1, 1, 0xffff
	return p
}

// UDP is a datagram between addresses like "10.0.1.5:53".
func UDP(src, dst string) Packet {
	return start(wire.ProtoUDP, addrPort(src), addrPort(dst))
}

// UDPLite is a datagram whose checksum covers all of it (RFC 3828).
func UDPLite(src, dst string) Packet {
	return start(wire.ProtoUDPLite, addrPort(src), addrPort(dst))
}

// DCCP is a data packet whose checksum covers all of it (RFC 4340 section 5.4).
func DCCP(src, dst string) Packet {
	return start(wire.ProtoDCCP, addrPort(src), addrPort(dst))
}

// IP is a packet of any protocol, whose payload is written unchanged.
func IP(src, dst string, proto uint8) Packet {
	return start(proto, addr(src), addr(dst))
}

// ICMP is a message whose header's second word is zero, between IPv6 addresses one of
// ICMPv6.
func ICMP(src, dst string, icmpType, code uint8) Packet {
	p := IP(src, dst, wire.ProtoICMP)
	if p.etherType == wire.EtherTypeIPv6 {
		p.ip.proto = wire.ProtoICMPv6
	}
	p.l4.icmpType, p.l4.icmpCode = icmpType, code
	return p
}

// Echo is a ping with sequence number 1.
func Echo(src, dst string, id uint16) Packet {
	return Query(src, dst, byFamily(src, wire.ICMPEcho, wire.ICMPv6Echo), id)
}

// Query is an ICMP query with sequence number 1, or an answer to one, by its type.
func Query(src, dst string, icmpType uint8, id uint16) Packet {
	p := ICMP(src, dst, icmpType, 0)
	p.l4.icmpRest = uint32(id)<<16 | 1
	return p
}

// EchoReply is the answer to an Echo, from its receiver src to its sender.
func EchoReply(src, dst string, id uint16) Packet {
	return Query(src, dst, byFamily(src, wire.ICMPEchoReply, wire.ICMPv6EchoReply), id)
}

// ICMPError is the error that the station at address from answers to frame, a packet
// without VLAN tags. The error quotes the whole packet.
func ICMPError(icmpType, code uint8, from string, frame []byte) Packet {
	quote := frame[wire.EthernetLen:]
	sender, length := netip.AddrFrom4([4]byte(quote[12:16])), wire.IPv4(quote).TotalLen()
	if quote[0]>>4 == 6 {
		sender, length = netip.AddrFrom16([16]byte(quote[8:24])), wire.IPv6Len+wire.IPv6(quote).PayloadLen()
	}
	p := ICMP(from, sender.String(), icmpType, code)
	p.l4.payload = slices.Clone(quote[:length])
	return p
}

// VXLAN is the tunnel packet that carries the frame inner from one tunnel end to
// another. The UDP checksum is 0, as most senders leave it.
func VXLAN(src, dst string, vni uint32, inner []byte) Packet {
	p := start(wire.ProtoUDP, netip.AddrPortFrom(netip.MustParseAddr(src), 49152), netip.AddrPortFrom(netip.MustParseAddr(dst), wire.PortVXLAN))
	p.l4.noSum = true
	p.l4.payload = append([]byte{8, 0, 0, 0, byte(vni >> 16), byte(vni >> 8), byte(vni), 0}, inner...)
	return p
}

// Ethernet is a frame of any EtherType.
func Ethernet(etherType uint16, payload []byte) Packet {
	return Packet{src: SrcMAC, dst: DstMAC, etherType: etherType, l3: payload}
}

// ARPRequest is the broadcast in which the station mac with the address from
// asks who has the address target.
func ARPRequest(mac wire.MAC, from, target string) Packet {
	asker, asked := wire.Neighbor{MAC: mac, Addr: Addr(from)}, wire.Neighbor{Addr: Addr(target)}
	p := Ethernet(wire.EtherTypeARP, arp(wire.ARPOpRequest, asker, asked))
	return p.MACs(mac, wire.Broadcast)
}

// ARPReply tells the station to that the station from has the address in question.
func ARPReply(from, to wire.Neighbor) Packet {
	return Ethernet(wire.EtherTypeARP, arp(wire.ARPOpReply, from, to)).MACs(from.MAC, to.MAC)
}

// Addr is an address like "10.0.1.5" as package wire has it.
func Addr(s string) wire.Addr { return wire.AddrFrom(netip.MustParseAddr(s)) }

func addr(s string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(s), 0) }

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// byFamily is v6 if an address is one of IPv6, and else v4.
func byFamily(addr string, v4, v6 uint8) uint8 {
	if netip.MustParseAddr(addr).Is6() {
		return v6
	}
	return v4
}
