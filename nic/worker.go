package nic

import (
	"sync/atomic"

	"nitrocard/nic/flow"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// worker polls its queues and runs each packet to its end. Everything in it
// belongs to the one goroutine that calls poll; others reach it through the
// card's gate.
type worker struct {
	card   *Card
	number int
	view   *view // in force for the burst at hand
	part         // of view

	flows    *flow.Table
	reader   *tables.Reader // of flows
	underlay underlay       // a copy of the view's
	asker    asker

	// The clock, read once a turn.
	now   int64  // ns since 1970
	ticks uint64 // the same in flow's ticks
	tick  uint32 // as connections keep it
	epoch uint32

	// The burst at hand.
	from    *queue // that received it
	rx      pmd.Burst
	out     outbox
	fast    fast
	inward  burst
	outward burst

	opening flow.Opening
	quoted  packet
	single  [1]*pmd.Frame
	recent  recent
	observe func(*Event)

	seat     *Seat // the loop's; nil: its thread is any
	sleeper  *sleeper
	bound    []pmd.ThreadBound // ports whose drivers know the loop's thread
	boundFor *view             // when they were told; nil: anew
	cpu      atomic.Int32      // that the loop's thread is pinned to, -1 if to none
	work     work
}

// poll is one turn over the queues, and returns how many frames it took.
// Nothing that an earlier burst found is looked at any more.
func (w *worker) poll(now int64) int {
	w.reader.Pass()
	w.now, w.ticks = now, flow.TickOf(now)
	if tick := uint32(w.ticks); tick != w.tick {
		w.tick = tick
		w.card.now.Store(now)
	}
	w.flows.Advance(w.ticks, expireBudget)
	if w.number == 0 {
		w.askUnderlay()
	}
	return w.turn()
}

// expireBudget is how many connections may end in one turn: enough to keep up
// with as many as can begin, and little enough not to hold a burst up.
const expireBudget = 256

// adopt puts a new view in force.
func (w *worker) adopt(v *view) {
	w.view, w.part, w.underlay, w.epoch = v, v.parts[w.number], v.underlay, v.policy.Epoch
	w.asker.next = 0
	w.fast.forget()
	w.fast.enis = v.enis
	w.fast.sieve = newSieve(v.underlay.mac, v.underlay.addr)
	w.inward, w.outward, w.quoted = burst{}, burst{}, packet{} // what ended packets point to keeps older views in memory
}

// take runs one burst from a queue to its end.
func (w *worker) take(q *polled) int {
	if q.port == nil || !q.polled {
		return 0
	}
	q.port.Rx(&w.rx)
	n := w.rx.N
	if n == 0 {
		return 0
	}
	w.from = q.queue
	q.received += uint64(n)
	if q.guest == nil {
		w.fromUplink(w.rx.Frames[:n])
	} else {
		w.fromGuest(q.guest, w.rx.Frames[:n])
	}
	w.flush()
	w.work.bursts++
	w.work.packets += uint64(n)
	return n
}
