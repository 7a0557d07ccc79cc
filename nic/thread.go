package nic

import (
	"math"
	"sync/atomic"
	"time"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/seat"
	"nitrocard/pmd"
)

// thread runs a worker while Run runs the card: on a CPU of its own, and asleep while no
// frames come.
type thread struct {
	*pipeline.Worker
	card   *Card
	number int

	seat    *seat.Seat    // nil: the thread is any
	sleeper *seat.Sleeper // nil: the card does not run
	fds     []int         // scratch of sleep
	cpu     atomic.Int32  // that the thread is pinned to, -1 if to none
	load    load

	bound       []pmd.ThreadBound // ports whose drivers know the thread
	boundSetup  *pipeline.Setup   // when they were told
	boundChange int               // of bays, at that time
}

// newThread makes the thread of a worker, which runs it when loop is called.
func newThread(c *Card, number int, w *pipeline.Worker) *thread {
	t := &thread{Worker: w, card: c, number: number}
	t.cpu.Store(-1)
	return t
}

// DefaultIdleSleep is how long a worker polls empty ports before it sleeps. It is longer
// than the gap between two bursts of a busy link, and so short that a laptop stays cool.
const DefaultIdleSleep = 100 * time.Microsecond

// hasty is the same on a CPU that others want, too: a worker that polls empty ports there
// keeps away who would send frames. With so short a patience, one TCP stream through two
// cards on one CPU gets 1.4 times as much.
const hasty = 2 * time.Microsecond

// patience is for how many ns the worker polls empty ports before it sleeps.
func (t *thread) patience(now int64) int64 {
	switch most := t.card.options.IdleSleep; {
	case most < 0:
		return math.MaxInt64
	case now < t.load.crowded:
		return int64(min(most, hasty))
	default:
		return int64(most)
	}
}

// loop polls until stop is set, and sleeps while no frames come.
func (t *thread) loop(stop *atomic.Bool, clock func() int64) {
	c := t.card
	c.gate.Enter(t.number)
	defer t.leave()
	defer t.unbind()
	idle := clock() // since when nothing came
	for !stop.Load() {
		c.gate.Pass(t.number)
		t.bind()
		now := clock()
		t.load.turn(now)
		n := t.Poll(now)
		tired := n == 0 && now-idle > t.patience(now)
		if tired {
			n = t.GlanceAll()
		}
		if t.load.idle = n == 0; n > 0 {
			idle = now
		} else if tired {
			t.sleep()
			t.load.slept()
		}
	}
}

// leave tells the connection table and the gate not to wait for the worker, until it
// enters the gate again.
func (t *thread) leave() {
	t.Rest()
	t.card.gate.Leave(t.number)
}

// nap is how long an idle worker sleeps at most, because connections age meanwhile.
// napBlind is the same with a port that cannot wake the worker.
const nap, napBlind = 50 * time.Millisecond, time.Millisecond

// sleep waits until a frame arrives, another thread wakes the worker, what waits for an
// allowance may go on, or the nap is over. No other thread waits for the worker meanwhile.
func (t *thread) sleep() {
	most := nap
	t.fds = t.fds[:0]
	for q := range t.Setup().Polled(t.number) {
		p := q.Port()
		w, wakes := p.(pmd.Waiter)
		switch {
		case q.Held():
		case wakes && !q.Down():
			t.fds = append(t.fds, w.Fd())
		case p != nil && !wakes:
			most = napBlind
		}
	}
	most = t.Due(most)
	t.leave()
	defer t.card.gate.Enter(t.number)
	if !t.Answered() { // asked once more, because who answered before leave did not wake the worker
		t.sleeper.Sleep(t.fds, most)
	}
}
