package siit

import (
	"encoding/binary"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// To4 makes the IPv6 packet in a frame an IPv4 one, and is false, with the frame as it was, if
// the packet has no form in IPv4. h is wire.Parse's description of the frame, which To4 makes
// that of the new one. id is the identification of a packet that has none. TCP, UDP and ICMP's
// echoes are translated; an ICMP error is for ErrorTo4.
func To4(f *pmd.Frame, h *wire.Headers, to Ends, id uint16) bool {
	frame := f.Bytes()
	d, ok := read6(frame[h.L3:h.L4])
	if !ok || !d.mayTo4(h) || isUnsummed(frame, h) {
		return false
	}
	p := payloadOf(frame, h, &d, to)
	if !p.translate() {
		return false
	}
	if !d.hasID && wire.IPv4Len+d.payload <= leastMTU6-wire.IPv6Len+wire.IPv4Len {
		d.id = uint32(id)
	}
	end := int(h.End) - int(h.L4)
	reframe(f, int(h.L4), wire.IPv4Len, wire.EtherTypeIPv4)
	d.write4(f.Bytes()[wire.EthernetLen:], to)
	f.Trim(wire.EthernetLen + wire.IPv4Len + end)
	wire.Parse(f.Bytes(), h)
	return true
}

// mayTo4 tells whether To4 can make the packet that d and h describe IPv4. To4 refuses before it
// writes: wire.Parse finds no fault in what To4 wrote.
func (d *header) mayTo4(h *wire.Headers) bool {
	switch d.proto {
	case wire.ProtoTCP, wire.ProtoUDP:
		return d.fits4()
	case wire.ProtoICMPv6:
		return h.Frag == wire.Whole && h.Query() != 0
	}
	return false
}

// mayTo6 is mayTo4 for To6. Of ICMP's queries IPv6 has the echo alone.
func (d *header) mayTo6(h *wire.Headers) bool {
	switch d.proto {
	case wire.ProtoTCP, wire.ProtoUDP:
		return wire.EthernetLen+d.length6()+d.payload <= 0xffff // the longest frame that wire.Parse takes
	case wire.ProtoICMP:
		return h.Frag == wire.Whole && (h.Type == wire.ICMPEcho || h.Type == wire.ICMPEchoReply)
	}
	return false
}

// HasForm4 tells whether To4 can translate the IPv6 packet in a frame, which h describes.
func HasForm4(frame []byte, h *wire.Headers) bool {
	d, ok := read6(frame[h.L3:h.L4])
	return ok && d.mayTo4(h) && !isUnsummed(frame, h)
}

// isUnsummed tells whether a datagram has no checksum. IPv6 has no such datagrams but in tunnels
// (RFC 8200 section 8.1), and no other header of theirs tells which addresses they were sent to.
func isUnsummed(frame []byte, h *wire.Headers) bool {
	return h.Proto == wire.ProtoUDP && h.Frag != wire.LaterFragment && wire.UDP(frame[h.L4:h.End]).Checksum() == 0
}

// To6 makes the IPv4 packet in a frame an IPv6 one, as To4 makes an IPv6 one IPv4. The frame
// needs headroom for 28 bytes.
func To6(f *pmd.Frame, h *wire.Headers, to Ends) bool {
	frame := f.Bytes()
	d, ok := read4(frame[h.L3:h.L4])
	n := d.length6()
	if !ok || !d.mayTo6(h) || f.Offset()+int(h.L4) < wire.EthernetLen+n {
		return false
	}
	p := payloadOf(frame, h, &d, to)
	if h.Frag == wire.FirstFragment && p.lacksSum() || !p.translate() {
		return false
	}
	end := int(h.End) - int(h.L4)
	reframe(f, int(h.L4), n, wire.EtherTypeIPv6)
	d.write6(f.Bytes()[wire.EthernetLen:], to)
	f.Trim(wire.EthernetLen + n + end)
	wire.Parse(f.Bytes(), h)
	return true
}

// reframe moves the start of a frame, and its stations, so that n bytes lie between the
// Ethernet header and what lies at an offset of the frame now. The frame has the headroom.
func reframe(f *pmd.Frame, at, n int, etherType uint16) {
	stations := *(*[12]byte)(f.Bytes())
	if more := wire.EthernetLen + n - at; more > 0 {
		f.Push(more)
	} else {
		f.Pull(-more)
	}
	frame := f.Bytes()
	*(*[12]byte)(frame) = stations
	binary.BigEndian.PutUint16(frame[12:], etherType)
}

// payload is what a packet carries, in whole or cut.
type payload struct {
	bytes    []byte
	length   int   // in whole
	proto    uint8 // of the family that the packet is of
	later    bool  // of a later fragment, without a transport header
	quoted   bool  // by an ICMP error
	from, to Ends
}

// payloadOf is what the packet of d carries, which h describes.
func payloadOf(frame []byte, h *wire.Headers, d *header, to Ends) payload {
	return payload{
		bytes: frame[h.L4:h.End], length: d.payload, proto: d.proto, later: h.Frag == wire.LaterFragment,
		from: Ends{h.Src, h.Dst}, to: to,
	}
}

// lacksSum tells whether the sender of a datagram made no checksum.
func (p *payload) lacksSum() bool {
	return p.proto == wire.ProtoUDP && len(p.bytes) >= wire.UDPLen && wire.UDP(p.bytes).Checksum() == 0
}

// translate makes the transport header and its checksum the other family's, and is false for
// an ICMP message without a form there. A cut payload may end before its checksum.
func (p *payload) translate() bool {
	switch {
	case p.later:
	case p.proto == wire.ProtoTCP:
		p.readdress(16)
	case p.lacksSum():
		return p.to.Src.Is4() || p.quoted || p.sum()
	case p.proto == wire.ProtoUDP:
		p.readdress(6)
	case p.proto == wire.ProtoICMP, p.proto == wire.ProtoICMPv6:
		return len(p.bytes) >= wire.ICMPLen && p.translateEcho()
	}
	return true
}

// readdress updates the checksum at an offset, which covers the addresses.
func (p *payload) readdress(at int) {
	if len(p.bytes) < at+2 {
		return
	}
	field := p.bytes[at : at+2]
	sum := wire.Update16(binary.BigEndian.Uint16(field), p.from.sum(), p.to.sum())
	if p.proto == wire.ProtoUDP {
		wire.PutSum(field, sum)
	} else {
		binary.BigEndian.PutUint16(field, sum)
	}
}

// sum gives a datagram the checksum that IPv6 demands (RFC 7915 section 4.5), and is false if
// the datagram is cut.
func (p *payload) sum() bool {
	n := wire.UDP(p.bytes).Length()
	if n > len(p.bytes) {
		return false
	}
	wire.PutSum(p.bytes[6:8], wire.Sum(p.bytes[:n], wire.PseudoSum(p.to.Src, p.to.Dst, wire.ProtoUDP, n)))
	return true
}

// translateEcho makes an echo or its answer the other family's, whose checksum covers the
// addresses, too, in IPv6 alone.
func (p *payload) translateEcho() bool {
	m, ok := message{p.bytes[0], p.bytes[1], 0}, false
	from, to := uint16(0), uint16(0)
	if p.to.Src.Is4() {
		m, ok = m.to4()
		from = p.pseudo(p.from)
	} else {
		m, ok = m.to6(0)
		to = p.pseudo(p.to)
	}
	if !ok {
		return false
	}
	field := p.bytes[2:4]
	sum := wire.Update16(binary.BigEndian.Uint16(field), binary.BigEndian.Uint16(p.bytes), uint16(m.kind)<<8|uint16(m.code))
	binary.BigEndian.PutUint16(field, wire.Update16(sum, from, to))
	p.bytes[0], p.bytes[1] = m.kind, m.code
	return true
}

// pseudo is the sum of ICMPv6's pseudo-header.
func (p *payload) pseudo(e Ends) uint16 {
	return ^wire.Sum(nil, wire.PseudoSum(e.Src, e.Dst, wire.ProtoICMPv6, p.length))
}

// sum is the sum of the two addresses.
func (e Ends) sum() uint16 { return ^wire.Sum(nil, wire.PseudoSum(e.Src, e.Dst, 0, 0)) }
