package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// Worker polls its queues and runs each packet to its end. A worker's fields belong to
// the one goroutine that calls Poll; other goroutines touch them only while that
// goroutine stands at a gate.
type Worker struct {
	Bursts, Packets uint64 // received so far
	Drops           Drops  // the latest

	crew   *Crew
	number int
	setup  *Setup // in force for the burst at hand
	part          // of setup

	flows    *flow.Table
	trails   *trail         // the first, of the connection at index 0
	reader   *tables.Reader // of flows
	underlay underlay       // a copy of the setup's
	asker    asker
	backlog  backlog

	// The clock, read once a turn.
	now   int64  // ns since 1970
	ticks uint64 // now in flow's ticks
	tick  uint32 // the low 32 bits of ticks, which connections keep
	epoch uint32 // of the policy in force

	// The burst at hand.
	ingress *Queue // that received the burst
	taken   bool   // an appliance took frames of it
	dry     bool   // a DryRun's: entries and routes note nothing of its packets
	rx      pmd.Burst
	ends    [pmd.MaxBurst]Verdict // of rx's frames, if an appliance hands them on
	out     outbox
	fast    fast
	inward  burst
	outward burst
	edge    edgeBurst

	opening flow.Opening
	quoted  packet // the packet that the ICMP error at hand quotes
	refused packet // a frame of the fast path that a port refused, described for the latest drops
	single  [1]*pmd.Frame
	early   earlies
	told    tellings
	shaper  shaper
	random  uint64    // decides anew each turn who is the first to ask for an allowance that several want
	pieces  *pieces   // nil until a merged frame comes
	spare   []*pieces // that no appliance has
	observe func(*Event)

	captures []*Capture // nil: there are none
	captured bool       // of the burst at hand, a capture took a frame that is not dropped yet
	stepwise bool       // no packet goes through a Translator in one step: somebody is shown the steps

	services *Punt // nil: the card has none
}

// Setup is what is in force for the worker.
func (w *Worker) Setup() *Setup { return w.setup }

// Rest tells the connection table not to wait for this worker, which polls no more for
// a while.
func (w *Worker) Rest() { w.reader.Rest() }

// Poll makes one turn over the queues at the time now, in ns since 1970, and returns how
// many frames the turn took. The worker holds no connection of an earlier turn, so the
// table may give the records of connections that ended to others.
func (w *Worker) Poll(now int64) int {
	w.reader.Pass()
	w.now, w.ticks = now, flow.TickOf(now)
	if tick := uint32(w.ticks); tick != w.tick {
		before := w.tick
		w.tick = tick
		w.crew.begun.CompareAndSwap(0, now)
		w.crew.now.Store(now)
		w.settle()
		if w.number == 0 {
			w.advertise(before)
		}
	}
	w.flows.Advance(w.ticks, expireBudget)
	if w.number == 0 {
		w.askUnderlay()
		if w.setup.edge != nil {
			w.askGateways()
			w.announce()
		}
	}
	w.random = w.random*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
	n, waitingFirst := 0, w.random>>63 == 0
	if waitingFirst && w.shaper.busy() {
		n += w.releaseWaiting()
	}
	n += w.turn()
	if w.services != nil {
		n += w.inject()
	}
	if !waitingFirst && w.shaper.busy() {
		n += w.releaseWaiting()
	}
	if w.early.n > 0 {
		w.releaseEarly()
	}
	if w.number == 0 {
		w.settleClaims()
	}
	if len(w.captures) > 0 {
		w.publish()
	}
	return n
}

// PollAlone is Poll for a caller whose next turn may be far away: PollAlone returns 0
// only if no queue has a frame.
func (w *Worker) PollAlone(now int64) int {
	if n := w.Poll(now); n > 0 {
		return n
	}
	return w.GlanceAll()
}

// expireBudget is how many connections may end in one turn: as many as a turn can begin,
// and so few that no burst waits long.
const expireBudget = 256

// adopt puts a new setup in force.
func (w *Worker) adopt(s *Setup) {
	w.setup, w.part, w.underlay, w.epoch = s, s.parts[w.number], s.underlay, s.Policy.Epoch
	for i := range w.stops {
		w.stops[i].serve(w)
	}
	w.asker.next, w.asker.settle = 0, 0
	w.fast.forget()
	w.fast.enis, w.fast.folder = s.enis, w.flows.Folder()
	w.backlog.grow(len(w.guests))
	w.fast.sieve = newSieve(s.underlay.mac, s.underlay.card.VTEP)
	// Packets that ended still point to the old setup, which would stay in memory.
	w.inward, w.outward, w.quoted, w.refused = burst{}, burst{}, packet{}, packet{}
	for _, c := range w.captures {
		c.settle(w)
	}
	w.shown()
}

// take runs one burst from a queue to its end.
func (w *Worker) take(q *polled) int {
	if q.port == nil || !q.polled {
		return 0
	}
	if q.meter != nil && !q.mayTake() {
		return 0
	}
	w.rx.Merged = 0
	q.port.Rx(&w.rx)
	n := w.rx.N
	switch {
	case q.meter == nil:
	case n > 0:
		q.meter.took(&w.rx)
	default:
		q.held = plenty // the ring is empty
	}
	switch {
	case w.rx.N > 0:
		w.run(q.Queue, q.guest)
	case q.guest == nil:
		w.backlog.since = 0
	}
	return n
}

// run runs w.rx, which a queue received from a guest, or from the underlay if the guest is nil, to its end.
func (w *Worker) run(q *Queue, g *guest) {
	n := w.rx.N
	if len(w.captures) > 0 {
		w.captureCame(q, w.rx.Frames[:n])
	}
	packets := uint64(n)
	if w.rx.Merged != 0 {
		packets += w.unmerged()
	}
	q.received += packets
	if g == nil {
		w.keepUp(q, w.rx.Frames[:n])
	}
	w.runBurst(q, g, n)
	w.Bursts++
	w.Packets += packets
}

// runBurst runs the first n frames of w.rx, which a queue received from a guest, or from the
// underlay if the guest is nil, to their ends.
func (w *Worker) runBurst(ingress *Queue, g *guest, n int) {
	w.ingress = ingress
	switch frames := w.rx.Frames[:n]; {
	case w.setup.edge != nil:
		w.atEdge(g, frames)
	case g == nil:
		w.fromUplink(frames)
	default:
		w.fromGuest(g, frames)
	}
	w.flush()
	if w.taken {
		w.visit()
	}
}
