package nat

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// The ports that a gateway sends from (VPC user guide, "NAT gateway basics").
const firstPort, lastPort = 1024, 65535

// probes is how many ports are tried for a connection. Of 64,512 ports 55,000 are taken at
// most, so that all probes fail once in a billion times.
const probes = 128

// open opens the connection that frame i, from inside, begins; results are find's. A SYN on
// a connection that is over begins another one in its place.
//
// The address is one that the gateway has at this moment: Become, which ends the connections of an address
// that is lost, may have looked at the table since the burst began.
func (a *Appliance) open(i int) (at uint32, v pipeline.Verdict) {
	a.hold()
	h, g, c := &a.headers[i], a.gateway, &a.openings[i]
	if at, ok := g.ways.LookupHashed(a.hashes[i], &a.keys[i]); ok {
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
	if a.foreseen&(1<<i) == 0 {
		c.begin(&a.keys[i], h.Src, a.hashes[i])
	}
	if !g.choose(c, g.place.Load().Pool, a.now) {
		a.metrics.ErrorPortAllocation++
		return nowhere, pipeline.NATPortAllocation
	}
	at, full := g.enter(c, state, a.now)
	if full && g.displace(c, a.now) {
		at, full = g.enter(c, state, a.now)
	}
	if full {
		a.metrics.ErrorPortAllocation++
		return nowhere, pipeline.NATPortAllocation
	}
	return at, pipeline.Sent
}

// foresee chooses an address and a port for each frame from first on that may begin a connection,
// because the look-up of the burst missed it, and has memory bring for all of them at once what
// opening each will touch. open then looks whether the port is free.
func (a *Appliance) foresee(first int, missed uint64) {
	g, n := a.gateway, 0
	a.foreseen = 0
	if len(a.place.Pool) == 0 {
		return
	}
	for s := missed &^ a.inward >> first << first; s != 0; s &= s - 1 {
		i := bits.TrailingZeros64(s)
		if !mayOpen(&a.headers[i]) {
			continue
		}
		c := &a.openings[i]
		c.begin(&a.keys[i], a.headers[i].Src, a.hashes[i])
		g.leads.through(c, a.place.Pool[favourite(c.host, a.place.Pool)])
		c.by(randomPort(a.random))
		a.backs[n], a.names[n] = *c.back(), c.to
		a.foreseen |= 1 << i
		n++
	}
	g.ways.LookupHashBurst(&a.backs, &a.backHashes, n, &a.found)
	if n == 0 {
		return
	}
	a.hold()
	g.leaving.read += g.leads.fetch(a.names[:n])
	for s, n := a.foreseen, 0; s != 0; s, n = s&(s-1), n+1 {
		c := &a.openings[bits.TrailingZeros64(s)]
		c.foreseen, c.ways.Hashes[1] = true, a.backHashes[n]
	}
}

// choose finds an address and a port for a connection, first the ones that c has. A host's
// connections share an address while that has ports, because servers may expect it.
func (t *table) choose(c *connection, pool []wire.Addr, now uint64) bool {
	if len(pool) == 0 {
		return false
	}
	first := favourite(c.host, pool)
	for i := range pool {
		t.leads.through(c, pool[(first+i)%len(pool)])
		if t.leads.hasRoom(c.to) && t.freePort(c) {
			return true
		}
	}
	if !t.mayHunt(c.host, now) {
		return false
	}
	for i := range pool {
		t.leads.through(c, pool[(first+i)%len(pool)])
		if t.takePort(c, now) {
			return true
		}
	}
	t.huntedInVain(c.host, now)
	return false
}

// favourite is the address that a host's connections share.
func favourite(host wire.Addr, pool []wire.Addr) int {
	hi, lo := host.Words()
	return int((hi ^ lo) * 0x9e3779b97f4a7c15 >> 32 * uint64(len(pool)) >> 32)
}

// freePort finds a port that no connection to the destination has. The port is random, so that
// nobody outside can guess it (RFC 6056).
func (t *table) freePort(c *connection) bool {
	for range probes {
		if _, taken := t.tryPort(c); !taken {
			return true
		}
	}
	return false
}

// tryPort gives c the port that was foreseen, once, or a random one. taken tells that the answers' way
// of another connection is there, at an index.
func (t *table) tryPort(c *connection) (at uint32, taken bool) {
	if !c.foreseen {
		c.by(randomPort(t.random))
		c.ways.Hashes[1] = t.ways.Hash(c.back())
	}
	c.foreseen = false
	return t.ways.LookupHashed(c.ways.Hashes[1], c.back())
}

func randomPort(r *rand.PCG) uint16 {
	return firstPort + uint16(r.Uint64()>>32*(lastPort-firstPort+1)>>32)
}
