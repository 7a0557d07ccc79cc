package pipeline

import (
	"fmt"
	"sync/atomic"

	"nitrocard/nic/flow"
	"nitrocard/tables"
)

// Crew is the workers of one card, and what the workers share.
type Crew struct {
	Workers []*Worker
	Flows   *flow.Table

	rules  *rulebook             // under the lock of Flows
	trails *tables.Array[trail]  // by index of Flows
	setup  atomic.Pointer[Setup] // changed while all workers stand at the gate
	begun  atomic.Int64          // when the first turn was, in ns since 1970
	now    atomic.Int64          // see Now
	seed   uint64                // of an edge's table
	spread spread                // of flows over classes
	edges  edges                 // who has the edge's tunnel end
	call   func(func())          // see Options.Call

	prepared nextTable // of an edge, for the next NewSetup
}

// Options are the parameters of NewCrew.
type Options struct {
	Workers     int
	Connections int    // that Flows has room for
	Seed        uint64 // of the tables' hashes, and of that of flow classes

	// Call has a worker call a function between two bursts, and returns when the function has
	// returned; nil: workers do not run beside other threads.
	Call func(f func())
}

// NewCrew makes workers that have nothing to do until Adopt.
func NewCrew(o Options) (*Crew, error) {
	c := &Crew{rules: newRulebook(), seed: o.Seed, spread: newSpread(o.Seed), call: o.Call}
	if c.call == nil {
		c.call = func(f func()) { f() }
	}
	var err error
	c.Flows, err = flow.New(flow.Options{Capacity: o.Connections, Seed: o.Seed, Timeouts: c.timeouts, Readers: o.Workers})
	if err != nil {
		return nil, fmt.Errorf("connection table: %w", err)
	}
	if c.trails, err = tables.NewArray[trail](c.Flows.Cap()); err != nil {
		c.Flows.Close()
		return nil, fmt.Errorf("trails of connections: %w", err)
	}
	for i := range o.Workers {
		c.Workers = append(c.Workers, &Worker{crew: c, number: i, flows: c.Flows, trails: c.trails.At(0), reader: c.Flows.Reader(i)})
	}
	return c, nil
}

// Setup is what is in force, nil before Adopt.
func (c *Crew) Setup() *Setup { return c.setup.Load() }

// Now is a worker's clock in ns since 1970, no older than a tick of package flow.
func (c *Crew) Now() int64 { return c.now.Load() }

// Adopt puts a setup in force, while all workers stand at the gate.
func (c *Crew) Adopt(s *Setup) {
	c.setup.Store(s)
	if s.edge != nil {
		s.edge.settle()
	}
	c.rules.ids = s.ids
	s.metering.adopt()
	for _, w := range c.Workers {
		w.adopt(s)
	}
}

// Poll runs one turn of every worker, one after the other, at the time now, in ns
// since 1970, and returns how many frames they took: 0 if no port has any. The
// caller's clock may jump, so Poll first ends all connections whose time is up.
func (c *Crew) Poll(now int64) (n int) {
	for !c.Flows.Advance(flow.TickOf(now), expireBudget) {
	}
	for _, w := range c.Workers {
		n += w.PollAlone(now)
	}
	return n
}

// timeouts are the timeouts of an ENI's connections, nil once the ENI is gone.
func (c *Crew) timeouts(eni uint32) *flow.Timeouts {
	s := c.Setup()
	if g := s.guest(eni); g != nil {
		return g.timeouts
	}
	return s.departed.timeoutsOf(eni, c.Now())
}

// Locked has a worker call f with the connection table's lock held, for a thread that is
// no worker: such a thread may lose its CPU, and workers would wait for the lock. f takes a
// few microseconds, and allocates nothing.
func (c *Crew) Locked(f func()) {
	c.call(func() {
		c.Flows.Lock()
		defer c.Flows.Unlock()
		f()
	})
}

// Close gives the tables' memory back.
func (c *Crew) Close() {
	c.Flows.Lock()
	defer c.Flows.Unlock()
	c.Flows.Close()
	c.trails.Close()
}
