package vpc

import (
	"fmt"
	"strconv"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// protoAll is every protocol.
const protoAll = -1

// family is a version of IP.
type family uint8

const (
	ipv4 family = iota
	ipv6
	families
)

// familyOf is the family of an address.
func familyOf(a wire.Addr) family {
	if a.Is4() {
		return ipv4
	}
	return ipv6
}

// class sorts protocols by the number that a rule's range is about.
type class uint8

const (
	classTCP    class = iota // destination ports
	classUDP                 // destination ports
	classICMP                // type<<8 | code, of a packet of IPv4
	classICMPv6              // type<<8 | code, of a packet of IPv6
	classOther               // the protocol's own number
	classes
)

// classOf is the class of a packet of a family and protocol. A packet with the number of
// the other family's ICMP has no type.
func classOf(f family, proto uint8) class {
	switch {
	case proto == wire.ProtoTCP:
		return classTCP
	case proto == wire.ProtoUDP:
		return classUDP
	case proto == wire.ProtoICMP && f == ipv4:
		return classICMP
	case proto == wire.ProtoICMPv6 && f == ipv6:
		return classICMPv6
	}
	return classOther
}

// whole is the range of all numbers of a class: ports, types and codes, or protocols. So
// a rule for one protocol of classOther covers a part of the class.
func (c class) whole() span {
	if c == classOther {
		return span{0, 255}
	}
	return span{0, 65535}
}

// service is a protocol with its ports, or its ICMP types and codes.
type service struct {
	proto int
	ports span
}

// class is the class that the service's ports are numbers of.
func (s service) class() class {
	if s.proto == wire.ProtoICMPv6 {
		return classICMPv6
	}
	return classOf(ipv4, uint8(s.proto))
}

// in is the range of a class's numbers that the service covers; false: it covers none.
func (s service) in(c class) (span, bool) {
	switch own := s.class(); {
	case s.proto == protoAll:
		return c.whole(), true
	case c == classOther && own > classUDP:
		return span{uint32(s.proto), uint32(s.proto)}, true
	case c == own:
		return s.ports, true
	}
	return span{}, false
}

// String is the service as people write it: "tcp 80-90", "icmp type 8".
func (s service) String() string {
	lo, hi := s.ports.lo, s.ports.hi
	switch s.proto {
	case protoAll:
		return "all"
	case wire.ProtoICMP:
		return icmpText("icmp", s.ports)
	case wire.ProtoICMPv6:
		return icmpText("icmpv6", s.ports)
	case wire.ProtoTCP, wire.ProtoUDP:
		text := map[int]string{wire.ProtoTCP: "tcp ", wire.ProtoUDP: "udp "}[s.proto] + strconv.Itoa(int(lo))
		if lo != hi {
			text += "-" + strconv.Itoa(int(hi))
		}
		return text
	}
	return fmt.Sprintf("protocol %d", s.proto)
}

// icmpText is a range of ICMP types and codes as people write it.
func icmpText(name string, s span) string {
	switch s.hi - s.lo {
	case 0:
		return fmt.Sprintf("%s type %d code %d", name, s.lo>>8, s.lo&255)
	case 255:
		return fmt.Sprintf("%s type %d", name, s.lo>>8)
	}
	return name
}

// protocolNames are the names that EC2 answers with, and that its command line takes.
var protocolNames = map[string]int{"tcp": wire.ProtoTCP, "udp": wire.ProtoUDP, "icmp": wire.ProtoICMP, "icmpv6": wire.ProtoICMPv6, "-1": protoAll, "all": protoAll}

// parseProtocol reads a protocol's name or number.
func parseProtocol(name string) (int, error) {
	if n, known := protocolNames[name]; known {
		return n, nil
	}
	n, err := strconv.ParseUint(name, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("%q is no protocol: tcp, udp, icmp, icmpv6, a number up to 255, or -1 for all", ec2.Shorten(name))
	}
	return int(n), nil
}

// parseService reads a permission's protocol and ports (EC2 API, IpPermission).
func parseService(perm *ec2.IpPermission) (service, error) {
	proto, err := parseProtocol(perm.IpProtocol)
	if err != nil {
		return service{}, fmt.Errorf("IpProtocol %w", err)
	}
	s := service{proto: proto}
	switch proto {
	case wire.ProtoTCP, wire.ProtoUDP:
		s.ports, err = parsePorts(perm)
	case wire.ProtoICMP, wire.ProtoICMPv6:
		s.ports, err = parseICMP(orAny(perm.FromPort), orAny(perm.ToPort))
	}
	return s, err
}

// parsePorts reads a range of ports. Both ends must be there.
func parsePorts(perm *ec2.IpPermission) (span, error) {
	if perm.FromPort == nil || perm.ToPort == nil {
		return span{}, fmt.Errorf("%s needs FromPort and ToPort; 0 and 65535 are all ports", perm.IpProtocol)
	}
	from, to := *perm.FromPort, *perm.ToPort
	switch {
	case from < 0 || from > 65535:
		return span{}, fmt.Errorf("FromPort %d is no port: 0 to 65535", from)
	case to < 0 || to > 65535:
		return span{}, fmt.Errorf("ToPort %d is no port: 0 to 65535", to)
	case from > to:
		return span{}, fmt.Errorf("FromPort %d is above ToPort %d", from, to)
	}
	return span{uint32(from), uint32(to)}, nil
}

// orAny is a number, or -1 if it is absent; in ICMP -1 means any.
func orAny(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

// parseICMP reads an ICMP type and code; -1 is any.
func parseICMP(kind, code int) (span, error) {
	switch {
	case kind < -1 || kind > 255:
		return span{}, fmt.Errorf("FromPort %d is no ICMP type: 0 to 255, or -1 for all", kind)
	case code < -1 || code > 255:
		return span{}, fmt.Errorf("ToPort %d is no ICMP code: 0 to 255, or -1 for all", code)
	case kind == -1 && code != -1:
		return span{}, fmt.Errorf("ToPort %d: all ICMP types (FromPort -1) go with all codes (ToPort -1)", code)
	case kind == -1:
		return classICMP.whole(), nil
	case code == -1:
		return span{uint32(kind) << 8, uint32(kind)<<8 | 255}, nil
	}
	at := uint32(kind)<<8 | uint32(code)
	return span{at, at}, nil
}
