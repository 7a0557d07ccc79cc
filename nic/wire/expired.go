package wire

import "encoding/binary"

// TTL is the time to live, in hops.
func (b IPv4) TTL() uint8 { return b[8] }

// Spend takes hops off the TTL or hop limit of the IP packet that starts with ip, which has
// more. The checksum of IPv4 stays right.
func Spend(ip []byte, hops uint8) {
	if ip[0]>>4 == 6 {
		ip[7] -= hops
		return
	}
	p := (*[IPv4Len]byte)(ip)
	p[8] -= hops
	sum := uint32(binary.BigEndian.Uint16(p[10:])) + uint32(hops)<<8 // the header's sum became smaller (RFC 1624)
	if sum >= 0xffff {
		sum++ // the carry, and no second form of zero
	}
	binary.BigEndian.PutUint16(p[10:], uint16(sum))
}

// TimeExceeded writes the error that tells the sender of a packet that the packet had no hop left:
// ICMP type 11 (RFC 792), or ICMPv6 type 3 (RFC 4443 section 3.3). h describes the packet, which
// has no VLAN tag and lies in frame where the error quotes it: ErrorLen4 or ErrorLen6 bytes were
// put before its frame.
//
//	|stations, error's headers|IP packet ...
//	0                         EthernetLen + ErrorLen
//
// The error comes from an address of the packet's family, and quotes the start of the packet. n is
// the length of the frame that is left; the caller writes the stations.
func TimeExceeded(frame []byte, h *Headers, from Addr) (n int) {
	length := int(h.End) - int(h.L3)
	binary.BigEndian.PutUint16(frame[EthernetLen-2:], h.EtherType)
	if h.EtherType == EtherTypeIPv6 {
		return error6(frame[:EthernetLen+min(ErrorLen6+length, LeastMTU6)], h.Src, from, report{kind: ICMPv6TimeExceeded})
	}
	return error4(frame[:EthernetLen+min(ErrorLen4+length, LeastMTU)], h.Src, from, report{kind: ICMPTimeExceeded})
}

// EchoReply makes the echo request in frame, which h describes, its reply: of ICMP (RFC 792) or
// ICMPv6 (RFC 4443 section 4.2). The stations are as they were.
func EchoReply(frame []byte, h *Headers) {
	icmp := frame[h.L4:h.End]
	was := binary.BigEndian.Uint16(icmp)
	if icmp[0] = ICMPEchoReply; h.EtherType == EtherTypeIPv6 {
		icmp[0] = ICMPv6EchoReply
		ip := IPv6(frame[h.L3:])
		ip[7] = routerTTL
		ip.SetSrc(h.Dst)
		ip.SetDst(h.Src)
	} else {
		ip := IPv4(frame[h.L3:])
		ip[8] = routerTTL
		ip.SetSrc(h.Dst.As4())
		ip.SetDst(h.Src.As4())
		ip.SetChecksum(0)
		ip.SetChecksum(Sum(ip[:ip.HeaderLen()], 0))
	}
	sum := binary.BigEndian.Uint16(icmp[2:])
	binary.BigEndian.PutUint16(icmp[2:], Update16(sum, was, binary.BigEndian.Uint16(icmp)))
}
