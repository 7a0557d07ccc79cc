package bay

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"nitrocard/nic/pipeline"
	"nitrocard/pmd"
)

// Uplink is the name of the bay for the port to the underlay.
const Uplink = "uplink"

// Bays are those of one card. One goroutine at a time calls their methods.
type Bays struct {
	log     *slog.Logger
	workers int
	stand   func(func())
	all     map[string]*Bay
	changes int
}

// New makes the uplink's bay. stand calls a function while all workers stand at
// the gate.
func New(workers int, stand func(func()), log *slog.Logger) *Bays {
	b := &Bays{log: log, workers: workers, stand: stand, all: map[string]*Bay{}}
	b.add(Uplink, 0, pipeline.NewQueues(workers, []string{Uplink}), 0)
	return b
}

// Of is the bay of that name, Uplink or an ENI's ID; nil if there is none.
func (b *Bays) Of(name string) *Bay { return b.all[name] }

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

// Known says that workers know all bays there are: they are in a view.
func (b *Bays) Known() {
	for _, s := range b.all {
		s.known = true
	}
}

// Changes counts how often a port came or went. A worker that stands at the gate,
// or passed it, sees what it is.
func (b *Bays) Changes() int { return b.changes }

// change calls f, which changes what ports there are, while the workers stand.
func (b *Bays) change(f func()) {
	b.stand(func() {
		f()
		b.changes++
	})
}

// add makes a bay, with queue i of each worker's. A port that comes into it is
// received from by the workers from number first on, as many as it has queues.
func (b *Bays) add(name string, first int, queues [][]pipeline.Queue, i int) {
	s := &Bay{Name: name, first: first}
	for worker := range queues {
		s.Queues = append(s.Queues, &queues[worker][i])
	}
	b.all[name] = s
}

// loads are from how many queues each worker receives. A bay that has no port
// counts as one of one queue, which it is likely to get.
func (b *Bays) loads() []int {
	loads := make([]int, b.workers)
	for _, s := range b.all {
		for i := range len(queuesOf(s.Port)) {
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

// MakeRoom makes a bay for each of the card's ENIs, given by their IDs, and returns
// the bays of those that went, which the card has no more. A new bay is for the
// worker that has the fewest queues.
func (b *Bays) MakeRoom(enis []string) (gone []*Bay) {
	stay := make(map[string]*Bay, len(enis)+1)
	stay[Uplink] = b.all[Uplink]
	var fresh []string
	for _, id := range enis {
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
		b.add(name, first, queues, i)
		loads[first]++
	}
	return gone
}

// Fits is nil if each queue of a port has a worker to receive from it.
func (b *Bays) Fits(p pmd.Port) error {
	if n := len(queuesOf(p)); n > b.workers {
		return fmt.Errorf("%s has %d queues, and the card %d workers: each queue needs one of its own", p.Info().Name, n, b.workers)
	}
	return nil
}

// Attach puts a port that was opened by hand into a bay.
func (b *Bays) Attach(s *Bay, p pmd.Port, open Opener) {
	s.Open = open
	b.change(s.attaching(p))
}

// Close ends every port. The workers have ended.
func (b *Bays) Close() (errs []error) {
	for _, s := range b.all {
		if s.Port != nil {
			errs = append(errs, s.Port.Close())
			s.Detach()
		}
	}
	return errs
}
