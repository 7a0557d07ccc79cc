package gso

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// Cutter cuts one merged frame at a time. Its zero value has none.
type Cutter struct {
	finder
	payload int    // where it starts in the frame; what comes before goes into each segment
	size    int    // payload bytes of each segment
	at      int    // payload that was not cut yet
	number  uint16 // of the next segment
}

// Start begins with a merged frame, which is the Cutter's until the last segment
// was cut. It is false if the frame is not what h says, or its segments would
// be longer than longest.
func (c *Cutter) Start(frame []byte, h *Header, longest int) bool {
	return c.locate(frame, h) && c.fits(longest)
}

// locate finds the headers that h says a merged frame has.
func (c *Cutter) locate(frame []byte, h *Header) bool {
	if h.start == 0 {
		return c.search(frame, h)
	}
	wanted := (*finder).atStart
	if h.kind == udpL4 {
		wanted = (*finder).datagramAtStart
	}
	*c = Cutter{finder: finder{frame: frame, start: h.start, wanted: wanted, steps: maxSteps}}
	return c.findSegments() && c.begin(h.size) || c.end()
}

// search finds the headers of a merged TCP stream where h does not say where
// they are. Nothing but right IP headers tells them from payload then.
func (c *Cutter) search(frame []byte, h *Header) bool {
	if h.kind != tcp4 && h.kind != tcp6 {
		return c.end()
	}
	c.captured(frame, (*finder).stream)
	return c.findSegments() && c.begin(h.size) || c.end()
}

// findSegments is find for a frame whose headers go into segments. Of those that
// tell the length of an IPv6 packet above 64 KB (RFC 2675 section 2), which no
// segment is, the frame has none afterwards.
func (c *Cutter) findSegments() bool {
	for c.find() {
		if c.jumbo == 0 {
			return true
		}
		c.withoutJumbo()
	}
	return false
}

func (f *finder) atStart() bool { return f.l4 == f.start && f.proto == wire.ProtoTCP }

func (f *finder) datagramAtStart() bool { return f.l4 == f.start && f.proto == wire.ProtoUDP }

// withoutJumbo takes out the option of a packet above 64 KB and the header that it
// is in: what lies before moves up to what lies behind.
func (c *Cutter) withoutJumbo() {
	next := c.frame[c.jumbo]
	copy(c.frame[jumboLen:], c.frame[:c.jumbo])
	c.frame, c.start = c.frame[jumboLen:], c.start-jumboLen
	c.frame[c.jumbo-ip6Len+6] = next
}

// begin begins to cut what was found after so many bytes of payload. It is false
// if there is none. What lies behind the packet is padding.
func (c *Cutter) begin(size int) bool {
	c.frame = c.frame[:c.limit]
	c.payload, c.number = c.l4+wire.UDPLen, 0
	if c.proto == wire.ProtoTCP {
		if c.l4+wire.TCPLen > len(c.frame) {
			return c.end()
		}
		n := wire.TCP(c.frame[c.l4:]).HeaderLen()
		if n < wire.TCPLen {
			return c.end()
		}
		c.payload = c.l4 + n
	}
	if c.payload >= len(c.frame) || size <= 0 {
		return c.end()
	}
	c.size, c.at = size, c.payload
	return true
}

// fits tells whether no segment is longer than longest. If one is, the cutter
// has no frame any more.
func (c *Cutter) fits(longest int) bool {
	return min(c.payload+c.size, len(c.frame)) <= longest || c.end()
}

// end is false, for those that end with nothing.
func (c *Cutter) end() bool {
	c.frame, c.at = nil, 0
	return false
}

// Active tells whether segments are left.
func (c *Cutter) Active() bool { return c.at < len(c.frame) }

// Next writes the next segment to buf and returns its length. What is inside
// is written first, as checksums outside cover it.
func (c *Cutter) Next(buf []byte) int {
	payload := c.frame[c.at:min(c.at+c.size, len(c.frame))]
	n := copy(buf, c.frame[:c.payload])
	n += copy(buf[n:], payload)
	seg := buf[:n]
	if c.proto == wire.ProtoUDP {
		wire.UDP(seg[c.l4:]).SetLength(n - c.l4)
		c.sum(seg, c.n, udpSum)
	} else {
		wire.TCP(seg[c.l4:]).Segment(c.at-c.payload, c.at+c.size >= len(c.frame))
		c.sum(seg, c.n, tcpSum)
	}
	for i := c.n - 1; i >= 0; i-- {
		c.around(seg, i)
	}
	c.at += len(payload)
	c.number++
	if !c.Active() {
		c.end()
	}
	return n
}

// around writes lengths, numbers and checksums of layers[i].
func (c *Cutter) around(seg []byte, i int) {
	h := seg[c.layers[i].at:]
	switch c.layers[i].kind {
	case inIPv4:
		wire.IPv4(h).Segment(c.number)
	case inIPv6:
		binary.BigEndian.PutUint16(h[4:], uint16(len(h)-ip6Len))
	case inUDP:
		wire.UDP(h).SetLength(len(h))
		c.sum(seg, i, udpSum)
	case inGRE:
		c.gre(h)
	}
}

// gre writes sequence number and checksum (RFC 2890 sections 2.2, RFC 2784
// section 2.3). Each segment is a packet, and so has a number of its own.
func (c *Cutter) gre(h []byte) {
	flags := be16(h, 0)
	if flags&greSeq != 0 {
		at := greLen(flags) - 4
		binary.BigEndian.PutUint32(h[at:], binary.BigEndian.Uint32(h[at:])+uint32(c.number))
	}
	if flags&greSum != 0 {
		clear(h[4:6])
		binary.BigEndian.PutUint16(h[4:], wire.Sum(h, 0))
	}
}

// Where the transport headers have their checksums.
const udpSum, tcpSum = 6, 16

// sum writes the checksum of a transport header, which is that of layers[i] or,
// behind them all, the innermost. A datagram without one stays without (RFC 768),
// and one that a tunnel's far end computes stays the pseudo-header's.
func (c *Cutter) sum(seg []byte, i, offset int) {
	at, proto := c.l4, c.proto
	if i < c.n {
		at, proto = c.layers[i].at, wire.ProtoUDP
	}
	b := seg[at:]
	field := b[offset : offset+2]
	if offset == udpSum && be16(field, 0) == 0 {
		return
	}
	clear(field)
	partial := pseudo(seg, c.under(i), proto, len(b))
	if at == c.remote {
		binary.BigEndian.PutUint16(field, ^wire.Sum(nil, partial))
		return
	}
	wire.PutSum(field, wire.Sum(b, partial))
}
