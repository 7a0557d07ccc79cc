package controller

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
)

// Options are what a controller takes from outside.
type Options struct {
	Store  Store
	Signer *follow.Signer
	Roots  follow.RootFolder // that cards are told of; "": none
	Log    *slog.Logger

	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
	Beat  time.Duration // after which a card without news is told that there are none; 0: usualBeat
}

// usualBeat is shorter than the silence after which a card takes its controller for dead.
const usualBeat = 10 * time.Second

// mostRecent is how many changes a controller remembers for cards that come back, and mostRecentBytes
// how many bytes of them.
const (
	mostRecent      = 4096
	mostRecentBytes = 256 << 20
)

// Controller has the region of a store, changes it, and tells cards what they need of it.
// Any goroutine may call its methods while Run runs.
type Controller struct {
	o Options

	mu        sync.Mutex
	region    *vpc.Region
	revision  uint64
	lastVNI   uint32 // the highest that was given out
	scopes    *scopes
	recent    []*change // the last is of the revision now
	recalled  int       // bytes of recent
	hosts     map[string]*host
	partings  partings
	questions map[string]*question // by the question's ID
	moved     chan struct{}        // closed and made anew when the revision rises
	waiting   []*proposal
	proposed  chan struct{}            // has room for one; a proposal is waiting
	uploads   chan struct{}            // has room for the uploads that are read at one time
	bringing  map[string]chan struct{} // by card whose upload is read or next; closed at its end
	wholes    chan struct{}            // has room for the snapshots that are made at one time
}

// kindNumbers is the kind of the record that holds what was given out last.
const kindNumbers = "Numbers"

// numbers are what was given out last, never to be given out again.
type numbers struct{ Vni uint32 }

// New makes a controller of what the store has.
func New(ctx context.Context, o Options) (*Controller, error) {
	if o.Beat == 0 {
		o.Beat = usualBeat
	}
	c := &Controller{
		o: o, region: vpc.EmptyRegion(), scopes: newScopes(), hosts: map[string]*host{}, partings: partings{byENI: map[string]*parting{}}, questions: map[string]*question{},
		moved: make(chan struct{}), proposed: make(chan struct{}, 1), uploads: make(chan struct{}, mostUploads), bringing: map[string]chan struct{}{},
		wholes: make(chan struct{}, mostWholes),
	}
	return c, c.load(ctx)
}

// Run works until ctx ends, or the store fails for good.
func (c *Controller) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watching := make(chan error, 1)
	go func() { watching <- c.watch(ctx) }()
	var listening sync.WaitGroup
	listening.Go(func() { c.listen(ctx) })
	c.write(ctx)
	listening.Wait()
	if err := <-watching; err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// adopt makes a region, which what came made of the one before, the region of a revision,
// and has the cards told. The lock is held.
func (c *Controller) adopt(revision uint64, came contents, next *vpc.Region) {
	was := c.region
	ch := &change{revision: revision, at: c.o.Now()}
	edited := c.edited(came.edits, was, next)
	for k := range edited {
		t := toldOf(k, was, next)
		c.scopes.move(k, t.was, t.is)
		ch.edits = append(ch.edits, t)
	}
	for p := range edgeParts(edited, was, next) {
		before, now := p.scopes()
		c.scopes.move(p.key, before, now)
		ch.edits = append(ch.edits, told{p.key, before, now, encoded(next.EdgePart(next.Edit(p.kind, p.id)))})
	}
	ch.shifted = c.scopes.follow(edited, was, next)
	c.become(revision, next, came.lastVNI)
	c.part(edited, was, next)
	if edited[key{kind: vpc.KindRegionPlacement}] {
		c.keepHosts()
	}
	c.remember(ch)
	for _, h := range c.hosts {
		if h.feed != nil {
			h.feed.follow(ch)
		}
	}
}

// edited are the objects that edits from a region to another change, or of which they change who needs them. The lock
// is held.
func (c *Controller) edited(edits []vpc.Edit, was, next *vpc.Region) map[key]bool {
	edited := map[key]bool{}
	for _, e := range edits {
		edited[key{e.Kind, e.ID}] = true
	}
	for _, e := range edits {
		for _, k := range consequent(key{e.Kind, e.ID}, was, next) {
			edited[k] = true
		}
	}
	if firstCard(was) != firstCard(next) {
		for k := range c.scopes.objects.kind("InstanceAttributes") {
			edited[k] = true
		}
	}
	return edited
}

// remember adds a change to the recent ones. If they are too many or too long, the older half goes.
// The lock is held.
func (c *Controller) remember(ch *change) {
	c.recent, c.recalled = append(c.recent, ch), c.recalled+ch.size()
	if len(c.recent) <= mostRecent && c.recalled <= mostRecentBytes {
		return
	}
	gone := 0
	for len(c.recent)-gone > mostRecent/2 || c.recalled > mostRecentBytes/2 {
		c.recalled -= c.recent[gone].size()
		gone++
	}
	c.recent = slices.Clone(c.recent[gone:])
}

// become makes a region the one of a revision, with which a number was given out last. The
// lock is held.
func (c *Controller) become(revision uint64, next *vpc.Region, lastVNI uint32) {
	c.region, c.revision, c.lastVNI = next, revision, max(c.lastVNI, lastVNI)
	close(c.moved)
	c.moved = make(chan struct{})
}

// Region is the region of the newest revision that the controller knows.
func (c *Controller) Region() *vpc.Region {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.region
}

// Revision is the newest revision that the controller knows.
func (c *Controller) Revision() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.revision
}
