package bay

import (
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// Bay is a place for a port: the uplink's, or one ENI's. It outlives the port in
// it and the policies over it, and keeps their counts. What a worker has of a bay
// is a queue; the bay itself is under the card's mutex.
type Bay struct {
	Name   string
	Queues []*pipeline.Queue // by worker

	device *Device // nil: none attached
	first  int     // worker that receives from the port's first queue
	known  bool    // workers know the bay: a view has it
	taken  bool    // somebody opens a port for the bay by hand
}

// Opener opens a port. One with several queues (pmd.Queues) has at most as
// many as the card has workers.
type Opener func() (pmd.Port, error)

// Device is the one in the bay, nil if there is none.
func (s *Bay) Device() *Device { return s.device }

// Info describes the port in the bay as workers know it, without a call to the
// device. It is zero if there is none.
func (s *Bay) Info() pmd.Info {
	if s.device == nil {
		return pmd.Info{}
	}
	return s.device.info
}

// attach puts a device in the bay, while the workers stand at the gate, unless
// none of them has seen the bay yet.
func (s *Bay) attach(d *Device) {
	s.device = d
	s.spread(d.queues())
	s.setDown(d.down)
}

// spread gives each worker its queue of the port. Where there is one for each,
// worker i has queue i: devices spread both directions of a connection alike.
// Where there are fewer, the first workers from s.first on receive from them,
// and each worker sends by one, under its lock.
func (s *Bay) spread(all []pmd.Port) {
	locks := make([]tables.Spinlock, len(all))
	longest := max(s.device.info.MTU, s.device.info.Max) + wire.EthernetLen
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
	s.device.down = down
	for _, q := range s.Queues {
		was = q.SetDown(down)
	}
	return was
}

// detach leaves the bay empty, while the workers stand at the gate or have ended.
func (s *Bay) detach() {
	s.device = nil
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
