package nat

import (
	"sync/atomic"
	"time"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// patience is how long an established connection may be silent before it may lose its place.
const patience = 60 * time.Second

// candidates is how many connections are looked at for one that must go.
const candidates = 64

// takePort takes a port of the destination from another host, for a connection whose
// destination has no port left.
func (t *table) takePort(c *connection, now uint64) bool {
	by := t.claimant(c.host)
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
func (t *table) displace(c *connection, now uint64) bool {
	if !t.mayHunt(c.host, now) {
		return false
	}
	by := t.claimant(c.host)
	for range candidates {
		at := uint32(t.random.Uint64() >> 32 * uint64(t.ways.Cap()) >> 32)
		if t.yields(at, by, now) {
			t.end(at)
			return true
		}
	}
	t.huntedInVain(c.host, now)
	return false
}

// claimant is a host that wants a place, and how many connections it has: alone, and together with
// the hosts of its network (networks).
type claimant struct {
	host
	addr         wire.Addr
	own, network uint64
}

func (t *table) claimant(addr wire.Addr) claimant {
	c := claimant{host: t.hostOf(addr), addr: addr}
	c.own = t.uses.of(t.uses.host(c.host))
	c.network = c.own
	if !addr.Is4() {
		c.network = uint64(*t.networks.at(addr))
	}
	return c
}

// hasFewer tells whether a host has at least two connections fewer than another one. Hosts of one
// network compare their own; others compare those of their networks, lest a host with many addresses
// counts as many hosts.
func (c *claimant) hasFewer(than claimant) bool {
	if c.addr.Net80() == than.addr.Net80() {
		return c.own+2 <= than.own
	}
	return c.network+2 <= than.network
}

// yields tells whether the connection whose way from inside is at an index has to go for another
// host's: it is over; or its own host has at least two more (hasFewer), and nobody has answered in
// the connection, or it is silent for a while. One that only a RST from outside ended, which may be
// forged, goes for its own host at once, and for others when it is silent for a while.
func (t *table) yields(at uint32, by claimant, now uint64) bool {
	w := t.ways.At(at)
	_, peer, ok := w.To()
	state := atomic.LoadUint32(&w.State)
	own, doubted := sender(t.ways.Key(at)) == by.host, isDoubted(state)
	switch {
	case !ok || state&inside == 0:
		return false
	case over(state) && (own || !doubted):
		return true
	case own, !doubted && !by.hasFewer(t.claimant(t.hostAt(peer))):
		return false
	}
	return state&(established|answered) == 0 || now-t.heardAt(w, now) > flow.TicksOf(patience)
}
