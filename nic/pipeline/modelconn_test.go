package pipeline

import (
	"time"

	"nitrocard/nic/wire"
)

// modelConnection is a connection as the model knows it.
type modelConnection struct {
	tracked bool
	opener  wire.Direction
	epoch   int // that allowed it
	first   int // sequence number of the SYN that opened it, or unknown; of ICMP the code
	second  int // of the other side's SYN where both opened at once, or 0
	step    int // of the handshake
	turns   int // of a UDP conversation: how often the other side than before spoke
	reset   bool
	unsure  bool // whether it was reset
	heard   [2]bool
	seen    time.Duration // when its last packet came

	asker wire.Direction // who asks for another in its place
	asked int            // with this sequence number; 0: nobody
}

// The steps of a handshake, and no SYN's number.
const (
	asking = iota
	answering
	agreed

	unknown = -1
)

// packet is one more packet of the connection.
func (c *modelConnection) packet(p modelPacket, now time.Duration) {
	c.seen, c.heard[p.dir] = now, true
	switch p.proto {
	case "tcp":
		c.segment(p)
	case "udp":
		if fromOpener := p.dir == c.opener; fromOpener == (c.turns%2 == 1) {
			c.turns++
		}
	}
}

// segment moves the handshake. A RST ends nothing if another segment follows it, or if
// its number is one that nobody had.
func (c *modelConnection) segment(p modelPacket) {
	if p.flags&wire.TCPRst != 0 {
		judged := p.dir == wire.In && c.tracked
		c.unsure = c.unsure || judged && c.step == asking // by what the guest's SYN said, or what was heard meanwhile
		c.reset = c.reset || !judged || c.step != asking && p.first == 1
		return
	}
	c.reset, c.unsure = false, false
	syn, ack, fromOpener := p.flags&wire.TCPSyn != 0, p.flags&wire.TCPAck != 0, p.dir == c.opener
	switch {
	case c.step == asking && syn && !fromOpener:
		c.step = answering
		if !ack {
			c.second = p.first
		}
	case c.step == answering && ack && fromOpener:
		c.step = agreed
	}
}

// begins tells whether a SYN is neither the one that opened the connection nor
// the first of the other side's, while that did not answer, nor this one again.
func (c *modelConnection) begins(p modelPacket) bool {
	if p.dir == c.opener {
		return p.first != c.first
	}
	return c.step != asking && (c.second == 0 || p.first != c.second)
}

// lives tells whether a SYN must not end the connection before it is answered.
func (c *modelConnection) lives() bool { return c.tracked && c.step != asking }

// acceptedBy tells whether p answers the SYN that asks for another connection.
func (c *modelConnection) acceptedBy(p modelPacket) bool {
	return p.flags == wire.TCPSyn|wire.TCPAck && c.asked != 0 && c.asker != p.dir && p.ack == c.asked+1
}

// life is how long the connection is there without a packet, at least and at most.
func (c *modelConnection) life(proto string) (least, most time.Duration) {
	seconds := map[string]int{"tcp": 60, "udp": 30, "icmp": 60, "47": 600}[proto]
	switch {
	case proto == "udp" && c.turns >= 3:
		seconds = 180
	case proto == "tcp" && c.step == agreed && c.heard == [2]bool{true, true}:
		seconds = 350 // as a1's owner wants it
	}
	most = time.Duration(seconds) * time.Second
	switch {
	case c.reset:
		return 10 * time.Second, 28 * time.Second // noticed late: the timer was set before
	case c.unsure:
		return 10 * time.Second, most
	}
	return most, most
}
