package wire

import "encoding/binary"

// RewriteSrcPort gives the packet in frame another source port, or another identifier if
// the packet is an ICMP query or answer. h is as in RewriteSrc. partial says that TCP's
// checksum covers the pseudo-header alone, as in a merged frame, and so no port.
func RewriteSrcPort(frame []byte, h *Headers, port uint16, partial bool) {
	rewritePort(frame, h, portAt(h, 0), port, partial)
	h.SrcPort = port
}

// RewriteDstPort gives the packet in frame another destination port, as RewriteSrcPort gives
// another source port.
func RewriteDstPort(frame []byte, h *Headers, port uint16, partial bool) {
	rewritePort(frame, h, portAt(h, 2), port, partial)
	h.DstPort = port
}

// RewriteEmbeddedSrcPort is RewriteSrcPort for the packet that an ICMP error quotes, as
// RewriteEmbeddedSrc is RewriteSrc.
func RewriteEmbeddedSrcPort(frame []byte, h, q *Headers, port uint16) {
	rewriteEmbeddedPort(frame, h, q, portAt(q, 0), port)
	q.SrcPort = port
}

// RewriteEmbeddedDstPort is RewriteDstPort for the packet that an ICMP error quotes.
func RewriteEmbeddedDstPort(frame []byte, h, q *Headers, port uint16) {
	rewriteEmbeddedPort(frame, h, q, portAt(q, 2), port)
	q.DstPort = port
}

// portAt is where a port lies in a frame, or an ICMP query's identifier. at is 0 for the
// source port and 2 for the destination port.
func portAt(h *Headers, at int) int {
	if h.IsICMP() {
		at = 4
	}
	return int(h.L4) + at
}

// rewritePort writes a port at an offset, and updates the checksum.
func rewritePort(frame []byte, h *Headers, at int, port uint16, partial bool) {
	field := frame[at : at+2]
	old := binary.BigEndian.Uint16(field)
	binary.BigEndian.PutUint16(field, port)
	if sum := portSum(frame, h); sum != nil && !partial {
		update(sum, h.Proto, changeOf(uint32(old), uint32(port)))
	}
}

// portSum is the field of the checksum that covers ports, or an ICMP query's identifier; nil
// without such a checksum.
func portSum(frame []byte, h *Headers) []byte {
	if h.IsICMP() {
		return frame[h.L4+2 : h.L4+4]
	}
	return transportSum(frame, h)
}

// rewriteEmbeddedPort writes a port of a quote. The error's checksum covers port and checksum
// of the quote; if the quote holds both, their changes cancel out.
func rewriteEmbeddedPort(frame []byte, h, q *Headers, at int, port uint16) {
	field := frame[at : at+2]
	whole := frame[h.L4+2 : h.L4+4]
	quoted := portSum(frame, q)
	before := binary.BigEndian.Uint16(field)
	sumBefore := uint16(0)
	if quoted != nil {
		sumBefore = binary.BigEndian.Uint16(quoted)
	}
	rewritePort(frame, q, at, port, false)
	sum := Update16(binary.BigEndian.Uint16(whole), before, port)
	if quoted != nil {
		sum = Update16(sum, sumBefore, binary.BigEndian.Uint16(quoted))
	}
	binary.BigEndian.PutUint16(whole, sum)
}
