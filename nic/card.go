package nic

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/pmd"
)

// Uplink is the name of the port to the underlay.
const Uplink = "uplink"

// DefaultConnections is how many connections a card tracks unless told.
const DefaultConnections = 1 << 18

// Options are what a card needs beside its configuration. The zero value is
// a card whose ports are attached by hand.
type Options struct {
	Card           string        // which card of the configuration's Placement this is; "" is its first
	MaxConnections int           // tracked by all instances together; 0 is DefaultConnections
	Seed           uint64        // of the tables' hashes; 0 is random, as it must be where senders are not trusted
	Workers        int           // that share the packets, each on a thread of its own; 0 is one
	IdleSleep      time.Duration // for which a worker polls empty ports before it sleeps on them; 0 is DefaultIdleSleep, less is for ever
	Log            *slog.Logger

	// OpenPort, if set, names the port of a local ENI and gives its opener.
	// The card opens a port when its ENI comes and closes it when the ENI
	// goes. One that is named for another ENI then changes hands as it is.
	OpenPort func(*vpc.OwnENI) (spec string, open Opener)
}

// Card is one network card. While Run runs it, its methods may be called by
// any goroutine. A card that is polled belongs to the goroutine that polls.
type Card struct {
	options Options
	log     *slog.Logger
	workers []*worker
	gate    gate
	view    atomic.Pointer[view] // changed while all workers stand at the gate
	flows   *flow.Table
	rules   *rulebook    // under the lock of flows
	now     atomic.Int64 // a worker's clock, no older than a tick of flow

	mu      sync.Mutex // of what follows, and of changes to the view
	slots   map[string]*slot
	running bool
	closed  bool
}

// errClosed is what a card that was closed answers.
var errClosed = errors.New("the card is closed")

// New makes a card with a configuration in force and, unless
// Options.OpenPort is set, no port.
func New(cfg *vpc.Config, o Options) (*Card, error) {
	o.MaxConnections = cmp.Or(o.MaxConnections, DefaultConnections)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Seed == 0 {
		var b [8]byte
		rand.Read(b[:])
		o.Seed = binary.NativeEndian.Uint64(b[:])
	}
	o.Workers = max(o.Workers, 1)
	o.IdleSleep = cmp.Or(o.IdleSleep, DefaultIdleSleep)
	c := &Card{options: o, log: o.Log, rules: newRulebook(), slots: map[string]*slot{}, gate: gate{workers: make([]presence, o.Workers)}}
	var err error
	c.flows, err = flow.New(flow.Options{
		Capacity: o.MaxConnections + cacheRoom(o.MaxConnections), Seed: o.Seed, Timeouts: c.timeouts, Readers: o.Workers,
	})
	if err != nil {
		return nil, fmt.Errorf("connection table: %w", err)
	}
	c.hire()
	c.slots[Uplink] = newSlot(Uplink, 0, c.newQueues(1), 0)
	if _, err := c.Apply(cfg); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// hire makes the workers.
func (c *Card) hire() {
	for i := range c.options.Workers {
		w := &worker{card: c, number: i, flows: c.flows, reader: c.flows.Reader(i)}
		w.cpu.Store(-1)
		c.workers = append(c.workers, w)
	}
}

// timeouts are those of an ENI's connections, nil once the ENI is gone.
func (c *Card) timeouts(eni uint32) *flow.Timeouts {
	if g := c.view.Load().guest(eni); g != nil {
		return g.timeouts
	}
	return nil
}

// Close ends every port and gives the tables' memory back. The card only
// shows its last counts after it. A card that runs is ended by Run's context
// instead, and closes itself; this is an error then.
func (c *Card) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	if c.running {
		return errors.New("the card runs: end Run's context instead")
	}
	c.closed = true
	var errs []error
	for _, s := range c.slots {
		if s.port != nil {
			errs = append(errs, s.port.Close())
			s.detach()
		}
	}
	c.flows.Lock()
	defer c.flows.Unlock()
	c.flows.Close()
	return errors.Join(errs...)
}

// Attach opens the port of Uplink or of a local ENI, named by its ID. The
// card opens it again when its device went away and is back.
func (c *Card) Attach(name string, open Opener) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.slots[name]
	switch {
	case c.closed:
		return errClosed
	case !ok:
		return fmt.Errorf("%s is no ENI of this card; it has %s", name, c.localNames())
	case s.port != nil:
		return fmt.Errorf("%s has port %s already", name, s.port.Info().Name)
	}
	p, err := open()
	if err != nil {
		return err
	}
	if err := c.fits(p); err != nil {
		return errors.Join(err, p.Close())
	}
	s.open = open
	c.rebind(s.attaching(p))
	c.store(c.view.Load().policy)
	return nil
}

// Config is the configuration in force, put together anew. Its objects are the
// card's: read, not changed.
func (c *Card) Config() *vpc.Config { return c.view.Load().policy.Region.Config() }

// Policy is the compiled configuration in force.
func (c *Card) Policy() *vpc.Policy { return c.view.Load().policy }

// Event is the end of one packet's way through the card.
type Event struct {
	Port    string      // that received it
	Verdict Verdict     // Sent, Consumed, or why it was dropped
	To      string      // the port it left by, if Sent
	ENI     *vpc.OwnENI // whose stages decided last; nil before an ENI was found
	Rule    *vpc.Rule   // of the ENI's groups that let the packet pass, or its connection before; nil if none was asked
	Egress  *vpc.Rule   // the sender's rule, where sender and receiver are both guests of this card
}

// Observe has f called with the end of each packet, by the worker that ends it:
// where there are several, by several at once. It costs what f costs; nil ends
// it.
func (c *Card) Observe(f func(*Event)) {
	c.gate.do(func() {
		for _, w := range c.workers {
			w.observe, w.fast.seen = f, nil
			if f != nil {
				w.fast.seen = new([pmd.MaxBurst]packet)
			}
		}
	})
}
