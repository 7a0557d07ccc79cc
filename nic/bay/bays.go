package bay

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"nitrocard/nic/pipeline"
)

// Uplink is the name of the bay for the port to the underlay.
const Uplink = "uplink"

// Internet is the name of the bay for an edge's port to the internet.
const Internet = "internet"

// Bays are the bays of one card. The caller of every method holds the card's mutex.
// Methods that touch a device free the mutex meanwhile, as their comments say.
type Bays struct {
	mu      sync.Locker // the card's
	log     *slog.Logger
	workers int
	stand   func(func())
	all     map[string]*Bay
	busy    map[string]chan struct{} // by spec of a port that is being opened or closed; closed afterwards
	round   round
	changes int
	closed  bool
}

// Options are what New needs of a card.
type Options struct {
	Mutex   sync.Locker // the card's
	Workers int
	Stand   func(func()) // calls a function while all workers stand at the gate
	Log     *slog.Logger
}

// New makes the bays of a card: the uplink's, and none for an ENI yet.
func New(o Options) *Bays {
	b := &Bays{mu: o.Mutex, log: o.Log, workers: o.Workers, stand: o.Stand, all: map[string]*Bay{}, busy: map[string]chan struct{}{}}
	b.add(Uplink, 0, pipeline.NewQueues(b.workers, []string{Uplink})[0])
	return b
}

// Of is the bay of that name, Uplink or an ENI's ID; nil if there is none.
func (b *Bays) Of(name string) *Bay { return b.all[name] }

// has tells whether the bay s still is one of the card's and still has the device d; nil
// stands for no device.
func (b *Bays) has(s *Bay, d *Device) bool { return b.all[s.Name] == s && s.device == d }

// All are the bays, the uplink's first and the others by name.
func (b *Bays) All() []*Bay {
	all := []*Bay{b.all[Uplink]}
	for _, name := range slices.Sorted(maps.Keys(b.all)) {
		if name != Uplink {
			all = append(all, b.all[name])
		}
	}
	return all
}

// Names lists the bays for an error.
func (b *Bays) Names() string {
	var names []string
	for _, s := range b.All() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// Known notes that the setup in force has all bays.
func (b *Bays) Known() {
	for _, s := range b.all {
		s.known = true
	}
}

// Changes counts how often a port came or went. A worker that has passed the gate since a
// change sees the new number.
func (b *Bays) Changes() int { return b.changes }

// change calls f, which puts ports in or takes ports out, while the workers stand at the
// gate.
func (b *Bays) change(f func()) {
	b.stand(func() {
		f()
		b.changes++
	})
}

// add makes a bay of these queues, one for each worker. Of a port in the bay, worker first
// and those after it receive, one from each queue of the port.
func (b *Bays) add(name string, first int, queues []*pipeline.Queue) {
	b.all[name] = &Bay{Name: name, first: first, Queues: queues}
}

// loads are how many queues each worker receives from. A bay without a port counts as one
// queue, because it will probably get a port of one.
func (b *Bays) loads() []int {
	loads := make([]int, b.workers)
	for _, s := range b.all {
		for i := range len(s.device.queues()) {
			loads[(s.first+i)%len(loads)]++
		}
	}
	return loads
}

// lightest is the worker with the least load.
func lightest(loads []int) (least int) {
	for i, n := range loads {
		if n < loads[least] {
			least = i
		}
	}
	return least
}

// MakeRoom makes a bay for each of the card's places that has none, and returns the bays of
// those that went, which the card has no more. names are the IDs of the card's ENIs, or Internet
// of an edge. The first queue of a new bay's port is for the worker with the fewest queues.
func (b *Bays) MakeRoom(names []string) (gone []*Bay) {
	stay := make(map[string]*Bay, len(names)+1)
	stay[Uplink] = b.all[Uplink]
	var fresh []string
	for _, id := range names {
		if s := b.all[id]; s != nil {
			stay[id] = s
		} else {
			fresh = append(fresh, id)
		}
	}
	for name, s := range b.all {
		if stay[name] == nil {
			gone = append(gone, s)
		}
	}
	b.all = stay
	loads, queues := b.loads(), pipeline.NewQueues(b.workers, fresh)
	for i, name := range fresh {
		first := lightest(loads)
		b.add(name, first, queues[i])
		loads[first]++
	}
	return gone
}

// Close closes every port, with the mutex free meanwhile, and lets no other port in. The
// workers have ended.
func (b *Bays) Close() (errs []error) {
	b.closed = true
	var left []*Device
	for _, s := range b.all {
		if s.device != nil {
			left = append(left, s.device)
			s.detach()
		}
	}
	b.outside(func() {
		for _, d := range left {
			errs = append(errs, d.close())
		}
	})
	return errs
}
