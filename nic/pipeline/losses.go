package pipeline

import (
	"maps"
	"sync/atomic"
)

// losses are how many packets found no room in a part of a capture, by the place where they were
// seen, as long as a setup is in force. The worker counts, and anybody reads at any time.
type losses struct {
	part                     // of the setup
	n      []atomic.Uint64   // by place
	before map[string]uint64 // by name of the place, under earlier setups; nobody changes it
}

// Places that are no ENI's, by index of losses.n. Then come ENIs by number.
const (
	lostAtUplink = iota
	lostAtInternet
	lostAtENIs
)

// follow are losses under a worker's setup, with those before, which may be nil.
func (before *losses) follow(w *Worker) *losses {
	return &losses{part: w.part, n: make([]atomic.Uint64, lostAtENIs+len(w.queues)), before: before.all()}
}

// all are the losses by name of the place.
func (l *losses) all() map[string]uint64 {
	if l == nil {
		return nil
	}
	all := maps.Clone(l.before)
	for at := range l.n {
		n := l.n[at].Load()
		if n == 0 {
			continue
		}
		if all == nil {
			all = map[string]uint64{}
		}
		all[l.place(at).Name()] += n
	}
	return all
}

func (l *losses) place(at int) *Queue {
	switch at {
	case lostAtUplink:
		return l.uplink
	case lostAtInternet:
		return l.internet
	}
	return l.queues[at-lostAtENIs]
}
