package pipeline

import (
	"nitrocard/nic/flow"
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

	peer  wire.Addr // inbound: underlay address it came from, zero from a guest of this card
	dir   wire.Direction
	outer wire.ECN // inbound: of the tunnel that was taken off

	found

	egress *packet // its way out of the sender's ENI, if a guest of this card sent it
	to     *Queue  // where it leaves, once it is Sent
}

// begin makes p's place that of another frame, which moves in direction d.
// Headers, key, conn and at are written for each packet before a stage reads them.
func (p *packet) begin(frame *pmd.Frame, d wire.Direction) {
	p.frame, p.guest, p.dir, p.peer = frame, nil, d, wire.Addr{}
	p.looked, p.missed, p.egress = false, false, nil
	p.found = found{}
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
