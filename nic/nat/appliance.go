package nat

import (
	"math/rand/v2"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// Appliance is one worker's part of a gateway. Its fields belong to that worker.
type Appliance struct {
	gateway *Gateway
	metrics Metrics
	id      uint16 // of the last packet that became IPv4

	// The burst at hand, from Tx to Rx.
	n       int
	frames  [pmd.MaxBurst]pmd.Frame
	ends    [pmd.MaxBurst]pipeline.Verdict
	headers [pmd.MaxBurst]wire.Headers
	keys    [tables.Burst]Key
	hashes  [tables.Burst]tables.Hash
	at      [tables.Burst]uint32
	inward  uint64 // bit i: frame i comes from outside
	place   *Place
	now     uint64 // tick
	holds   bool   // the gateway's lock

	// Of the frames that begin connections: foresee.
	random     *rand.PCG
	foreseen   uint64 // bit i: openings[i] is of frame i
	openings   [tables.Burst]connection
	backs      [tables.Burst]Key
	backHashes [tables.Burst]tables.Hash
	names      [tables.Burst]name // of the destinations
	found      [tables.Burst]uint32
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
	g.age(a.now)
	first := a.n
	for i, f := range frames[:taken] {
		a.frames[first+i] = *f
		a.read(first + i)
	}
	a.n += taken
	a.translate(first)
	return taken
}

// Passages are the gateway's connections.
func (a *Appliance) Passages() *tables.Cuckoo[Key, pipeline.Passage] { return a.gateway.ways }

// Inside is the inside host that sent a packet which the gateway translated, or that gets the packet; zero:
// the connection is over.
func (a *Appliance) Inside(h *wire.Headers) wire.Addr {
	g := a.gateway
	if !g.place.Load().owns(h.Src) {
		return h.Dst
	}
	k := g.backOf(h, true)
	at, ok := g.ways.Find(&k)
	if !ok {
		return wire.Addr{}
	}
	s, _, _ := g.ways.At(at).To()
	return s.Addr
}

// Knows tells whether a packet from outside, for an address of the gateway's own, is of a connection.
func (a *Appliance) Knows(h *wire.Headers, own wire.Addr) bool {
	var k Key
	came := *h
	came.Dst = own
	a.gateway.setKey(&k, &came, true)
	_, ok := a.gateway.ways.Find(&k)
	return ok
}

// Passed counts what the fast path took through, which takes all that comes of a connection or
// nothing. Connections end when the tick is another, also where no packet comes: so the next one finds
// their places free.
func (a *Appliance) Passed(p *pipeline.Passed, tick uint64) {
	m := &a.metrics
	m.PacketsInFromSource += p.Out.Packets
	m.BytesInFromSource += p.Out.Bytes
	m.PacketsOutToDestination += p.Out.Packets
	m.BytesOutToDestination += p.Out.Bytes
	m.PacketsInFromDestination += p.In.Packets
	m.BytesInFromDestination += p.In.Bytes
	m.PacketsOutToSource += p.In.Packets
	m.BytesOutToSource += p.In.Bytes
	if tick > a.now {
		a.now = tick
		a.gateway.age(tick)
	}
}

// age ends connections whose time is up, some of them, unless another worker does so.
func (g *Gateway) age(tick uint64) {
	if g.LockSoon() {
		g.advance(tick, expireBudget)
		g.ways.Reclaim()
		g.Unlock()
	}
}

// Rx replaces b with the frames that Tx took, and tells in ends what became of each.
func (a *Appliance) Rx(b *pmd.Burst, ends *[pmd.MaxBurst]pipeline.Verdict) {
	b.N = copy(b.Frames[:], a.frames[:a.n])
	copy(ends[:], a.ends[:a.n])
	a.n = 0
}
