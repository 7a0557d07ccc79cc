package bay

import (
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// Bay is a place for a port: the uplink's, or one ENI's. It outlives the port in
// it and the policies over it, and keeps their counts. What a worker has of it is
// a queue; the bay itself belongs to who has its Bays.
type Bay struct {
	Name   string
	Spec   string            // as the port was named; "" if it was attached by hand
	Port   pmd.Port          // nil: none attached
	Open   Opener            // opens the port anew after its device went away
	Info   pmd.Info          // the port's, as it was last seen
	Queues []*pipeline.Queue // by worker

	first int  // worker that receives from the port's first queue
	known bool // workers know it: it is in a view
}

// Opener opens a port. One with several queues (pmd.Queues) has at most as
// many as the card has workers.
type Opener func() (pmd.Port, error)

// queuesOf are the queues of a port.
func queuesOf(p pmd.Port) []pmd.Port {
	if q, ok := p.(*pmd.Queues); ok {
		return q.All
	}
	return []pmd.Port{p}
}

// FirstQueue is the one that speaks for a port's device; nil if there is no
// port.
func FirstQueue(p pmd.Port) pmd.Port {
	if q, ok := p.(*pmd.Queues); ok {
		return q.All[0]
	}
	return p
}

// attaching asks port p, which may take its time, and returns what puts it in
// the bay. That is called while the workers stand at the gate, unless none of
// them has seen the bay yet.
func (s *Bay) attaching(p pmd.Port) (attach func()) {
	down := p.Link() != nil
	info, locks := p.Info(), make([]tables.Spinlock, len(queuesOf(p)))
	return func() {
		s.Port, s.Info = p, info
		s.spread(queuesOf(p), locks)
		s.setDown(down)
	}
}

// spread gives each worker its queue of the port. Where there is one for each,
// worker i has queue i: devices spread both directions of a connection alike.
// Where there are fewer, the first workers from s.first on receive from them,
// and each worker sends by one, under its lock.
func (s *Bay) spread(all []pmd.Port, locks []tables.Spinlock) {
	longest := max(s.Info.MTU, s.Info.Max) + wire.EthernetLen
	for i, q := range s.Queues {
		if len(all) >= len(s.Queues) {
			q.Attach(all[i], true, longest, nil)
			continue
		}
		n := (i + len(s.Queues) - s.first) % len(s.Queues)
		q.Attach(all[n%len(all)], n < len(all), longest, &locks[n%len(all)])
	}
}

// setDown notes whether the link is down, and returns what was noted before.
func (s *Bay) setDown(down bool) (was bool) {
	for _, q := range s.Queues {
		was = q.SetDown(down)
	}
	return was
}

// Detach leaves the bay empty, while the workers stand at the gate or have ended.
func (s *Bay) Detach() {
	s.Port = nil
	for _, q := range s.Queues {
		q.Detach()
	}
}

// Counts are all workers', while they stand at the gate.
func (s *Bay) Counts() (sum pipeline.Counts) {
	for _, q := range s.Queues {
		c := q.Counts()
		sum.Add(&c)
	}
	return sum
}
