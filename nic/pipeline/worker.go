package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// Worker polls its queues and runs each packet to its end. Everything in it
// belongs to the one goroutine that calls Poll; others reach it while that
// goroutine stands at a gate.
type Worker struct {
	Bursts, Packets uint64 // taken so far
	Drops           Drops  // the latest

	crew   *Crew
	number int
	view   *View // in force for the burst at hand
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
	from    *Queue // that received it
	rx      pmd.Burst
	out     outbox
	fast    fast
	inward  burst
	outward burst

	opening flow.Opening
	quoted  packet // that the ICMP error at hand is about
	refused packet // that a port took not, and the fast path did not describe
	single  [1]*pmd.Frame
	observe func(*Event)
}

// View is what is in force for the worker.
func (w *Worker) View() *View { return w.view }

// Rest says that the worker polls no more for a while: the tables wait for it no
// longer.
func (w *Worker) Rest() { w.reader.Rest() }

// Poll is one turn over the queues, and returns how many frames it took.
// Nothing that an earlier burst found is looked at any more.
func (w *Worker) Poll(now int64) int {
	w.reader.Pass()
	w.now, w.ticks = now, flow.TickOf(now)
	if tick := uint32(w.ticks); tick != w.tick {
		w.tick = tick
		w.crew.now.Store(now)
	}
	w.flows.Advance(w.ticks, expireBudget)
	if w.number == 0 {
		w.askUnderlay()
	}
	return w.turn()
}

// PollAlone is Poll for a caller whose next turn may be far away: 0 says that no
// queue has a frame.
func (w *Worker) PollAlone(now int64) int {
	if n := w.Poll(now); n > 0 {
		return n
	}
	return w.GlanceAll()
}

// expireBudget is how many connections may end in one turn: enough to keep up
// with as many as can begin, and little enough not to hold a burst up.
const expireBudget = 256

// adopt puts a new view in force.
func (w *Worker) adopt(v *View) {
	w.view, w.part, w.underlay, w.epoch = v, v.parts[w.number], v.underlay, v.Policy.Epoch
	w.asker.next = 0
	w.fast.forget()
	w.fast.enis = v.enis
	w.fast.sieve = newSieve(v.underlay.mac, v.underlay.card.VTEP)
	w.inward, w.outward, w.quoted, w.refused = burst{}, burst{}, packet{}, packet{} // what ended packets point to keeps older views in memory
}

// take runs one burst from a queue to its end.
func (w *Worker) take(q *polled) int {
	if q.port == nil || !q.polled {
		return 0
	}
	q.port.Rx(&w.rx)
	n := w.rx.N
	if n == 0 {
		return 0
	}
	w.from = q.Queue
	q.received += uint64(n)
	if q.guest == nil {
		w.fromUplink(w.rx.Frames[:n])
	} else {
		w.fromGuest(q.guest, w.rx.Frames[:n])
	}
	w.flush()
	if len(w.stops) > 0 {
		w.visit()
	}
	w.Bursts++
	w.Packets += uint64(n)
	return n
}
