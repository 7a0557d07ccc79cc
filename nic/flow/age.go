package flow

import (
	"sync/atomic"

	"nitrocard/tables"
)

// Advance ends the connections that were idle for longer than their timeout
// at tick, looking at no more than budget of them, and tells whether it got
// through. Call it before the packets of each turn; the clock may jump by any
// distance, and a tick before the last one does nothing. It takes the lock by
// itself, and gives it back after each burst: any worker may call it, and
// those that meet share the work. Where the lock is not to be had it leaves the
// rest to the next call: no packet waits for that.
func (t *Table) Advance(tick uint64, budget int) (done bool) {
	for done = tick <= t.now.Load(); !done && budget > 0 && t.LockSoon(); budget -= tables.Burst {
		done = t.step(tick, min(budget, tables.Burst))
	}
	return done
}

// step is Advance for a burst of connections. It gives the lock back.
func (t *Table) step(tick uint64, budget int) (done bool) {
	defer t.Unlock()
	if tick <= t.now.Load() {
		return true // another worker was here
	}
	t.target = max(t.target, tick)
	done = t.wheel.Advance(t.target, budget, t.fire)
	t.settle()
	if done {
		t.now.Store(t.target)
	}
	return done
}

// settle looks at the connections whose timers fired: end them or set their
// timers again. Packets set no timers; they leave Seen, and it is read here.
// A timer farther off than the wheel reaches fires early, and this looks again.
//
// It goes by the burst because each connection is somewhere else in memory:
// the lookup is there to fetch the buckets of all those that end, at once. A
// million connections that open and expire take about 0.7 of the time so.
func (t *Table) settle() {
	var keys [tables.Burst]Key
	over := t.due[:0]
	for _, at := range t.due {
		left := t.left(at)
		if left > 0 {
			t.wheel.Set(at, t.target+left)
			continue
		}
		keys[len(over)] = *t.conns.Key(at)
		over = append(over, at)
	}
	var found [tables.Burst]uint32
	t.conns.LookupBurst(&keys, len(over), &found)
	for _, at := range over {
		t.end(at)
	}
	t.due = t.due[:0]
}

// left is how many ticks a connection may stay idle yet, 0 if its time is up.
func (t *Table) left(at uint32) uint64 {
	c := t.conns.At(at)
	limits := t.timeouts(t.conns.Key(at).ENI())
	if limits == nil {
		return 0
	}
	end := t.seen(atomic.LoadUint32(&c.Seen)) + ticksOf(limits.of(c)) + 1
	return end - min(end, t.target)
}

// seen completes the low 32 bits of a tick, 9 years, from a tick that was
// near it: the one before a clock's jump, not the one after.
func (t *Table) seen(low uint32) uint64 {
	now := t.now.Load()
	return now + uint64(int64(int32(low-uint32(now))))
}

// watch sets the first timer of a connection.
func (t *Table) watch(at uint32, o *Opening) {
	if t.now.Load() == 0 {
		t.now.Store(o.Now) // a table's clock starts with its first connection
	}
	wait := uint64(wheelSlots)
	if limits := t.timeouts(o.Key.ENI()); limits != nil {
		wait = ticksOf(limits.of(t.conns.At(at))) + 1
	}
	t.wheel.Set(at, o.Now+wait)
}
