package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// source holds the underlay to the mapping: an address of the VPC must come from the
// tunnel end where its ENI lives, and only the edge speaks for the world outside. So a
// guest that took over its server cannot speak for the guests of other servers.
func (w *Worker) source(p *packet) Verdict {
	if p.peer.IsZero() {
		return next // a guest of this card, already held to its addresses
	}
	from, ok := uint16(vpc.Edge), w.fromEdge(p)
	if !ok {
		from, ok = w.view.vtep(p.peer)
	}
	if !ok {
		return UnknownVTEP
	}
	p.vtep = from
	return arrival{from, p.Src, !w.unpublished(p)}.judge(w.view.Policy, p.guest.eni)
}

// fromEdge tells whether a packet came through the edge, behind which is the
// internet.
func (w *Worker) fromEdge(p *packet) bool { return p.peer == w.underlay.ends[vpc.Edge].Addr }

// arrival is a packet that a tunnel end sent to an ENI of this card.
type arrival struct {
	from      uint16 // index of the tunnel end
	src       wire.Addr
	published bool // the internet may send to the destination: it is no private address of the ENI's
}

// judge tells whether the tunnel end may speak for the source. The edge speaks for the
// world outside, and only to what an internet gateway lets in: what is for a public
// address. A card speaks for its ENIs, and for others where an ENI of its forwards for
// them.
func (a arrival) judge(policy *vpc.Policy, e *vpc.OwnENI) Verdict {
	if martian(a.src) || isGroup(a.src) {
		return Martian
	}
	sender, edge := e.Neighbor(a.src), a.from == vpc.Edge
	switch {
	case edge && sender != nil:
		return SourceMismatch
	case edge && !a.published:
		return PrivateDestination
	case edge:
		return next
	case sender != nil && sender.Card != a.from:
		return SourceMismatch
	case sender == nil && !policy.Region.Forwards(e.VNI, a.from):
		return SourceMismatch
	}
	return next
}

// unpublished tells whether a packet from the edge is for a private address of
// the ENI's. Its key is that of what is for the public one.
func (w *Worker) unpublished(p *packet) bool {
	return w.fromEdge(p) && p.Dst == p.key.LocalAddr() && p.guest.eni.Owns(p.Dst)
}

// destination holds a packet to the ENI's own addresses, private or public,
// unless the source/destination check is off.
func (w *Worker) destination(p *packet) Verdict {
	if !p.guest.eni.Passes(p.key.LocalAddr()) {
		return NotForThisENI
	}
	return next
}

// deliver hands a packet that fits to its guest: a public destination becomes the
// private address behind it, and nothing else changes.
func (w *Worker) deliver(p *packet) Verdict {
	g := p.guest
	if local := p.key.LocalAddr(); p.Dst != local {
		wire.RewriteDst(p.frame.Bytes(), &p.Headers, local)
		p.translateQuote()
	}
	p.to = w.queues[g.number]
	return Sent
}

// toNeighbor puts a packet among those that enter the stages of another guest
// of this card.
func (w *Worker) toNeighbor(p *packet) {
	b := &w.inward
	q := &b.packets[b.n]
	q.begin(p.frame, wire.In)
	q.Headers, q.egress = p.Headers, p
	eni, _ := p.exit.neighbor()
	q.guest = &w.guests[eni]
	w.keyIn(q, &b.keys[b.n])
	b.n++
}
