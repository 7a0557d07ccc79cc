package wire

import (
	"encoding/binary"
	"math/bits"
)

// Offsets of the addresses in the IPv4 header.
const (
	srcAt = 12
	dstAt = 16
)

// RewriteSrc gives the packet in frame, which Parse described in h, another
// source address, and keeps every checksum that covers it as right as it was:
// those of IPv4, TCP, UDP, UDP-Lite and DCCP. h follows.
func RewriteSrc(frame []byte, h *Headers, addr uint32) {
	rewrite(frame, h, srcAt, addr)
	h.Src = addr
}

// RewriteDst gives the packet in frame, which Parse described in h, another
// destination address, and keeps every checksum that covers it as right as it
// was: those of IPv4, TCP, UDP, UDP-Lite and DCCP. h follows.
func RewriteDst(frame []byte, h *Headers, addr uint32) {
	rewrite(frame, h, dstAt, addr)
	h.Dst = addr
}

// RewriteEmbeddedSrc is RewriteSrc for the packet that an ICMP error quotes:
// h describes the error and q, from Quote or Embedded, the quote. The error's
// own checksum stays as right as it was.
func RewriteEmbeddedSrc(frame []byte, h, q *Headers, addr uint32) {
	rewriteEmbedded(frame, h, q, srcAt, addr)
	q.Src = addr
}

// RewriteEmbeddedDst is RewriteDst for the packet that an ICMP error quotes:
// h describes the error and q, from Quote or Embedded, the quote. The error's
// own checksum stays as right as it was.
func RewriteEmbeddedDst(frame []byte, h, q *Headers, addr uint32) {
	rewriteEmbedded(frame, h, q, dstAt, addr)
	q.Dst = addr
}

// rewrite changes the address at offset at of the header.
func rewrite(frame []byte, h *Headers, at int, addr uint32) {
	ip := (*[IPv4Len]byte)(frame[h.L3:])
	field := ip[at : at+4]
	change := changeOf(binary.BigEndian.Uint32(field), addr)
	binary.BigEndian.PutUint32(field, addr)
	IPv4(ip[:]).SetChecksum(change.apply(IPv4(ip[:]).Checksum()))
	if sum := transportSum(frame, h); sum != nil {
		update(sum, h.Proto, change)
	}
}

// Where the addresses of a plain packet are.
const (
	PlainSrc = EthernetLen + srcAt
	PlainDst = EthernetLen + dstAt
)

// SetAddr is RewriteSrc for a plain packet, or RewriteDst: at is PlainSrc or
// PlainDst. Checksums are right in any order of the bytes (RFC 1071 section 2),
// so only the address is swapped.
func (p *Plain) SetAddr(at int, addr uint32) {
	field := (*[4]byte)(p[at:])
	addr = bits.ReverseBytes32(addr)
	change := changeOf(binary.LittleEndian.Uint32(field[:]), addr)
	binary.LittleEndian.PutUint32(field[:], addr)
	binary.LittleEndian.PutUint16(p[24:], change.apply(binary.LittleEndian.Uint16(p[24:])))
	if p.Proto() == ProtoTCP {
		binary.LittleEndian.PutUint16(p[50:], change.apply(binary.LittleEndian.Uint16(p[50:])))
	} else if udp := binary.LittleEndian.Uint16(p[40:]); udp != 0 {
		binary.LittleEndian.PutUint16(p[40:], udpSum(change.apply(udp)))
	}
}

// udpSum is a sum as UDP and UDP-Lite write it: 0 says that there is none (RFC
// 768).
func udpSum(sum uint16) uint16 {
	if sum == 0 {
		return 0xffff
	}
	return sum
}

// transportSum is the checksum field that covers the addresses by a
// pseudo-header, if it is there and in use. UDP-Lite's and DCCP's may leave out
// data, but never the pseudo-header (RFC 3828 section 3.1, RFC 4340 section
// 9.1).
func transportSum(frame []byte, h *Headers) []byte {
	at := int(h.L4)
	switch {
	case h.Frag == LaterFragment:
		return nil
	case h.Proto == ProtoTCP:
		at += 16
	case h.Proto == ProtoUDP, h.Proto == ProtoUDPLite, h.Proto == ProtoDCCP:
		at += 6
	default:
		return nil
	}
	if at+2 > int(h.End) {
		return nil // a quote may end before it, or in its middle
	}
	sum := frame[at : at+2]
	if h.Proto != ProtoTCP && h.Proto != ProtoDCCP && sum[0]|sum[1] == 0 {
		return nil // the sender made none, and none may appear; of UDP-Lite such a one stays wrong
	}
	return sum
}

// update applies a change to the field sum.
func update(sum []byte, proto uint8, c change) {
	new := c.apply(binary.BigEndian.Uint16(sum))
	if proto == ProtoUDP || proto == ProtoUDPLite {
		new = udpSum(new)
	}
	binary.BigEndian.PutUint16(sum, new)
}

// rewriteEmbedded changes an address of the quote. The quote's own header
// checksum makes up for the change of address, so the error's sum changes by
// the quoted transport checksum only.
func rewriteEmbedded(frame []byte, h, q *Headers, at int, addr uint32) {
	sum := transportSum(frame, q)
	if sum == nil {
		rewrite(frame, q, at, addr)
		return
	}
	old := binary.BigEndian.Uint16(sum)
	rewrite(frame, q, at, addr)
	icmp := ICMP(frame[h.L4:h.End])
	icmp.SetChecksum(Update16(icmp.Checksum(), old, binary.BigEndian.Uint16(sum)))
}
