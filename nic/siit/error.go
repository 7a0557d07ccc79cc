package siit

import (
	"encoding/binary"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// ICMPError is an ICMP error in a frame, with the packet that the error quotes. Headers and Quote
// are as wire.Parse and wire.Embedded describe them; To and QuoteTo are what the two get.
type ICMPError struct {
	Headers, Quote *wire.Headers
	To, QuoteTo    Ends
}

// mostHeaders is the most bytes of headers before the quoted transport header that a translation
// writes: of the error, of ICMP, and of the quote with a fragment header.
const mostHeaders = wire.IPv6Len + wire.ICMPLen + wire.IPv6Len + 8

// ErrorTo4 makes an ICMPv6 error in a frame one of IPv4, and is false, with the frame as it was,
// if there is no such error, its checksum is wrong, or no packet of IPv4 is as long as the quote
// says. The quote's headers are translated as those of a packet are. ErrorTo4 makes e.Headers
// that of the new frame.
func ErrorTo4(f *pmd.Frame, e *ICMPError, id uint16) bool {
	frame, h, q := f.Bytes(), e.Headers, e.Quote
	d, ok := read6(frame[h.L3:h.L4])
	inner, sound := read6(frame[q.L3:q.L4])
	body := frame[h.L4:h.End]
	if !ok || !sound || h.Frag != wire.Whole || wire.Sum(body, wire.PseudoSum(h.Src, h.Dst, wire.ProtoICMPv6, len(body))) != 0 {
		return false
	}
	m, ok := messageOf(body).to4()
	p, whole := e.payload(frame, &inner)
	if !ok || !whole || !inner.fits4() || !p.translate() {
		return false
	}
	d.id, d.hasID, d.payload = uint32(id), false, wire.ICMPLen+wire.IPv4Len+len(p.bytes)
	const front = wire.IPv4Len + wire.ICMPLen + wire.IPv4Len
	reframe(f, int(q.L4), front, wire.EtherTypeIPv4)
	ip := f.Bytes()[wire.EthernetLen:][:front+len(p.bytes)]
	inner.write4(ip[wire.IPv4Len+wire.ICMPLen:], e.QuoteTo)
	d.write4(ip, e.To)
	m.write(ip[wire.IPv4Len:], 0)
	f.Trim(wire.EthernetLen + len(ip))
	wire.Parse(f.Bytes(), h)
	return true
}

// ErrorTo6 makes an ICMP error one of IPv6, as ErrorTo4 makes an ICMPv6 one of IPv4. An error of
// IPv6 has 1,280 bytes at most (RFC 4443 section 2.4). The frame needs headroom for 48 bytes.
func ErrorTo6(f *pmd.Frame, e *ICMPError) bool {
	frame, h, q := f.Bytes(), e.Headers, e.Quote
	d, ok := read4(frame[h.L3:h.L4])
	inner, sound := read4(frame[q.L3:q.L4])
	body := frame[h.L4:h.End]
	if !ok || !sound || h.Frag != wire.Whole || wire.Sum(body, 0) != 0 || f.Offset()+int(q.L4) < wire.EthernetLen+mostHeaders {
		return false
	}
	m, ok := messageOf(body).to6(wire.IPv4(frame[q.L3:]).TotalLen())
	p, whole := e.payload(frame, &inner)
	front := wire.IPv6Len + wire.ICMPLen + inner.length6()
	p.bytes = p.bytes[:min(len(p.bytes), leastMTU6-front)]
	if !ok || !whole || !p.translate() {
		return false
	}
	d.hasID, d.fragOffset, d.more, d.payload = false, 0, false, front-wire.IPv6Len+len(p.bytes)
	reframe(f, int(q.L4), front, wire.EtherTypeIPv6)
	ip := f.Bytes()[wire.EthernetLen:][:front+len(p.bytes)]
	inner.write6(ip[wire.IPv6Len+wire.ICMPLen:], e.QuoteTo)
	d.write6(ip, e.To)
	m.write(ip[wire.IPv6Len:], wire.PseudoSum(e.To.Src, e.To.Dst, wire.ProtoICMPv6, d.payload))
	f.Trim(wire.EthernetLen + len(ip))
	wire.Parse(f.Bytes(), h)
	return true
}

// payload is what the quoted packet carries, whose headers are inner. An extension of ICMP
// behind the quote is left away (RFC 4884). ok is false if the extension begins where the quoted
// ports are.
func (e *ICMPError) payload(frame []byte, inner *header) (p payload, ok bool) {
	h, q := e.Headers, e.Quote
	end := int(q.End)
	if n := quoteLen(h, frame[h.L4:]); n != 0 {
		end = min(end, int(h.L4)+wire.ICMPLen+n)
	}
	if end < min(int(q.L4)+leastQuote, int(q.End)) {
		return p, false
	}
	return payload{
		bytes: frame[q.L4:end], length: inner.payload, proto: inner.proto, later: q.Frag == wire.LaterFragment, quoted: true,
		from: Ends{q.Src, q.Dst}, to: e.QuoteTo,
	}, true
}

// leastQuote is how many bytes of the quoted packet's payload an error has at least (RFC 792).
const leastQuote = 8

// quoteLen is how long an error says that its quote is, with an extension behind the quote; 0: the
// error says nothing of the kind (RFC 4884 section 4).
func quoteLen(h *wire.Headers, b []byte) int {
	six := h.EtherType == wire.EtherTypeIPv6
	switch {
	case six && (h.Type == wire.ICMPv6Unreachable || h.Type == wire.ICMPv6TimeExceeded):
		return int(b[4]) * 8
	case !six && h.Type != wire.ICMPSourceQuench && h.Type != wire.ICMPRedirect:
		return int(b[5]) * 4
	}
	return 0
}

// messageOf reads an ICMP message's header.
func messageOf(b []byte) message { return message{b[0], b[1], binary.BigEndian.Uint32(b[4:])} }

// write writes the header of an ICMP message, which is all of b, and its checksum. pseudo is the
// sum of what the checksum covers beside b.
func (m message) write(b []byte, pseudo uint32) {
	*(*[4]byte)(b) = [4]byte{m.kind, m.code}
	binary.BigEndian.PutUint32(b[4:], m.rest)
	binary.BigEndian.PutUint16(b[2:], wire.Sum(b, pseudo))
}
