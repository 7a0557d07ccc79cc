package nic

import (
	"fmt"
	"maps"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// slot is a place for a port: the uplink's, or one ENI's. It outlives the
// port in it and the policies over it, and keeps their counts. What a worker
// has of it is a queue; the slot itself is the card's, under its mutex.
type slot struct {
	name   string
	spec   string   // as Options.OpenPort named the port
	port   pmd.Port // nil: none attached
	open   Opener   // opens it anew after its device went away
	info   pmd.Info // the port's, as the card last saw it
	first  int      // worker that receives from the port's first queue
	queues []*queue // by worker
}

// Opener opens a port. One with several queues (pmd.Queues) has at most as
// many as the card has workers.
type Opener func() (pmd.Port, error)

// newSlot makes a place, with queue i of each worker's. A port that comes into
// it is received from by the workers from number first on, as many as it has
// queues.
func newSlot(name string, first int, queues [][]queue, i int) *slot {
	s, l := &slot{name: name, first: first}, &nameplate{name: name}
	s.queues = make([]*queue, len(queues))
	for worker := range queues {
		q := &queues[worker][i]
		q.slot, q.label = s, l
		s.queues[worker] = q
	}
	return s
}

// loads are from how many queues each worker receives. A place that has no port
// counts as one of one queue, which it is likely to get.
func (c *Card) loads() []int {
	loads := make([]int, len(c.workers))
	for _, s := range c.slots {
		for i := range len(queuesOf(s.port)) {
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

// makeRoom makes a place for each ENI that policy brings to this card, and
// returns the places of those that go, which the card has no more. A new place
// is for the worker that has the fewest queues.
func (c *Card) makeRoom(policy *vpc.Policy) []*slot {
	stay := []string{Uplink}
	for _, e := range policy.ENIs {
		if e != nil {
			stay = append(stay, e.ID)
		}
	}
	was := c.slots
	c.slots = make(map[string]*slot, len(stay))
	for _, name := range stay {
		if s := was[name]; s != nil {
			c.slots[name] = s
			delete(was, name)
		}
	}
	loads, fresh := c.loads(), len(stay)-len(c.slots)
	for queues := c.newQueues(fresh); fresh > 0; stay = stay[1:] {
		if name := stay[0]; c.slots[name] == nil {
			fresh--
			s := newSlot(name, lightest(loads), queues, fresh)
			c.slots[name] = s
			loads[s.first]++
		}
	}
	return slices.Collect(maps.Values(was))
}

// queuesOf are the queues of a port.
func queuesOf(p pmd.Port) []pmd.Port {
	if q, ok := p.(*pmd.Queues); ok {
		return q.All
	}
	return []pmd.Port{p}
}

// firstQueue is the one that speaks for a port's device; nil if there is no
// port.
func firstQueue(p pmd.Port) pmd.Port {
	if q, ok := p.(*pmd.Queues); ok {
		return q.All[0]
	}
	return p
}

// fits is nil if each queue of a port has a worker to receive from it.
func (c *Card) fits(p pmd.Port) error {
	if n := len(queuesOf(p)); n > len(c.workers) {
		return fmt.Errorf("%s has %d queues, and the card %d workers: each queue needs one of its own", p.Info().Name, n, len(c.workers))
	}
	return nil
}

// attaching asks port p, which may take its time, and returns what puts it in
// the slot. That is called while the workers stand at the gate, unless none of
// them has seen the slot yet.
func (s *slot) attaching(p pmd.Port) (attach func()) {
	down := p.Link() != nil
	info, locks := p.Info(), make([]tables.Spinlock, len(queuesOf(p)))
	return func() {
		s.port, s.info = p, info
		s.share(queuesOf(p), locks)
		s.setDown(down)
	}
}

// share gives each worker its queue of the port. Where there is one for each,
// worker i has queue i: devices spread both directions of a connection alike.
// Where there are fewer, the first workers from s.first on receive from them,
// and each worker sends by one, under its lock.
func (s *slot) share(all []pmd.Port, locks []tables.Spinlock) {
	for i, q := range s.queues {
		n := i
		if len(all) < len(s.queues) {
			n = (i + len(s.queues) - s.first) % len(s.queues)
		}
		q.port, q.polled = all[n%len(all)], n < len(all)
		q.tx = q.port
		if len(all) < len(s.queues) {
			q.tx = shared{&locks[n%len(all)], q.port}
		}
		q.longest = max(s.info.MTU, s.info.Max) + wire.EthernetLen
	}
}

// setDown notes whether the link is down, and returns what was noted before.
func (s *slot) setDown(down bool) (was bool) {
	for _, q := range s.queues {
		was = q.setDown(down)
	}
	return was
}

// detach leaves the place empty.
func (s *slot) detach() {
	s.port = nil
	for _, q := range s.queues {
		q.port, q.tx, q.polled = nil, nil, false
		q.room.Store(0)
	}
}

// counts are all workers'. They must stand at the gate.
func (s *slot) counts() (sum counts) {
	for _, q := range s.queues {
		sum.add(q.counts())
	}
	return sum
}
