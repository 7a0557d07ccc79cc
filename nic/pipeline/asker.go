package pipeline

import (
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

const (
	askEvery     = int64(1e9)  // ns between two requests for an unresolved address
	confirmEvery = int64(30e9) // ns between two requests for a known one; RFC 1122 section 2.3.2.1 asks for this order
)

// asker is the state of askUnderlay, settleClaims and advertise in the first worker, and each worker's
// memory for a question.
type asker struct {
	next    int64  // when to ask again, in ns since 1970
	confirm int64  // when to ask for known addresses, too
	settle  int64  // when to look at the claims again
	began   uint32 // tick of the first turn (advertise)
	scratch [pmd.Headroom + 128]byte
	request pmd.Frame
}

// askUnderlay asks for the addresses that are not resolved, and every confirmEvery for
// all, in case a tunnel end or a gateway moved to another MAC.
func (w *Worker) askUnderlay() {
	u := &w.underlay
	if w.now < w.asker.next || w.uplink.port == nil {
		return
	}
	confirm := w.now >= w.asker.confirm
	if confirm {
		w.asker.confirm = w.now + confirmEvery
	}
	w.asker.next = w.asker.confirm
	for i := range u.hops {
		h := &u.hops[i]
		known := h.mac.Load() != unresolved
		if i == 0 || int(u.asked[h.ask]) != i || known && !confirm {
			continue
		}
		w.ask(h.ask)
		if !known {
			w.asker.next = min(w.asker.next, w.now+askEvery)
		}
	}
}

// ask sends a question for the MAC of addr from the uplink.
func (w *Worker) ask(addr wire.Addr) {
	w.question(w.uplink, wire.Neighbor{MAC: w.underlay.mac, Addr: w.underlay.card.VTEP}, addr)
}

// question asks for the MAC of addr by a queue, by ARP (RFC 826) or neighbor discovery (RFC 4861
// section 7.2.2).
func (w *Worker) question(by *Queue, from wire.Neighbor, addr wire.Addr) {
	question := wire.NeighborSolicit
	if addr.Is4() {
		question = wire.ARPRequest
	}
	a := &w.asker
	frame := question(a.scratch[pmd.Headroom:], from, addr)
	a.request.Lend(a.scratch[:], pmd.Headroom, len(frame))
	w.originate(by, &a.request)
}

// underlayFrame takes a frame from the underlay that is no tunnel. The card answers who asks
// for its MAC, and learns from any such question or answer; everything else is dropped.
func (w *Worker) underlayFrame(p *packet) Verdict {
	if fault := wire.Parse(p.frame.Bytes(), &p.Headers); fault != wire.NoFault {
		return Malformed(fault)
	}
	switch {
	case p.Tagged:
		return UnderlayVLAN
	case p.EtherType == wire.EtherTypeARP:
		p.untag()
		return w.underlayARP(p)
	case p.IsND() && w.underlay.over6:
		p.untag()
		return w.underlayND(p)
	}
	return NotVXLAN
}

// underlayARP answers a question of ARP, and takes in who sent the packet.
func (w *Worker) underlayARP(p *packet) Verdict {
	frame, card := p.frame.Bytes(), w.underlay.card.VTEP
	q := wire.ARP(frame[p.L3:])
	forCard, op := q.Target() == card, q.Op()
	heeded := (op == wire.ARPOpRequest || op == wire.ARPOpReply) &&
		w.heed(wire.Neighbor{MAC: q.SenderMAC(), Addr: q.Sender()}, op == wire.ARPOpReply && forCard)
	switch {
	case !forCard && !heeded:
		return NotForThisCard
	case forCard && w.setup.edge != nil && w.yields(q.Sender(), q.SenderMAC()):
		return Consumed
	case forCard && op == wire.ARPOpRequest && (q.SenderMAC().IsMulticast() || p.ethernet().Src().IsMulticast()):
		return ARPInvalid // the answer would be everybody's (RFC 1812 section 3.3.2)
	case forCard && op == wire.ARPOpRequest:
		wire.ARPReply(frame, w.underlay.mac)
		return answered
	}
	return Consumed
}

// underlayND is underlayARP for neighbor discovery.
func (w *Worker) underlayND(p *packet) Verdict {
	card, mac := w.underlay.card.VTEP, w.underlay.mac
	if from, answer, ok := wire.ParseAdvertisement(p.frame.Bytes(), &p.Headers); ok {
		if from.Addr == card && w.setup.edge != nil {
			w.yields(from.Addr, from.MAC)
			return Consumed
		}
		if w.heed(from, answer && p.Dst == card) {
			return Consumed
		}
		return NotForThisCard
	}
	q, ok := wire.ParseSolicitation(p.frame.Bytes(), &p.Headers)
	if !ok || q.Target.IsZero() {
		return NotVXLAN
	}
	asker := wire.Neighbor{MAC: q.Source, Addr: p.Src}
	heeded := w.heed(asker, false)
	switch {
	case q.Target != card && !heeded:
		return NotForThisCard
	case q.Target != card, w.setup.edge != nil && w.yields(p.Src, q.Source):
		return Consumed
	case q.Source.IsZero():
		asker.MAC = p.ethernet().Src()
	}
	if asker.MAC.IsMulticast() {
		return NDInvalid
	}
	if !p.resize(wire.NeighborAdvertLen) {
		return NoHeadroom
	}
	wire.NeighborAdvert(p.frame.Bytes(), wire.Neighbor{MAC: mac, Addr: card}, asker, false)
	return answered
}
