package nic

import (
	"sync/atomic"
	"time"

	"nitrocard/nic/flow"
)

// loop polls until stop is set, and sleeps when nothing comes.
func (w *worker) loop(stop *atomic.Bool, clock func() int64) {
	c := w.card
	c.gate.enter(w.number)
	defer w.leave()
	defer w.unbind()
	sleep := int64(c.options.IdleSleep)
	idle := clock() // since when nothing came
	for !stop.Load() {
		c.gate.pass()
		if w.boundFor != w.view {
			w.bind()
		}
		now := clock()
		if len(w.bound) == 0 {
			w.seat.Yield(now)
		}
		w.work.turn(now)
		n := w.poll(now)
		tired := n == 0 && sleep > 0 && now-idle > sleep
		if tired {
			n = w.glanceAll()
		}
		if w.work.idle = n == 0; n > 0 {
			idle = now
		} else if tired {
			w.sleep()
			w.work.slept()
		}
	}
}

// leave is the end of a worker's turns until it enters the gate again.
func (w *worker) leave() {
	w.reader.Rest()
	w.card.gate.leave(w.number)
}

// DefaultIdleSleep is for how long a worker polls empty ports before it sleeps on
// them. Longer than the gap between two bursts of a busy link, and short
// enough that a laptop stays cool.
const DefaultIdleSleep = 100 * time.Microsecond

// Poll runs one turn of every worker, one after the other, at the time now, in
// ns since 1970, and returns how many frames they took: 0 if no port has any. It
// is for callers with a thread and a clock of their own: replay and benchmarks.
// Their clock may jump, so what ends by now ends first, however much it is.
func (c *Card) Poll(now int64) (n int) {
	for !c.flows.Advance(flow.TickOf(now), expireBudget) {
	}
	for _, w := range c.workers {
		n += w.pollAlone(now)
	}
	return n
}

// pollAlone is poll for a caller whose next turn may be far away: 0 says that
// no queue has a frame.
func (w *worker) pollAlone(now int64) int {
	if n := w.poll(now); n > 0 {
		return n
	}
	return w.glanceAll()
}

// PollWorker is Poll for one worker of several, each of which may have a thread
// of its own. Nobody else may call the card's methods meanwhile.
func (c *Card) PollWorker(i int, now int64) int { return c.workers[i].pollAlone(now) }
