package nat

import (
	"sync/atomic"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// The ports that a gateway sends from, and how many of them may lead to one destination
// (VPC user guide, "NAT gateway basics").
const (
	firstPort, lastPort = 1024, 65535
	perDestination      = 55_000
)

// probes is how many ports are tried for a connection. Of 64,512 ports 55,000 are taken at
// most, so that all probes fail once in a billion times.
const probes = 128

// open opens the connection that frame i, from inside, begins; results are find's. A SYN on
// a connection that is over begins another one in its place.
func (a *Appliance) open(i int) (at uint32, v pipeline.Verdict) {
	h, k, g := &a.headers[i], &a.keys[i], a.gateway
	g.Lock()
	defer g.Unlock()
	if at, ok := g.ways.Lookup(k); ok {
		if state := atomic.LoadUint32(&g.ways.At(at).State); state&tcp == 0 || !over(state) {
			return at, pipeline.Sent
		}
		g.end(at)
	}
	state := uint32(steady)
	if h.Proto == wire.ProtoTCP {
		state = tcp | opening
		a.metrics.ConnectionAttemptCount++
	}
	c := connection{from: *k}
	if !g.choose(&c, a.place.Pool, a.now) {
		a.metrics.ErrorPortAllocation++
		return nowhere, pipeline.NATPortAllocation
	}
	at, full := g.enter(&c, state, a.now)
	if full && g.displace(k.Src, a.now) {
		c.counted = false // a connection ended, and perhaps the count with it
		at, full = g.enter(&c, state, a.now)
	}
	if full {
		a.metrics.ErrorPortAllocation++
		return nowhere, pipeline.NATPortAllocation
	}
	return at, pipeline.Sent
}

// choose finds an address and a port for a connection. A host's connections share an
// address while that has ports, because servers may expect it.
func (t *table) choose(c *connection, pool []wire.Addr, now uint64) bool {
	if len(pool) == 0 {
		return false
	}
	hi, lo := c.from.Src.Words()
	first := int((hi ^ lo) * 0x9e3779b97f4a7c15 >> 32 % uint64(len(pool)))
	for i := range pool {
		c.Addr = pool[(first+i)%len(pool)]
		if t.hasRoom(c) && t.freePort(c) {
			return true
		}
	}
	c.counted = false
	for i := range pool {
		c.Addr = pool[(first+i)%len(pool)]
		if t.takePort(c, now) {
			return true
		}
	}
	return false
}

// hasRoom tells whether a destination has room for one connection more through the address of c.
func (t *table) hasRoom(c *connection) bool {
	k := destination(c.Addr, &c.from)
	c.count, c.counted = t.uses.Lookup(&k)
	return !c.counted || *t.uses.At(c.count) < perDestination
}

// freePort finds a port that no connection to the destination has. The port is random, so that
// nobody outside can guess it (RFC 6056).
func (t *table) freePort(c *connection) bool {
	for range probes {
		c.Port = t.randomPort()
		k := c.back()
		if _, taken := t.ways.Lookup(&k); !taken {
			return true
		}
	}
	return false
}

func (t *table) randomPort() uint16 {
	return firstPort + uint16(t.random.Uint64()>>32*(lastPort-firstPort+1)>>32)
}

// follow enters a way for the later fragments of the datagram with an identification whose first
// fragment is frame i, which has its other end already.
// Without room for it the later fragments are dropped. A way that an earlier datagram with the
// same identification left becomes this one's.
func (a *Appliance) follow(i int, id, at uint32, inward bool) {
	g, k := a.gateway, later(a.keys[i], id)
	g.Lock()
	defer g.Unlock()
	s, peer, ok := g.ways.At(at).To()
	if !ok {
		return
	}
	state := uint32(0)
	if !inward {
		peer, state = at, outward
	}
	if at, ok := g.ways.Lookup(&k); ok {
		w := g.ways.At(at)
		if to, for_, _ := w.To(); to.Addr == s.Addr && for_ == peer {
			w.Touch(uint32(a.now))
			return
		}
		g.end(at)
	}
	of := datagrams(g.ways.Key(peer).Src)
	if most := g.mostDatagrams(); g.datagrams >= most || g.count(of) >= uint64(min(hostDatagrams, most/4)) || !g.use(of) {
		return
	}
	at, err := g.ways.Insert(k, pipeline.NewPassage(s, peer, uint32(a.now), state))
	if err != nil {
		g.leave(of)
		return
	}
	g.datagrams++
	g.wheel.Set(at, a.now+flow.TicksOf(together)+1)
}

// maxDatagrams bounds the ways for later fragments, and hostDatagrams those of one inside
// host, so that no host takes those of the others. In a small table the bounds are lower.
const maxDatagrams, hostDatagrams = 4096, 256

// mostDatagrams is how many ways of the table later fragments may have: an eighth at most,
// because displace ends none of these for a connection.
func (t *table) mostDatagrams() int { return min(maxDatagrams, t.ways.Cap()/8) }
