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
	guest *guest     // the ENI in whose stages the packet is
	conn  *flow.Conn // nil: no connection known
	at    uint32     // index of conn in the table
	key   flow.Key
	pair  flow.Pair // the addresses that key stands for; local is the private one

	looked bool // the fast path has looked for conn
	missed bool // a look-up of the burst has found none

	dir      wire.Direction
	outerSrc wire.Addr // inbound: outer source address, zero from a guest of this card
	byExit   *vpc.Exit // inbound: by whose tunnel the packet came; nil: by no exit's
	outerECN wire.ECN  // inbound: congestion mark of the tunnel that was taken off
	wrapped  uint16    // inbound: bytes before the frame that the tunnel's headers took and still lie there; 0: gone

	found

	egress *packet // the packet on its way out of the sender's ENI, if a guest of this card sent it
	to     *Queue  // by which the packet leaves, once it is Sent
}

// begin makes p the packet of another frame, which moves in direction d. Headers, key,
// pair, conn and at keep the values of an earlier packet: the steps that gather a burst
// write these five for each packet before a stage reads them.
func (p *packet) begin(frame *pmd.Frame, d wire.Direction) {
	p.frame, p.guest, p.dir, p.outerSrc, p.byExit = frame, nil, d, wire.Addr{}, nil
	p.looked, p.missed, p.egress, p.wrapped = false, false, nil, 0
	p.found = found{}
}

// burst is the working set of one burst. The keys lie in an array of their own, so that
// one call hashes and looks up all of them.
type burst struct {
	n       int
	looked  int // how many of the n the fast path has looked up already
	packets [pmd.MaxBurst]packet
	keys    [tables.Burst]flow.Key
	at      [tables.Burst]uint32
}

// ethernet is the Ethernet header that the guest sends or receives.
func (p *packet) ethernet() wire.Ethernet { return wire.Ethernet(p.frame.Bytes()) }

// fromRouter tells whether the router of the ENI's subnet sends p to the guest.
func (p *packet) fromRouter() bool { return p.ethernet().SrcBits() == p.guest.routerBits }

// toRouter tells whether the guest sends p to the router of its subnet.
func (p *packet) toRouter() bool { return p.ethernet().DstBits() == p.guest.routerBits }

// untag takes off tags that carry only a priority and name no VLAN (IEEE 802.1Q
// clause 6.9), because a VPC has no priorities.
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

// size is the number of bytes that a connection counts: the IP packet's.
func (p *packet) size() int { return int(p.End) - int(p.L3) }
