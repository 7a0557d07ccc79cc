package wire

import "encoding/binary"

// IPv6 is a packet from its header's first byte (RFC 8200 section 3):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|Version| Traffic Class |           Flow Label                  |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|         Payload Length        |  Next Header  |   Hop Limit   |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Source Address, 16 bytes                   |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                  Destination Address, 16 bytes                |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type IPv6 []byte

// PayloadLen is the length in bytes of what follows the header, extension headers
// included.
func (b IPv6) PayloadLen() int { return int(binary.BigEndian.Uint16(b[4:6])) }

// SetPayloadLen writes PayloadLen.
func (b IPv6) SetPayloadLen(n int) { binary.BigEndian.PutUint16(b[4:6], uint16(n)) }

// NextHeader is the number of the header that follows: an extension header's, or the
// payload's protocol.
func (b IPv6) NextHeader() uint8 { return b[6] }

// HopLimit is how many routers may still forward the packet.
func (b IPv6) HopLimit() uint8 { return b[7] }

// Src is the address that the packet claims to come from.
func (b IPv6) Src() Addr { return AddrFrom16(b[8:24]) }

// Dst is the address that the packet is for.
func (b IPv6) Dst() Addr { return AddrFrom16(b[24:40]) }

// SetSrc writes Src. No checksum is brought up to date.
func (b IPv6) SetSrc(a Addr) { putAddr(b[8:24], a) }

// SetDst writes Dst. No checksum is brought up to date.
func (b IPv6) SetDst(a Addr) { putAddr(b[24:40], a) }

// ECN is the packet's congestion mark: the two lowest bits of the traffic class, which
// lies across two bytes.
func (b IPv6) ECN() ECN { return ECN(b[1] >> 4 & ECNMask) }

// SetECN writes the congestion mark, which no checksum covers.
func (b IPv6) SetECN(e ECN) { b[1] = b[1]&^(ECNMask<<4) | byte(e)<<4 }

// putAddr writes an IPv6 address in network byte order.
func putAddr(b []byte, a Addr) {
	binary.BigEndian.PutUint64(b[0:8], a.hi)
	binary.BigEndian.PutUint64(b[8:16], a.lo)
}

// AddrFrom16 is an IPv6 address, given in network byte order.
func AddrFrom16(b []byte) Addr {
	return Addr{binary.BigEndian.Uint64(b[0:8]), binary.BigEndian.Uint64(b[8:16])}
}

// parseIPv6 reads the packet b, which begins at h.L3, with its extension headers and its
// transport header.
func parseIPv6(b []byte, h *Headers) Fault {
	if len(b) < IPv6Len {
		return FaultIPv6Truncated
	}
	ip := IPv6(b)
	if b[0]>>4 != 6 {
		return FaultIPv6Version
	}
	total := IPv6Len + ip.PayloadLen()
	if total > len(b) {
		return FaultIPv6LengthBeyond
	}
	h.Src, h.Dst = ip.Src(), ip.Dst()
	if h.Src.Is4() || h.Dst.Is4() {
		return FaultIPv6Mapped
	}
	h.End = h.L3 + uint16(total)
	at, f := walkExtensions(b[:total], h)
	h.L4 = h.L3 + uint16(at)
	if f != NoFault || h.Frag == LaterFragment {
		return f
	}
	return parseTransport(b[at:total], h)
}
