package nat

import (
	"sync/atomic"
	"time"

	"nitrocard/nic/flow"
)

// patience is how long an established connection may be silent before it may lose its place.
const patience = 60 * time.Second

// candidates is how many connections are looked at for one that must go.
const candidates = 64

// takePort takes a port of the destination from another host, for a connection whose
// destination has no port left.
func (t *table) takePort(c *connection, now uint64) bool {
	mine := t.uses.of(t.uses.host(sender(c.from())))
	for range candidates {
		in, taken := t.tryPort(c)
		if !taken {
			continue // not more than perDestination
		}
		if _, out, _ := t.ways.At(in).To(); t.yields(out, mine, now) {
			t.end(out)
			return true
		}
	}
	return false
}

// displace ends a connection of a host that has more than another host, where the table is
// full. The index is free when every worker has ended its burst, so the caller may have to
// wait for the host's next packet.
func (t *table) displace(by host, now uint64) bool {
	mine := t.uses.of(t.uses.host(by))
	for range candidates {
		at := uint32(t.random.Uint64() >> 32 * uint64(t.ways.Cap()) >> 32)
		if t.yields(at, mine, now) {
			t.end(at)
			return true
		}
	}
	return false
}

// yields tells whether the connection whose way from inside is at an index has to go for a
// host with so many connections: it is over; or its own host has at least two more, and nobody
// has answered in the connection, or it is silent for a while.
func (t *table) yields(at uint32, mine, now uint64) bool {
	w := t.ways.At(at)
	state := atomic.LoadUint32(&w.State)
	switch _, _, ok := w.To(); {
	case !ok || state&inside == 0:
		return false
	case over(state):
		return true
	case t.uses.of(t.uses.host(sender(t.ways.Key(at)))) < mine+2:
		return false
	}
	return state&(established|answered) == 0 || now-t.heardAt(w, now) > flow.TicksOf(patience)
}
