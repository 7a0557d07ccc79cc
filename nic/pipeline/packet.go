package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// packet is one frame on its way, with what the stages found out about it.
// Stages write to it and to nothing else.
type packet struct {
	wire.Headers

	frame *pmd.Frame
	guest *guest     // whose stages it is in
	conn  *flow.Conn // nil: no connection known
	at    uint32     // of conn in the table
	key   flow.Key

	looked, missed bool // the fast path has looked for conn; and found none

	peer  uint32 // inbound: underlay address it came from, 0 from a guest of this card
	dir   vpc.Direction
	outer wire.ECN // inbound: of the tunnel that was taken off

	// Of a packet that takes the stages:
	was       flow.Status   // of conn when the stages began; others may change it, or end it
	outdated  bool          // conn is an earlier policy's verdict on an untracked flow
	opener    vpc.Direction // of the first packet of its flow
	rule      vpc.RuleID
	asked     bool // the groups were asked, and rule allowed it
	allowed   bool // it passed the groups, asked or known
	untracked bool // EC2 does not track it
	related   bool // ICMP error that belongs to a connection
	reopens   bool // this begins another connection in the place of the one at at
	flags     flow.Flags
	path      uint32 // of the way out, or the number of the neighbor's ENI
	vtep      uint16 // index of the remote side's tunnel end

	egress *packet // its way out of the sender's ENI, if a guest of this card sent it
	to     *Queue  // where it leaves, once it is Sent
}

// burst is the working set of one burst. Packets lie densely; their keys lie
// beside them, so that one call hashes and looks up all.
type burst struct {
	n       int
	looked  int // how many of them the fast path has looked up already
	packets [pmd.MaxBurst]packet
	keys    [tables.Burst]flow.Key
	at      [tables.Burst]uint32
}

// ethernet is the header of the frame as the guest sees it.
func (p *packet) ethernet() wire.Ethernet { return wire.Ethernet(p.frame.Bytes()) }

// untag takes tags off that name no VLAN and carry a priority alone (IEEE 802.1Q
// clause 6.9): a VPC has no priorities.
//
//	|stations|tag 0|EtherType|IPv4 ...        |stations|EtherType|IPv4 ...
//	0        12    16        18          →          4        16        18
func (p *packet) untag() {
	n := p.L3 - wire.EthernetLen
	if n == 0 || p.Tagged {
		return
	}
	frame := p.frame.Bytes()
	copy(frame[n:], frame[:12])
	p.frame.Pull(int(n))
	p.L3, p.End = p.L3-n, p.End-n
	if p.L4 != 0 {
		p.L4 -= n
	}
}

// size is what a connection counts: the IP packet's bytes.
func (p *packet) size() int { return int(p.End) - int(p.L3) }

// begin makes p's place ready for another packet. What only the stages write
// is cleared when they begin, and here only for an observer, who looks at
// packets that never reach them.
func (w *Worker) begin(p *packet) {
	p.looked, p.missed = false, false
	if w.observe != nil {
		p.reset()
	}
}

// reset clears what only the stages write, and the next packet in this place
// must not inherit.
func (p *packet) reset() {
	p.conn, p.egress, p.looked, p.missed = nil, nil, false, false
	p.clear()
}

// clear is reset for a packet whose connection was looked up already.
func (p *packet) clear() {
	p.rule, p.asked, p.allowed, p.untracked, p.related, p.reopens = 0, false, false, false, false, false
	p.flags, p.path, p.vtep = 0, 0, 0
	p.was, p.outdated = 0, false
}
