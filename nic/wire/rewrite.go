package wire

import (
	"encoding/binary"
	"math/bits"
)

// Offsets of the two addresses in the IPv4 header.
const (
	srcAt = 12
	dstAt = 16
)

// RewriteSrc gives the packet in frame another source address. h is Parse's
// description of frame, and gets the new address too. The checksums that cover the
// address (IPv4, TCP, UDP, UDP-Lite, DCCP) are updated; a wrong one stays wrong.
func RewriteSrc(frame []byte, h *Headers, addr Addr) {
	rewrite(frame, h, srcAt, addr)
	h.Src = addr
}

// RewriteDst gives the packet in frame another destination address, as RewriteSrc
// gives another source address.
func RewriteDst(frame []byte, h *Headers, addr Addr) {
	rewrite(frame, h, dstAt, addr)
	h.Dst = addr
}

// RewriteEmbeddedSrc is RewriteSrc for the packet that an ICMP error quotes: h
// describes the error; q, from Quote or Embedded, describes the quote. The error's
// own checksum is updated too.
func RewriteEmbeddedSrc(frame []byte, h, q *Headers, addr Addr) {
	rewriteEmbedded(frame, h, q, srcAt, addr)
	q.Src = addr
}

// RewriteEmbeddedDst is RewriteDst for the packet that an ICMP error quotes, as
// RewriteEmbeddedSrc is RewriteSrc.
func RewriteEmbeddedDst(frame []byte, h, q *Headers, addr Addr) {
	rewriteEmbedded(frame, h, q, dstAt, addr)
	q.Dst = addr
}

// rewrite changes the address at an offset of the IPv4 header: srcAt or dstAt.
func rewrite(frame []byte, h *Headers, at int, addr Addr) {
	ip := (*[IPv4Len]byte)(frame[h.L3:])
	field := ip[at : at+4]
	change := changeOf(binary.BigEndian.Uint32(field), addr.As4())
	binary.BigEndian.PutUint32(field, addr.As4())
	IPv4(ip[:]).SetChecksum(change.apply(IPv4(ip[:]).Checksum()))
	if sum := transportSum(frame, h); sum != nil {
		update(sum, h.Proto, change)
	}
}

// Offsets of the two addresses in a Plain, for SetAddr.
const (
	PlainSrc = EthernetLen + srcAt
	PlainDst = EthernetLen + dstAt
)

// SetAddr is RewriteSrc for a plain packet if at is PlainSrc, RewriteDst if at is
// PlainDst. SetAddr swaps the address and leaves the checksums in little-endian
// order: a checksum is right in either order (RFC 1071 section 2).
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

// udpSum is a checksum as UDP and UDP-Lite write it. A sum of 0 is written as
// 0xffff, the same number in one's complement, because a field of 0 says that
// there is no checksum (RFC 768).
func udpSum(sum uint16) uint16 {
	if sum == 0 {
		return 0xffff
	}
	return sum
}

// transportSum is the field of the checksum that covers the addresses by a
// pseudo-header, nil without such a checksum. The checksums of UDP-Lite and DCCP
// may leave out data, and always cover the pseudo-header (RFC 3828 section 3.1, RFC
// 4340 section 9.1).
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
		return nil // a quote may end before the field or in its middle
	}
	sum := frame[at : at+2]
	if h.Proto != ProtoTCP && h.Proto != ProtoDCCP && sum[0]|sum[1] == 0 {
		return nil // the sender made no checksum; UDP-Lite forbids that, and such a packet stays wrong
	}
	return sum
}

// update applies a change to the checksum field sum of a protocol.
func update(sum []byte, proto uint8, c change) {
	new := c.apply(binary.BigEndian.Uint16(sum))
	if proto == ProtoUDP || proto == ProtoUDPLite {
		new = udpSum(new)
	}
	binary.BigEndian.PutUint16(sum, new)
}

// rewriteEmbedded changes an address of the quote. The error's checksum covers the
// whole quote, but changes by the quoted transport checksum only: the quoted header
// checksum changes by the opposite of what the address does.
func rewriteEmbedded(frame []byte, h, q *Headers, at int, addr Addr) {
	sum := transportSum(frame, q)
	if sum == nil {
		rewrite(frame, q, at, addr)
		return
	}
	old := binary.BigEndian.Uint16(sum)
	rewrite(frame, q, at, addr)
	whole := frame[h.L4+2 : h.L4+4] // the error's checksum
	binary.BigEndian.PutUint16(whole, Update16(binary.BigEndian.Uint16(whole), old, binary.BigEndian.Uint16(sum)))
}
