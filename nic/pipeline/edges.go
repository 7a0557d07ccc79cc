package pipeline

import (
	"sync/atomic"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// The edges of a region share one tunnel end, so that cards need not know how many there are: an
// edge that is added or goes away changes no card. On the underlay's link the tunnel end is one
// edge's at a time, of those that are there the one with the lowest MAC. This edge announces the
// address each second (RFC 5227 section 2.3, RFC 4861 section 7.2.6), and those that hear it are
// silent. When they hear nothing for a while, they announce it themselves; cards then ask who has
// the address, and move to who answers (claim.go). What comes from the internet takes any edge,
// as its routers spread it.
const (
	announceEvery = int64(1e9) // ns from one announcement to the next
	silentFor     = int64(3e9) // ns without another's announcement, after which an edge announces
)

// edges is what the workers of an edge know of other edges.
type edges struct {
	retired atomic.Bool  // this edge ends, or lacks the region, and leaves the tunnel end to the others
	heard   atomic.Int64 // when another edge with a lower MAC was heard, in ns since 1970
	next    int64        // when to announce again; the first worker's
}

// Retire has the edge leave the tunnel end to other edges, or share it with them again. It takes
// what comes either way.
func (c *Crew) Retire(away bool) { c.edges.retired.Store(away) }

// yields tells whether the edge does not answer who asks for its tunnel end: because the edge
// has retired, or because the one who asks is another edge that has the tunnel end, too.
func (w *Worker) yields(from wire.Addr, mac wire.MAC) bool {
	e := &w.crew.edges
	if from != w.underlay.card.VTEP || mac == w.underlay.mac {
		return e.retired.Load()
	}
	if mac.Bits() < w.underlay.macBits {
		e.heard.Store(w.now)
	}
	return true
}

// announce announces the tunnel end, when it is time to and no other edge has it.
func (w *Worker) announce() {
	e := &w.crew.edges
	if w.now < e.next || w.uplink.port == nil {
		return
	}
	e.next = w.now + announceEvery
	if e.retired.Load() || w.now-e.heard.Load() < silentFor {
		return
	}
	u, a := &w.underlay, &w.asker
	self := wire.Neighbor{MAC: u.mac, Addr: u.card.VTEP}
	if self.Addr.Is4() {
		w.question(w.uplink, self, self.Addr)
		return
	}
	frame := a.scratch[pmd.Headroom:][:wire.NeighborAdvertLen]
	wire.NeighborAdvert(frame, self, wire.Neighbor{}, false)
	a.request.Lend(a.scratch[:], pmd.Headroom, len(frame))
	w.originate(w.uplink, &a.request)
}
