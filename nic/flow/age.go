package flow

import (
	"sync/atomic"

	"nitrocard/tables"
)

// Advance ends the connections that are idle for longer than their timeout at tick.
// Advance looks at no more than budget connections, and done tells whether all that
// were due were looked at. Call Advance before the packets of each turn. The clock
// may jump by any distance; a tick before the last one does nothing.
//
// Advance takes the lock by itself and gives it back after each burst, so workers
// that call it at the same time share the work. If another thread holds the lock for
// too long, Advance leaves the rest to the next call: aging can wait, packets cannot.
func (t *Table) Advance(tick uint64, budget int) (done bool) {
	for done = tick <= t.now.Load(); !done && budget > 0 && t.LockSoon(); budget -= tables.Burst {
		done = t.step(tick, min(budget, tables.Burst))
	}
	return done
}

// step is Advance for one burst of connections, under the lock, which step gives back.
func (t *Table) step(tick uint64, budget int) (done bool) {
	defer t.Unlock()
	if tick <= t.now.Load() {
		return true // another worker has advanced to tick
	}
	t.target = max(t.target, tick)
	done = t.wheel.Advance(t.target, budget, t.fire)
	t.expire()
	if done {
		t.now.Store(t.target)
	}
	return done
}

// expire ends the connections in due whose time is up and sets the timers of the others
// again. A timer fires early if a packet came since it was set (packets write Seen
// and set no timer), or if its deadline lies beyond the wheel's span.
//
// expire works by the burst because each connection is somewhere else in memory. The first
// loop, and the look-up, have no other purpose than to fetch the records and the buckets of all
// connections at once: a million connections open and expire in 0.7 of the time.
func (t *Table) expire() {
	var keys [tables.Burst]Key
	for _, at := range t.due {
		t.read += atomic.LoadUint32(&t.conns.At(at).Epoch) + uint32(t.cold.At(at).account)
	}
	over := t.due[:0]
	for _, at := range t.due {
		left := t.left(at)
		if left > 0 {
			t.renew(at)
			t.grow(at)
			t.wheel.Set(at, t.target+left)
			continue
		}
		keys[len(over)] = *t.conns.Key(at)
		over = append(over, at)
	}
	var hashes [tables.Burst]tables.Hash
	var found [tables.Burst]uint32
	t.conns.LookupHashBurst(&keys, &hashes, len(over), &found)
	for i, at := range over {
		t.owners.refund(t.cold.At(at).account)
		t.drop(at, hashes[i])
	}
	t.due = t.due[:0]
}

// left is how many more ticks a connection may stay idle, 0 if its time is up.
func (t *Table) left(at uint32) uint64 {
	c := t.conns.At(at)
	limits := t.timeouts(t.conns.Key(at).ENI())
	if limits == nil {
		return 0
	}
	end := t.seen(atomic.LoadUint32(&c.Seen)) + TicksOf(limits.Of(c)) + 1
	return end - min(end, t.target)
}

// seen is the tick whose low 32 bits are low, the one nearest to the last tick that
// Advance finished. 32 bits of ticks are 9 years, so the clock may jump by 4 years
// without a mistake.
func (t *Table) seen(low uint32) uint64 {
	now := t.now.Load()
	return now + uint64(int64(int32(low-uint32(now))))
}

// watch sets the first timer of a connection.
func (t *Table) watch(at uint32, o *Opening) {
	if t.now.Load() == 0 {
		t.now.Store(o.Now) // a table's clock starts with the first connection
	}
	wait := uint64(wheelSlots)
	if limits := t.timeouts(o.Key.ENI()); limits != nil {
		wait = TicksOf(limits.Of(t.conns.At(at))) + 1
	}
	t.wheel.Set(at, o.Now+wait)
}
