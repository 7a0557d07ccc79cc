package nat

import (
	"sync/atomic"
	"time"

	"nitrocard/nic/flow"
	"nitrocard/tables"
)

const (
	// wheelSlots is how many ticks of package flow the timer wheel spans: 17 s.
	wheelSlots = 256
)

const (
	// idle is how long a connection may be silent (VPC user guide, "NAT gateway basics").
	idle = 350 * time.Second
	// Ours, as in package flow: a handshake that nobody answers; after both FINs; after a
	// RST.
	handshake = 60 * time.Second
	finished  = 30 * time.Second
	refused   = 10 * time.Second
	// Ours: the fragments of a datagram. Package flow has 30 s, but a host has few places here
	// (hostDatagrams), and fragments leave their sender together.
	together = 5 * time.Second
)

// limit is how long a way in a state may be silent.
func limit(k *Key, state uint32) time.Duration {
	switch {
	case k.Kind&fragment != 0:
		return together
	case state&tcp == 0:
		return idle
	case state&reset != 0:
		return refused
	case over(state):
		return finished
	case state&established == 0:
		return handshake
	}
	return idle
}

// expireBudget is how many timers an Advance of a worker looks at.
const expireBudget = 256

// advance looks at the timers that are due at a tick, at most budget of them, and tells
// whether none is left.
func (t *table) advance(now uint64, budget int) (done bool) {
	if t.now == 0 {
		t.now = now
	}
	for {
		n := min(budget, tables.Burst)
		done = t.wheel.Advance(now, n, t.fire)
		for _, at := range t.due {
			t.look(at, now)
		}
		t.due = t.due[:0]
		if budget -= n; done || budget <= 0 {
			break
		}
	}
	if done {
		t.now = now
	}
	return done
}

// look ends the connection at an index if its time is up, and sets its timer again if not.
func (t *table) look(at uint32, now uint64) {
	k, w := t.ways.Key(at), t.ways.At(at)
	state := atomic.LoadUint32(&w.State)
	silent := now - t.heardAt(w, now)
	if most := flow.TicksOf(limit(k, state)) + 1; silent < most {
		t.wheel.Set(at, now+most-silent)
		return
	}
	if state&established != 0 && !over(state) {
		t.shared.IdleTimeoutCount++
	}
	t.end(at)
}

// heardAt is the tick of the last packet of either direction.
func (t *table) heardAt(w *way, now uint64) uint64 {
	whole := func(low uint32) uint64 { return now - uint64(max(int32(uint32(now)-low), 0)) }
	last := whole(atomic.LoadUint32(&w.Seen))
	if _, peer, _ := w.To(); atomic.LoadUint32(&w.State)&inside != 0 {
		last = max(last, whole(atomic.LoadUint32(&t.ways.At(peer).Seen)))
	}
	return last
}
