package nic

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"time"

	"nitrocard/nic/bay"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/seat"
	"nitrocard/nic/vpc"
)

// Uplink is the name of the port to the underlay.
const Uplink = bay.Uplink

// Opener opens a port. One with several queues (pmd.Queues) has at most as
// many as the card has workers.
type Opener = bay.Opener

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
	gate    *seat.Gate
	crew    *pipeline.Crew
	threads []*thread // of the crew's workers

	mu      sync.Mutex // of what follows, and of changes to the view; never held while a device is asked
	bays    *bay.Bays
	waiting []*change // for devices, as they were called
	shares  shares
	running bool
	closed  bool

	patience func() (context.Context, context.CancelFunc) // for devices that are asked for a listing
}

// patience is for how long a listing waits for devices. One that answers later is
// shown as it was seen last.
const patience = time.Second

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
	crew, err := pipeline.NewCrew(pipeline.Options{
		Workers: o.Workers, Connections: o.MaxConnections + cacheRoom(o.MaxConnections), Seed: o.Seed,
	})
	if err != nil {
		return nil, err
	}
	c := &Card{options: o, log: o.Log, gate: seat.NewGate(o.Workers), crew: crew}
	c.bays = bay.New(bay.Options{Mutex: &c.mu, Workers: o.Workers, Stand: c.gate.Do, Log: o.Log})
	c.patience = func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), patience)
	}
	for i, w := range crew.Workers {
		c.threads = append(c.threads, newThread(c, i, w))
	}
	if _, err := c.Apply(cfg); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
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
	errs := c.bays.Close()
	c.crew.Close()
	return errors.Join(errs...)
}

// Attach opens the port of Uplink or of a local ENI, named by its ID. The
// card opens it again when its device went away and is back.
func (c *Card) Attach(name string, open Opener) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	if err := c.bays.Attach(name, open); err != nil {
		return err
	}
	c.store(c.Policy())
	return nil
}

// Config is the configuration in force, put together anew. Its objects are the
// card's: read, not changed.
func (c *Card) Config() *vpc.Config { return c.Policy().Region.Config() }

// Policy is the compiled configuration in force.
func (c *Card) Policy() *vpc.Policy { return c.crew.Setup().Policy }

// Verdict is what became of a packet.
type Verdict = pipeline.Verdict

// Event is the end of one packet's way through the card.
type Event = pipeline.Event

// Observe has f called with the end of each packet, by the worker that ends it:
// where there are several, by several at once. It costs what f costs; nil ends
// it.
func (c *Card) Observe(f func(*Event)) {
	c.gate.Do(func() {
		for _, w := range c.crew.Workers {
			w.Observe(f)
		}
	})
}
