package nat

import (
	"sync/atomic"

	"nitrocard/nic/pipeline"
)

// follow enters a way for the later fragments of the datagram with an identification whose first
// fragment is frame i, which has its other end already.
// Without room for it the later fragments are dropped. A way that an earlier datagram with the
// same identification left becomes this one's.
func (a *Appliance) follow(i int, id, at uint32, inward bool) {
	g, k := a.gateway, later(a.keys[i], id)
	a.hold()
	s, peer, ok := g.ways.At(at).To()
	if !ok {
		return
	}
	host, state := s.Addr, uint32(0)
	if !inward {
		host, peer, state = g.hostAt(peer), at, outward
	}
	if at, ok := g.ways.Lookup(&k); ok {
		w := g.ways.At(at)
		if to, for_, _ := w.To(); to.Addr == s.Addr && for_ == peer {
			w.Touch(uint32(a.now))
			atomic.StoreUint32(begun(w), uint32(a.now))
			return
		}
		g.end(at)
	}
	of := g.uses.datagrams(host)
	if most := g.mostDatagrams(); g.datagrams >= most || g.uses.of(of) >= uint64(min(hostDatagrams, most/4)) {
		return
	}
	w := pipeline.NewPassage(s, peer, uint32(a.now), state)
	*begun(&w), *countedAs(&w) = uint32(a.now), of
	at, err := g.ways.Insert(k, w)
	if err != nil {
		return
	}
	g.uses.add(of)
	g.datagrams++
	g.watch(at, a.now)
}

// maxDatagrams bounds the ways for later fragments, and hostDatagrams those of one inside
// host, so that no host takes those of the others. In a small table the bounds are lower.
const maxDatagrams, hostDatagrams = 4096, 256

// mostDatagrams is how many ways of the table later fragments may have: an eighth at most,
// because displace ends none of these for a connection.
func (t *table) mostDatagrams() int { return min(maxDatagrams, t.ways.Cap()/8) }

// A way of fragments leads nowhere that the stages of the ENI note, so two of its words have something else.

// begun is the tick of the datagram's first fragment.
func begun(w *way) *uint32 { return &w.Epoch }

// countedAs is the name under which the datagram is counted.
func countedAs(w *way) *name { return (*name)(&w.Way) }
