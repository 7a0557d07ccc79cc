package pipeline

import "nitrocard/nic/wire"

// destination holds a packet to the ENI's own addresses, private or public,
// unless the source/destination check is off.
func (w *Worker) destination(p *packet) Verdict {
	if !p.guest.eni.Passes(p.pair.Local) {
		return NotForThisENI
	}
	return next
}

// deliver hands a packet that fits to its guest. A public destination becomes the private
// address behind the public one; nothing else changes.
func (w *Worker) deliver(p *packet) Verdict {
	p.translateDst()
	p.to = w.queues[p.guest.number]
	if gate := p.to.gate; gate != nil {
		gate.beyond = gate.beyond || !p.outerSrc.IsZero() || p.onLink
	}
	return Sent
}

// translateDst makes a public destination the private address behind it.
func (p *packet) translateDst() {
	if local := p.pair.Local; p.Dst != local {
		wire.RewriteDst(p.frame.Bytes(), &p.Headers, local)
		p.translateQuote()
	}
}

// toNeighbor puts a packet of a guest into the burst that takes the stages of the
// receiving guests of this card.
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
