package oracle

import (
	"fmt"
	"net/netip"
)

// Protocols with a part in EC2's rules (IANA's numbers).
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	ICMPv6 = 58
)

// TCP's flags (RFC 9293 section 3.1).
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// Packet is what EC2's rules look at, as it stands in the packet's headers at some
// place of its way.
type Packet struct {
	Src, Dst         netip.Addr
	Proto            uint8
	SrcPort, DstPort uint16 // of TCP and UDP
	Flags            uint8  // of TCP
	Seq, Ack         uint32 // of TCP

	Type, Code uint8   // of ICMP, for each family its own
	ID         uint16  // of an ICMP query and its answers
	Quoted     *Packet // by an ICMP error, nil in others

	Fragmented bool // it comes in fragments
	Len        int  // of the whole IP packet in bytes, header included; 0: too short for any MTU to matter
	DF         bool // of IPv4: no router may cut the packet into fragments
	MTU        int  // that an ICMP error tells

	Headers headers // extension headers of IPv6
	Options string  // of IPv4, as in the header
}

// Message types of ICMP (RFC 792).
const (
	EchoReply      = 0
	Unreachable    = 3
	Redirect       = 5
	Echo           = 8
	TimeExceeded   = 11
	BadParameter   = 12
	Timestamp      = 13
	TimestampReply = 14
)

// Message types of ICMPv6 (RFC 4443).
const (
	Unreachable6  = 1
	TooBig6       = 2
	TimeExceeded6 = 3
	BadParameter6 = 4
	Echo6         = 128
	EchoReply6    = 129
)

// answers are ICMP's queries by its protocol number, and the type of the answer to each.
var answers = map[uint8]map[uint8]uint8{ICMP: {Echo: EchoReply, Timestamp: TimestampReply}, ICMPv6: {Echo6: EchoReply6}}

// IsICMP tells whether a packet is a control message of its family.
func (p Packet) IsICMP() bool {
	return p.Proto == ICMP && p.Src.Is4() || p.Proto == ICMPv6 && p.Src.Is6()
}

// query is the type of the query that an ICMP packet is, or answers.
func (p Packet) query() (kind uint8, answer, ok bool) {
	for query, reply := range answers[p.Proto] {
		switch p.Type {
		case query:
			return query, false, true
		case reply:
			return query, true, true
		}
	}
	return 0, false, false
}

// Answer is a packet that goes back to the sender, as an end would answer.
func (p Packet) Answer() Packet {
	a := p
	a.Fragmented, a.Len, a.DF, a.Headers, a.Options = false, 0, false, headers{}, ""
	a.Src, a.Dst, a.SrcPort, a.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	switch {
	case p.Proto == TCP && p.Flags&ACK == 0:
		a.Flags, a.Seq, a.Ack = SYN|ACK, p.Seq^0x5a5a5a, p.Seq+1
	case p.Proto == TCP:
		a.Flags, a.Seq, a.Ack = ACK, p.Ack, p.Seq+1
	case p.IsICMP():
		if reply, is := answers[p.Proto][p.Type]; is {
			a.Type = reply
		}
	}
	return a
}

// ErrorAbout is the ICMP error that from answers to p, with a type of p's family.
func (p Packet) ErrorAbout(from netip.Addr, kind, code uint8) Packet {
	proto := uint8(ICMP)
	if from.Is6() {
		proto = ICMPv6
	}
	return Packet{Src: from, Dst: p.Src, Proto: proto, Type: kind, Code: code, Quoted: &p}
}

// String is the packet in a line.
func (p Packet) String() string {
	switch {
	case p.Fragmented:
		p.Fragmented = false
		return "in fragments " + p.String()
	case p.Headers.n > 0 || p.Options != "":
		words := fmt.Sprintf("%v%s", p.Headers, optionWords(p.Options))
		p.Headers, p.Options = headers{}, ""
		return p.String() + words
	case p.Len > 0:
		words := fmt.Sprintf(" of %d bytes%s", p.Len, map[bool]string{true: " with DF"}[p.DF])
		p.Len = 0
		return p.String() + words
	case p.Proto == TCP:
		return fmt.Sprintf("tcp %v > %v %s", netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort), flagNames(p.Flags))
	case p.Proto == UDP:
		return fmt.Sprintf("udp %v > %v", netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort))
	case p.Quoted != nil:
		return fmt.Sprintf("icmp %v > %v type %d code %d mtu %d about [%v]", p.Src, p.Dst, p.Type, p.Code, p.MTU, *p.Quoted)
	case p.IsICMP():
		return fmt.Sprintf("icmp %v > %v type %d code %d id %d", p.Src, p.Dst, p.Type, p.Code, p.ID)
	}
	return fmt.Sprintf("protocol %d %v > %v", p.Proto, p.Src, p.Dst)
}

// flagNames are TCP's flags in words.
func flagNames(flags uint8) (names string) {
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK"} {
		if flags&(1<<i) != 0 {
			names += " " + name
		}
	}
	return names[min(1, len(names)):]
}
