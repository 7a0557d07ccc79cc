package pmd

import "nitrocard/nic/wire"

// Cutter cuts a merged frame into its packets, for a port that takes no merged
// frame. Its zero value has none.
type Cutter struct {
	frame        []byte
	ip           int // where the inner IP header is
	tcp, payload int
	segment      int
	at           int    // payload that was not cut yet
	number       uint16 // of the next segment
}

// Start begins with a merged frame, which is the cutter's until its last packet was cut.
func (c *Cutter) Start(f *Frame) {
	*c = Cutter{frame: f.Bytes(), ip: f.ip(), segment: int(f.segment)}
	c.tcp, c.payload = f.Headers()
	c.at = c.payload
}

// Next writes the next packet to buf, which has room for MaxFrame bytes, and returns
// its length: 0 after the last, and where the packet has no room.
func (c *Cutter) Next(buf []byte) int {
	if c.at >= len(c.frame) || c.payload+c.segment > len(buf) {
		return 0
	}
	n := copy(buf, c.frame[:c.payload])
	n += copy(buf[n:], c.frame[c.at:min(c.at+c.segment, len(c.frame))])
	seg := buf[:n]
	c.finish(seg[c.ip:], seg[c.tcp:])
	if c.ip > wire.EthernetLen {
		setOuterLength(seg)
	}
	c.at += n - c.payload
	c.number++
	return n
}

// finish writes the length of the packet, and sequence number, flags and checksum of TCP.
func (c *Cutter) finish(packet []byte, tcp wire.TCP) {
	if packet[0]>>4 == 4 {
		wire.IPv4(packet).Segment(c.number)
	} else {
		wire.IPv6(packet).SetPayloadLen(len(tcp))
	}
	tcp.Segment(c.at-c.payload, c.at+c.segment >= len(c.frame))
	sum := tcp[tcpSum : tcpSum+2]
	clear(sum)
	wire.PutSum(sum, wire.Sum(tcp, pseudoOf(packet, tcp)))
}
