package nic

import (
	"fmt"

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

// newSlot makes a place. Ports of one queue are spread over the workers in the
// order their places are made.
func (c *Card) newSlot(name string) *slot {
	s := &slot{name: name, first: c.places % len(c.workers)}
	c.places++
	for range c.workers {
		s.queues = append(s.queues, &queue{slot: s, name: name})
	}
	return s
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

// attach puts port p in the slot. Where it has a queue for each worker, worker i
// has queue i: devices spread both directions of a connection alike. Where it
// has fewer, the first ones from s.first on receive from them, and each worker
// sends by one. It is called while the workers stand at the gate, unless none
// of them has seen the slot yet.
func (s *slot) attach(p pmd.Port) {
	s.port, s.info = p, p.Info()
	down := p.Link() != nil
	all := queuesOf(p)
	locks := make([]tables.Spinlock, len(all))
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
		q.longest = s.info.MTU + wire.EthernetLen
		q.down.Store(down)
	}
}

// setDown notes whether the link is down, and returns what was noted before.
func (s *slot) setDown(down bool) (was bool) {
	for _, q := range s.queues {
		was = q.down.Swap(down)
	}
	return was
}

// detach leaves the place empty.
func (s *slot) detach() {
	s.port = nil
	for _, q := range s.queues {
		q.port, q.tx, q.polled = nil, nil, false
	}
}

// counts are all workers'. They must stand at the gate.
func (s *slot) counts() (sum counts) {
	for _, q := range s.queues {
		sum.add(&q.counts)
	}
	return sum
}
