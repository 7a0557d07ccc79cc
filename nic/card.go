package nic

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"nitrocard/nic/bay"
	"nitrocard/nic/nat"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/seat"
	"nitrocard/nic/service"
	"nitrocard/nic/vpc"
)

// Uplink is the name of the port to the underlay.
const Uplink = bay.Uplink

// Internet is the name of an edge's port to the internet.
const Internet = bay.Internet

// Opener opens a port.
type Opener = bay.Opener

// DefaultConnections is how many connections a card tracks unless
// Options.MaxConnections says otherwise.
const DefaultConnections = 1 << 18

// Options are what a card needs beside its configuration. With the zero value, ports are
// attached by hand.
type Options struct {
	Card           string        // which card of the configuration's Placement this is; "" is the first
	MaxConnections int           // tracked by all instances together; 0 is DefaultConnections
	Seed           uint64        // of the tables' hashes; 0 is random, as it must be where senders are not trusted
	Workers        int           // threads that share the packets; 0 is one
	IdleSleep      time.Duration // how long a worker polls empty ports before it sleeps; 0 is DefaultIdleSleep, a negative one is for ever
	Log            *slog.Logger  // nil: nothing is logged

	// OpenPort, if set, names the port of an ENI of this card and gives the port's opener.
	// The card opens the port when the ENI comes and closes the port when the ENI goes. A
	// port whose spec now names another ENI is not opened anew: the other ENI takes it over.
	OpenPort func(*vpc.OwnENI) (spec string, open Opener)

	// Clock tells the guests' time service the time; nil: the host's clock does.
	Clock service.Clock

	// Resolver is asked for the names outside a guest's VPC; the zero value: nobody is.
	Resolver netip.AddrPort

	// Edge, if set, makes the card the edge of its region, without ENIs: the router between the
	// servers and the internet.
	Edge *pipeline.Internet
}

// Card is one network card. While Run runs, any goroutine may call the card's methods. A
// card that is polled belongs to the goroutine that polls.
type Card struct {
	options  Options
	log      *slog.Logger
	gate     *seat.Gate
	crew     *pipeline.Crew
	threads  []*thread         // by worker of the crew
	services *service.Services // nil: an edge has none

	mu       sync.Mutex // guards the fields below and every new setup; never held while a device is asked
	bays     *bay.Bays
	waiting  []*change // that wait for devices, in the order in which they were called
	shares   shares
	nats     map[string]*nat.Gateway // by ID
	natIDs   []string                // of nats, in order; never written to again
	running  bool
	captures int // that are under way
	closed   bool

	patience func() (context.Context, context.CancelFunc) // how long a listing waits for devices; tests change it
}

// patience is how long a listing waits for devices. Of a device that answers later the
// listing shows the last report.
const patience = time.Second

// errClosed is the error of a method that needs an open card.
var errClosed = errors.New("the card is closed")

// New makes a card with a configuration in force. The card has no port yet, unless
// Options.OpenPort is set.
func New(cfg *vpc.Config, o Options) (*Card, error) {
	return begin(o, func(r *vpc.Region) (*vpc.Region, error) { return r.Become(cfg) })
}

// NewIn is New for a card of a region that is compiled already, so that many cards of one
// process compile the region once.
func NewIn(region *vpc.Region, o Options) (*Card, error) {
	return begin(o, func(*vpc.Region) (*vpc.Region, error) { return region, nil })
}

// filled are the options with what stands for their zero values.
func (o Options) filled() Options {
	o.MaxConnections = cmp.Or(o.MaxConnections, DefaultConnections)
	o.Workers = max(o.Workers, 1)
	o.IdleSleep = cmp.Or(o.IdleSleep, DefaultIdleSleep)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Seed == 0 {
		var b [8]byte
		rand.Read(b[:])
		o.Seed = binary.NativeEndian.Uint64(b[:])
	}
	return o
}

// begin makes a card whose first configuration is what step makes of the empty region.
func begin(o Options, step func(*vpc.Region) (*vpc.Region, error)) (*Card, error) {
	o = o.filled()
	gate := seat.NewGate(o.Workers)
	crew, err := pipeline.NewCrew(pipeline.Options{
		Workers: o.Workers, Connections: o.MaxConnections + cacheRoom(o.MaxConnections), Seed: o.Seed, Call: gate.Call,
	})
	if err != nil {
		return nil, err
	}
	c := &Card{options: o, log: o.Log, gate: gate, crew: crew}
	c.bays = bay.New(bay.Options{Mutex: &c.mu, Workers: o.Workers, Stand: c.gate.Do, Log: o.Log})
	c.patience = func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), patience)
	}
	if o.Edge == nil {
		c.services = service.New(service.Options{Workers: o.Workers, Wake: c.wakeOne, Clock: o.Clock, Resolver: o.Resolver})
	}
	for i, w := range crew.Workers {
		c.threads = append(c.threads, newThread(c, i, w))
		if c.services != nil {
			w.Serve(c.services.Punt(i))
		}
	}
	if _, err := c.follow(&change{step: step}); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close closes every port and gives the tables' memory back. A closed card still shows
// its last counts. While Run runs, Close is an error: end Run's context, and Run closes
// the card.
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
	errs := c.bays.Close()
	c.crew.Close()
	for _, g := range c.nats {
		g.Close()
	}
	if c.services != nil {
		c.services.Close()
	}
	return errors.Join(errs...)
}

// Attach opens a port for name, which is Uplink or the ID of an ENI of this card. The
// card opens the port again when the device went away and is back. The ENI of a NAT gateway
// has no port.
func (c *Card) Attach(name string, open Opener) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	if b := c.bays.Of(name); b != nil && b.Queues[0].Appliance() != nil {
		return fmt.Errorf("%s is the ENI of a NAT gateway: the card itself is its guest, and a port would be another", name)
	}
	if err := c.bays.Attach(name, open); err != nil {
		return err
	}
	c.store(c.Policy())
	return nil
}

// Config is the configuration in force. Its objects belong to the card: read them, and
// change none.
func (c *Card) Config() *vpc.Config { return c.Policy().Region.Config() }

// Policy is the compiled configuration in force.
func (c *Card) Policy() *vpc.Policy { return c.crew.Setup().Policy }

// Prefixes are what an edge announces to the internet, in order; nil of a card.
func (c *Card) Prefixes() (all []netip.Prefix) {
	if c.options.Edge != nil {
		c.gate.Do(func() { all = c.crew.Setup().Prefixes() })
	}
	return all
}

// LinksUp tells whether an edge's links to underlay and internet were up when they were looked at
// last, so that it can serve.
func (c *Card) LinksUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range []string{Uplink, Internet} {
		if b := c.bays.Of(name); b == nil || b.Device() == nil || b.Queues[0].Down() {
			return false
		}
	}
	return true
}

// Retire has an edge leave its tunnel end to the region's other edges, or share it with them again. It
// takes what comes either way.
func (c *Card) Retire(away bool) { c.crew.Retire(away) }

// Verdict is what became of a packet.
type Verdict = pipeline.Verdict

// Event is the end of one packet's way through the card.
type Event = pipeline.Event

// Observe has every worker call f at the end of each packet; several workers call f at
// the same time. nil ends the calls. With an observer the card works more slowly.
func (c *Card) Observe(f func(*Event)) {
	c.gate.Do(func() {
		for _, w := range c.crew.Workers {
			w.Observe(f)
		}
	})
}
