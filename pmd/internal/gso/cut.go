package gso

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// Cutter cuts one merged frame at a time. Its zero value has none.
type Cutter struct {
	frame  []byte
	header Header
	layout layout
	at     int    // payload that was not cut yet
	number uint16 // of the next segment
}

// Start begins with a merged frame, which must stay as it is until the last
// segment was cut. It is false if the frame is not what h says, or its
// segments would be longer than longest.
func (c *Cutter) Start(frame []byte, h *Header, longest int) bool {
	l, ok := find(frame, h)
	if !ok || l.payload+h.size > longest {
		return false
	}
	*c = Cutter{frame: frame, header: *h, layout: l, at: l.payload}
	return true
}

// Active tells whether segments are left.
func (c *Cutter) Active() bool { return c.at < len(c.frame) }

// Next writes the next segment to buf and returns its length.
func (c *Cutter) Next(buf []byte) int {
	payload := c.frame[c.at:min(c.at+c.header.size, len(c.frame))]
	n := copy(buf, c.frame[:c.layout.payload])
	n += copy(buf[n:], payload)
	c.transport(buf[:n])
	c.network(buf[:n], c.layout.ip)
	if c.layout.tunnel {
		c.tunnel(buf[:n])
	}
	c.at += len(payload)
	c.number++
	if !c.Active() {
		c.frame, c.at = nil, 0
	}
	return n
}

// transport writes the segment's TCP or UDP header.
func (c *Cutter) transport(seg []byte) {
	b := seg[c.layout.l4:]
	if c.header.kind == udpL4 {
		wire.UDP(b).SetLength(len(b))
		putSum(seg, c.layout.ip, c.layout.l4, 6)
		return
	}
	tcp, last := wire.TCP(b), c.at+c.header.size >= len(c.frame)
	flags := tcp.Flags()
	if c.number > 0 {
		flags &^= wire.TCPCwr // RFC 3168 section 6.1.2: said once
	}
	if !last {
		flags &^= wire.TCPFin | wire.TCPPsh
	}
	tcp.SetFlags(flags)
	tcp.SetSeq(tcp.Seq() + uint32(c.at-c.layout.payload))
	putSum(seg, c.layout.ip, c.layout.l4, 16)
}

// network writes length, ID and checksum of the IP header at offset at.
func (c *Cutter) network(seg []byte, at int) {
	if seg[at]>>4 == 6 {
		binary.BigEndian.PutUint16(seg[at+4:], uint16(len(seg)-at-ip6Len))
		return
	}
	ip := wire.IPv4(seg[at:])
	ip.SetTotalLen(len(ip))
	ip.SetID(ip.ID() + c.number)
	ip.SetChecksum(0)
	ip.SetChecksum(wire.Sum(ip[:ip.HeaderLen()], 0))
}

// tunnel writes the headers around the inner frame. A tunnel without a UDP
// checksum stays without.
func (c *Cutter) tunnel(seg []byte) {
	udp := wire.UDP(seg[c.layout.outerUDP:])
	udp.SetLength(len(udp))
	if udp.Checksum() != 0 {
		putSum(seg, c.layout.outerIP, c.layout.outerUDP, 6)
	}
	c.network(seg, c.layout.outerIP)
}

// putSum computes the checksum at offset of the transport header at l4,
// which ends with the segment.
func putSum(seg []byte, ip, l4, offset int) {
	b := seg[l4:]
	field := b[offset : offset+2]
	clear(field)
	sum := wire.Sum(b, pseudo(seg, ip, len(b)))
	if sum == 0 {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(field, sum)
}

// pseudo is the sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200
// section 8.1).
func pseudo(seg []byte, ip, n int) uint32 {
	proto := protocol(seg, ip)
	if seg[ip]>>4 == 6 {
		return uint32(^wire.Sum(seg[ip+8:ip+ip6Len], 0)) + uint32(proto) + uint32(n)
	}
	h := wire.IPv4(seg[ip:])
	return wire.PseudoSum(h.Src(), h.Dst(), proto, n)
}
