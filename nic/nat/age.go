package nat

import (
	"sync/atomic"
	"time"

	"nitrocard/nic/flow"
	"nitrocard/tables"
)

const (
	// wheelSlots is how many ticks of package flow the timer wheel spans: 69 s, more than a
	// handshake may take, so that one that nobody answers is looked at once.
	wheelSlots = 1024
)

const (
	// idle is how long a connection may be silent (VPC user guide, "NAT gateway basics").
	idle = 350 * time.Second
	// Ours, as in package flow: a handshake that nobody answers; after both FINs; after a
	// RST that refuses a connection.
	handshake = 60 * time.Second
	finished  = 30 * time.Second
	refused   = 10 * time.Second
	// After a RST on an established connection, which may be forged (RFC 7857 section 2.2).
	doubted = 4 * time.Minute
	// Ours: the fragments of a datagram. Package flow has 30 s, but a host has few places here
	// (hostDatagrams), and fragments leave their sender together.
	together = 5 * time.Second
	// A datagram whose fragments still come: no receiver waits longer for the last one (RFC 8200 section 4.5).
	reassembly = 60 * time.Second
)

// limit is how long a way in a state may be silent.
func limit(k *Key, state uint32) time.Duration {
	switch {
	case k.Kind&fragment != 0:
		return together
	case state&tcp == 0:
		return idle
	case state&(reset|established) == reset|established && !closed(state):
		return doubted
	case state&reset != 0:
		return refused
	case over(state):
		return finished
	case state&established == 0:
		return handshake
	}
	return idle
}

// watch sets the timer of a way from inside, or of fragments, whose packets come now.
func (t *table) watch(at uint32, now uint64) {
	state := atomic.LoadUint32(&t.ways.At(at).State)
	t.wheel.Set(at, now+flow.TicksOf(limit(t.ways.Key(at), state))+1)
}

// hasten is watch for a connection whose time has become short, if the connection at the index is still there.
func (a *Appliance) hasten(at uint32) {
	a.hold()
	if _, _, ok := a.gateway.ways.At(at).To(); ok {
		a.gateway.watch(at, a.now)
	}
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
		t.expire(now)
		if budget -= n; done || budget <= 0 {
			break
		}
	}
	if done {
		t.now = now
	}
	return done
}

// expire ends the connections in due whose time is up, and sets the timers of the others again. The
// first loops have no other purpose than to have memory bring the ways of all connections at once.
func (t *table) expire(now uint64) {
	l := &t.leaving
	for _, at := range t.due {
		l.read += uint64(atomic.LoadUint32(&t.ways.At(at).Seen))
	}
	for _, at := range t.due {
		_, peer, _ := t.ways.At(at).To()
		l.read += uint64(atomic.LoadUint32(&t.ways.At(peer).Seen))
	}
	over := t.due[:0]
	for _, at := range t.due {
		if left := t.left(at, now); left > 0 {
			t.wheel.Set(at, now+left)
		} else {
			over = append(over, at)
		}
	}
	l.take(t, over)
	t.due = t.due[:0]
}

// left is how many ticks more the connection at an index may be silent; 0: its time is up.
func (t *table) left(at uint32, now uint64) uint64 {
	k, w := t.ways.Key(at), t.ways.At(at)
	state := atomic.LoadUint32(&w.State)
	if k.Kind&fragment != 0 && now-whole(now, atomic.LoadUint32(begun(w))) > flow.TicksOf(reassembly) {
		return 0
	}
	silent := now - t.heardAt(w, now)
	if most := flow.TicksOf(limit(k, state)) + 1; silent < most {
		return most - silent
	}
	if state&established != 0 && !over(state) {
		t.shared.IdleTimeoutCount++
	}
	return 0
}

// heardAt is the tick of the last packet of either direction.
func (t *table) heardAt(w *way, now uint64) uint64 {
	last := whole(now, atomic.LoadUint32(&w.Seen))
	if _, peer, _ := w.To(); atomic.LoadUint32(&w.State)&inside != 0 {
		last = max(last, whole(now, atomic.LoadUint32(&t.ways.At(peer).Seen)))
	}
	return last
}

// whole is the tick at or before now that has these low 32 bits.
func whole(now uint64, low uint32) uint64 { return now - uint64(max(int32(uint32(now)-low), 0)) }
