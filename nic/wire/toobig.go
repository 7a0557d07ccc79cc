package wire

import "encoding/binary"

// LeastMTU is what every way of IPv4 carries without fragments, in practice and by the size
// of datagram that every host takes (RFC 791 section 3.1). An error of a router is no
// longer (RFC 1812 section 4.3.2.3).
const LeastMTU = 576

// LeastMTU6 is the same of IPv6 (RFC 8200 section 5), and an error's greatest length there (RFC
// 4443 section 2.4).
const LeastMTU6 = 1280

// TooBig makes the packet in frame, which h describes, the error that tells the packet's
// sender that the way carries mtu bytes: ICMP type 3 code 4 (RFC 1191 section 4), or Packet
// Too Big (RFC 4443 section 3.2). The error comes from an address of the packet's family and
// quotes the start of the packet. The packet is longer than LeastMTU, and frame has no VLAN
// tag. n is the length of the frame that is left; its stations are as they were.
func TooBig(frame []byte, h *Headers, from Addr, mtu uint16) (n int) {
	length := int(h.End) - int(h.L3)
	if h.EtherType == EtherTypeIPv6 {
		const packetTooBig = 2
		frame = frame[:EthernetLen+min(length, LeastMTU6)]
		copy(frame[EthernetLen+ErrorLen6:], frame[EthernetLen:])
		return error6(frame, h.Src, from, report{packetTooBig, 0, uint32(mtu)})
	}
	frame = frame[:EthernetLen+min(length, LeastMTU)]
	copy(frame[EthernetLen+ErrorLen4:], frame[EthernetLen:])
	return error4(frame, h.Src, from, report{ICMPUnreachable, ICMPFragNeeded, uint32(mtu)})
}

// The lengths of the headers of an ICMP error before the packet that the error quotes.
const (
	ErrorLen4 = IPv4Len + ICMPLen
	ErrorLen6 = IPv6Len + ICMPLen
)

// report is what an ICMP error says: type, code and the word behind the checksum.
type report struct {
	kind, code uint8
	word       uint32
}

// error4 writes the headers of an ICMP error before the packet that frame quotes. frame has the
// error's length.
func error4(frame []byte, to, from Addr, says report) (n int) {
	ip := IPv4(frame[EthernetLen:])
	*(*[IPv4Len]byte)(ip) = [IPv4Len]byte{
		0: 0x45, 1: internetControl, 6: dontFragment >> 8, 8: routerTTL, 9: ProtoICMP,
	}
	ip.SetTotalLen(len(ip))
	ip.SetSrc(from.As4())
	ip.SetDst(to.As4())
	ip.SetChecksum(Sum(ip[:IPv4Len], 0))
	icmp := ip[IPv4Len:]
	*(*[ICMPLen]byte)(icmp) = [ICMPLen]byte{0: says.kind, 1: says.code}
	binary.BigEndian.PutUint32(icmp[4:], says.word)
	binary.BigEndian.PutUint16(icmp[2:], Sum(icmp, 0))
	return len(frame)
}

// error6 is error4 for IPv6.
func error6(frame []byte, to, from Addr, says report) (n int) {
	ip := IPv6(frame[EthernetLen:])
	icmp := ip[IPv6Len:]
	*(*[8]byte)(ip) = [8]byte{0: 6<<4 | internetControl>>4, 6: ProtoICMPv6, 7: routerTTL}
	ip.SetPayloadLen(len(icmp))
	ip.SetSrc(from)
	ip.SetDst(to)
	*(*[ICMPLen]byte)(icmp) = [ICMPLen]byte{0: says.kind, 1: says.code}
	binary.BigEndian.PutUint32(icmp[4:], says.word)
	pseudo := PseudoSum(from, to, ProtoICMPv6, len(icmp))
	binary.BigEndian.PutUint16(icmp[2:], Sum(icmp, pseudo))
	return len(frame)
}

const (
	internetControl = 0xc0 // the precedence of a router's errors (RFC 1812 section 4.3.2.5)
	routerTTL       = 64
	dontFragment    = 0x4000
)
