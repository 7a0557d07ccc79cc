package explain

import (
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Hop is a packet's way through one card.
type Hop struct {
	ENI    *vpc.OwnENI // whose card it is; nil: the edge
	Before Packet      // as the card received it
	After  Packet      // as the card sent it on; the zero Packet if it did not
	Passes []Pass      // one, or two where a NAT gateway is behind the ENI: the way in, and out

	crossed bool // the packet came from outside the ENI's subnet, as the stages find it out
	routed  bool // the packet leaves the ENI's subnet
}

// Pass is a packet's way through the stages of an ENI, in one direction.
type Pass struct {
	Direction wire.Direction
	Packet    Packet           // as the stages saw it, with private addresses
	Verdict   pipeline.Verdict // Sent, Consumed, or why the packet was dropped
	Looks     []Look           // what the stages looked up, in their order, until one dropped the packet
}

// dropped is the pass that dropped the packet, nil if none did.
func (h *Hop) dropped() *Pass {
	if n := len(h.Passes); n > 0 && h.Passes[n-1].Verdict.Dropped() {
		return &h.Passes[n-1]
	}
	return nil
}

// pass makes a Pass of each way that the card told of.
func (h *Hop) pass(region *vpc.Region, ended []pipeline.Event) {
	for i := range ended {
		e := &ended[i]
		p := Pass{Direction: wire.In, Verdict: e.Verdict, Packet: h.Before}
		if e.Port != uplink && h.ENI != nil {
			p.Direction = wire.Out
		}
		if i > 0 && h.After != (Packet{}) {
			p.Packet = h.After
		}
		if h.ENI != nil {
			p.private(h.ENI)
			l := looker{region: region, eni: h.ENI, pass: &p, event: e, crosses: h.crossed}
			if p.Direction == wire.Out {
				l.crosses = h.routed || e.Verdict.Dropped() && !h.ENI.OnLink(wire.AddrFrom(p.Packet.Dst))
			}
			l.look()
		}
		h.Passes = append(h.Passes, p)
	}
}

// private gives the pass the private address behind a public one of the ENI's.
func (p *Pass) private(e *vpc.OwnENI) {
	if p.Direction == wire.In {
		if private := e.PrivateOf(wire.AddrFrom(p.Packet.Dst)); !private.IsZero() {
			p.Packet.Dst = private.Netip()
		}
		return
	}
	if private := e.PrivateOf(wire.AddrFrom(p.Packet.Src)); !private.IsZero() {
		p.Packet.Src = private.Netip()
	}
}
