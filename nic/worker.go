package nic

import (
	"sync"
	"sync/atomic"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// worker polls the ports and runs each packet to its end. Everything in it
// belongs to the one goroutine that calls poll; others reach it through do.
type worker struct {
	card *Card
	view *view // in force for the burst at hand

	flows    *flow.Table
	underlay underlay
	rules    rulebook
	memo     memo

	// The clock, read once a turn.
	now   int64  // ns since 1970
	ticks uint64 // the same in flow's ticks
	tick  uint32 // as connections keep it
	epoch uint32

	// The burst at hand.
	from    *slot // that received it
	inward  burst
	outward burst
	removed bool    // a connection of this burst went: the others' may be stale
	dirty   []*slot // that have frames to send

	asked   [tables.Burst]vpc.ENIKey // that the memo does not know
	opening flow.Opening
	quoted  packet
	single  [1]*pmd.Frame
	recent  recent
	observe func(*Event)

	gate     sync.Mutex // of do: one caller at a time
	running  bool       // a goroutine runs the loop; guarded by gate
	closed   bool       // the connections are gone; guarded by gate
	call     atomic.Pointer[call]
	sleeping atomic.Bool
	sleeper  *sleeper

	bound    []pmd.ThreadBound // ports whose drivers know the loop's thread
	boundFor *view             // when they were told
}

// call is work that someone asks the worker to do between two bursts.
type call struct {
	f    func()
	done chan struct{}
}

// poll takes one burst from each port and returns how many frames it took.
func (w *worker) poll(now int64) int {
	if v := w.card.view.Load(); v != w.view {
		w.adopt(v)
	}
	w.now, w.ticks = now, flow.TickOf(now)
	w.tick = uint32(w.ticks)
	w.flows.Advance(w.ticks, expireBudget)
	w.askUnderlay()
	n := 0
	for _, s := range w.view.slots {
		n += w.take(s)
	}
	return n
}

// expireBudget is how many connections may end in one turn: enough to keep up
// with as many as can begin, and little enough not to hold a burst up.
const expireBudget = 256

// adopt puts a new view in force.
func (w *worker) adopt(v *view) {
	w.view, w.epoch = v, v.policy.Epoch
	for i := range v.guests {
		if g := &v.guests[i]; g.eni != nil {
			g.slot.number = g.number
		}
	}
	w.underlay.adopt(v.policy, v.uplinkMAC())
	w.rules.turn()
	w.memo = memo{}
	w.dirty = make([]*slot, 0, len(v.slots))
}

// take runs one burst from slot s to its end.
func (w *worker) take(s *slot) int {
	if s.port == nil {
		return 0
	}
	s.port.Rx(&s.rx)
	n := s.rx.N
	if n == 0 {
		return 0
	}
	w.from = s
	s.received += uint64(n)
	if s == w.view.uplink {
		w.fromUplink(s.rx.Frames[:n])
	} else {
		w.fromGuest(&w.view.guests[s.number], s.rx.Frames[:n])
	}
	w.flush()
	return n
}

// do runs f between two bursts and returns when it is done: by the worker if
// it runs, and here if it does not. So f sees and may change what is the
// worker's, and when it returns no packet meets an older view.
func (w *worker) do(f func()) {
	w.gate.Lock()
	defer w.gate.Unlock()
	if !w.running {
		f()
		return
	}
	c := &call{f, make(chan struct{})}
	w.call.Store(c)
	w.wake()
	<-c.done
}

// close gives the connections' memory back.
func (w *worker) close() {
	w.gate.Lock()
	defer w.gate.Unlock()
	w.closed = true
	w.flows.Close()
	w.sleeper.close()
}

// serve does what do asked for.
func (w *worker) serve() {
	if c := w.call.Load(); c != nil {
		if v := w.card.view.Load(); v != w.view {
			w.adopt(v)
		}
		c.f()
		w.call.Store(nil)
		close(c.done)
	}
}

// loop polls until stop is set, and sleeps when nothing comes.
func (w *worker) loop(stop *atomic.Bool, clock func() int64) {
	idle := clock()
	defer w.unbind()
	for !stop.Load() {
		now := clock()
		w.serve()
		if w.boundFor != w.view {
			w.bind()
		}
		if w.poll(now) > 0 {
			idle = now
		} else if now-idle > spin {
			w.sleep()
		}
	}
	for !w.gate.TryLock() { // a caller of do may wait for us
		w.serve()
	}
	w.running = false
	w.gate.Unlock()
}

// spin is how long a worker polls empty ports before it sleeps on them, in
// ns. Longer than the gap between two bursts of a busy link, and short enough
// that a laptop stays cool.
const spin = int64(100e3)
