package pipeline

import (
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

const (
	askEvery     = int64(1e9)  // ns between two requests for an unresolved address
	confirmEvery = int64(30e9) // ns between two requests for a known one; RFC 1122 section 2.3.2.1 asks for this order
)

// asker is the state of askUnderlay and settleClaims in the first worker, and each worker's
// memory for a question.
type asker struct {
	next    int64 // when to ask again, in ns since 1970
	confirm int64 // when to ask for known addresses, too
	settle  int64 // when to look at the claims again
	scratch [pmd.Headroom + 64]byte
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

// ask sends an ARP request for addr from the uplink (RFC 826).
func (w *Worker) ask(addr wire.Addr) {
	u, a := &w.underlay, &w.asker
	frame := wire.ARPRequest(a.scratch[pmd.Headroom:], wire.Station{MAC: u.mac, Addr: u.card.VTEP}, addr)
	a.request.Lend(a.scratch[:], pmd.Headroom, len(frame))
	w.originate(w.uplink, &a.request)
}

// underlayFrame takes a frame from the underlay that is no tunnel. The card answers ARP
// requests and learns from any ARP; everything else is dropped.
func (w *Worker) underlayFrame(p *packet) Verdict {
	if fault := wire.Parse(p.frame.Bytes(), &p.Headers); fault != wire.NoFault {
		return Malformed(fault)
	}
	switch {
	case p.Tagged:
		return UnderlayVLAN
	case p.EtherType != wire.EtherTypeARP:
		return NotVXLAN
	}
	p.untag()
	frame := p.frame.Bytes()
	q := wire.ARP(frame[p.L3:])
	heeded := w.heed(q)
	switch forCard := q.Target() == w.underlay.card.VTEP; {
	case !forCard && !heeded:
		return NotForThisCard
	case forCard && q.Op() == wire.ARPOpRequest:
		wire.ARPReply(frame, w.underlay.mac)
		return answered
	}
	return Consumed
}
