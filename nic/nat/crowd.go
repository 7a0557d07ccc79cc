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
	by := t.claimant(sender(c.from()))
	for range candidates {
		in, taken := t.tryPort(c)
		if !taken {
			continue // not more than perDestination
		}
		if _, out, _ := t.ways.At(in).To(); t.yields(out, by, now) {
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
	claim := t.claimant(by)
	for range candidates {
		at := uint32(t.random.Uint64() >> 32 * uint64(t.ways.Cap()) >> 32)
		if t.yields(at, claim, now) {
			t.end(at)
			return true
		}
	}
	return false
}

// claimant is a host for whose connection another one may have to go.
type claimant struct {
	host
	has uint64 // connections
}

func (t *table) claimant(h host) claimant { return claimant{h, t.uses.of(t.uses.host(h))} }

// yields tells whether the connection whose way from inside is at an index has to go for another host's: it is
// over; or its own host has at least two more, and nobody has answered in the connection, or it is silent for a
// while. One that only a RST from outside ended, which may be forged, goes for its own host at once, and for
// others when it is silent for a while.
func (t *table) yields(at uint32, by claimant, now uint64) bool {
	w, of := t.ways.At(at), sender(t.ways.Key(at))
	state := atomic.LoadUint32(&w.State)
	doubted := isDoubted(state)
	switch _, _, ok := w.To(); {
	case !ok || state&inside == 0:
		return false
	case over(state) && (!doubted || of == by.host):
		return true
	case !doubted && t.uses.of(t.uses.host(of)) < by.has+2:
		return false
	}
	return state&(established|answered) == 0 || now-t.heardAt(w, now) > flow.TicksOf(patience)
}
