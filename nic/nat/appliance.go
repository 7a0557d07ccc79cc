package nat

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// Appliance is one worker's part of a gateway. Its fields belong to that worker.
type Appliance struct {
	gateway *Gateway
	reader  *tables.Reader
	metrics Metrics
	id      uint16 // of the last packet that became IPv4

	// The burst at hand, from Tx to Rx.
	n       int
	next    int // of the n frames, the first that Rx has not handed on
	frames  [pmd.MaxBurst]pmd.Frame
	ends    [pmd.MaxBurst]pipeline.Verdict
	headers [pmd.MaxBurst]wire.Headers
	keys    [tables.Burst]Key
	at      [tables.Burst]uint32
	inward  uint64 // bit i: frame i comes from outside
	place   *Place
	now     uint64 // tick
}

// Tx takes frames and translates them. Nobody else looks at the frames before Rx hands them
// on.
func (a *Appliance) Tx(frames []*pmd.Frame) int {
	g := a.gateway
	taken := min(len(frames), pmd.MaxBurst-a.n)
	if taken == 0 {
		return 0
	}
	a.place, a.now = g.place.Load(), flow.TickOf(g.clock())
	if g.LockSoon() {
		g.advance(a.now, expireBudget)
		g.Unlock()
	}
	a.reader.Pass()
	first := a.n
	for i, f := range frames[:taken] {
		a.frames[first+i] = *f
		a.read(first + i)
	}
	a.n += taken
	a.translate(first)
	a.reader.Rest()
	return taken
}

// Rx replaces b with the frames that Tx took, and tells in ends what became of each.
func (a *Appliance) Rx(b *pmd.Burst, ends *[pmd.MaxBurst]pipeline.Verdict) {
	b.N = copy(b.Frames[:], a.frames[:a.n])
	copy(ends[:], a.ends[:a.n])
	a.n = 0
}
