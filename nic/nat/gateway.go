package nat

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync/atomic"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// Gateway is one NAT gateway of this card.
type Gateway struct {
	ID string
	*table
	appliances []*Appliance
	place      atomic.Pointer[Place]
	clock      func() int64
	call       func(func()) // see Options.Call
}

// Place is what the configuration says of a gateway.
type Place struct {
	MAC, Router wire.MAC       // of its ENI, and of the router of its subnet
	Pool        []wire.Addr    // private addresses that it sends from
	Leaving     []wire.Addr    // and those that it gives up: no connection begins from them, and those that there are go on
	Inside      []netip.Prefix // the VPC's blocks, whose hosts may send through it

	// Beyond tells whether a transit gateway leads to a host, which may send through the gateway,
	// too; nil: to none.
	Beyond func(src wire.Addr) bool
}

// Options are the parameters of New.
type Options struct {
	ID          string
	Connections int           // that there is room for
	Workers     int           // that have an Appliance each
	Grace       *tables.Grace // whose readers are the workers
	Seed        uint64        // of the table's hash and of the choice of ports, a secret
	Clock       func() int64  // the time in ns since 1970
	Place       Place

	// Call has a worker call a function between two bursts, and returns when the function has
	// returned; nil: workers do not run beside other threads.
	Call func(f func())
}

// New makes a gateway without connections, and takes all the memory that it will need.
func New(o Options) (*Gateway, error) {
	t, err := newTable(o.Connections, o.Grace, o.Seed)
	if err != nil {
		return nil, err
	}
	g := &Gateway{ID: o.ID, table: t, clock: o.Clock, call: o.Call}
	if g.call == nil {
		g.call = func(f func()) { f() }
	}
	g.place.Store(&o.Place)
	for i := range o.Workers {
		g.appliances = append(g.appliances, &Appliance{gateway: g, random: rand.NewPCG(o.Seed, ^uint64(i))})
	}
	return g, nil
}

// Room is how many connections the gateway has room for.
func (g *Gateway) Room() int { return g.ways.Cap() / 2 }

// Close gives the memory back. No worker may have an appliance of the gateway any more.
func (g *Gateway) Close() {
	g.Lock()
	defer g.Unlock()
	g.close()
}

// Appliance is the part of worker i.
func (g *Gateway) Appliance(i int) *Appliance { return g.appliances[i] }

// Become puts another place in force, for the bursts that start afterwards. Connections from
// an address that the gateway neither has nor gives up end; the others go on.
func (g *Gateway) Become(p Place) {
	before := g.place.Swap(&p)
	var lost []wire.Addr
	for _, all := range [][]wire.Addr{before.Pool, before.Leaving} {
		for _, a := range all {
			if !p.owns(a) {
				lost = append(lost, a)
			}
		}
	}
	if len(lost) == 0 {
		return
	}
	for from, more := uint32(0), true; more; from += chunk {
		g.call(func() { more = g.endFrom(lost, from) })
	}
}

// owns tells whether the gateway's connections may leave from an address.
func (p *Place) owns(a wire.Addr) bool {
	return slices.Contains(p.Pool, a) || slices.Contains(p.Leaving, a)
}

// chunk is how many indexes a thread looks at while it holds the lock.
const chunk = 64

// endFrom ends the connections, and the datagrams in fragments, from some addresses, among the
// chunk of indexes that begins at from, and tells whether connections have had more indexes.
func (g *Gateway) endFrom(lost []wire.Addr, from uint32) (more bool) {
	g.Lock()
	defer g.Unlock()
	used := uint32(g.ways.Used())
	for at := from; at < min(from+chunk, used); at++ {
		w := g.ways.At(at)
		if s, _, ok := w.To(); ok && atomic.LoadUint32(&w.State)&(inside|outward) != 0 && slices.Contains(lost, s.Addr) {
			g.end(at)
		}
	}
	return from+chunk < used
}

// Metrics are the gateway's. Call Metrics while all workers stand at the gate, because workers
// count without a lock.
func (g *Gateway) Metrics() (sum Metrics) {
	g.Lock()
	defer g.Unlock()
	for _, a := range g.appliances {
		sum.add(&a.metrics)
	}
	sum.add(&g.shared)
	return sum
}

// Age ends the connections whose time is up, for a gateway that no packet comes to. Age holds
// the lock for a few timers at a time.
func (g *Gateway) Age() {
	for done := false; !done; {
		g.call(func() {
			g.Lock()
			defer g.Unlock()
			done = g.advance(flow.TickOf(g.clock()), chunk)
		})
	}
}
