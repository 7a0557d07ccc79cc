package bay

import (
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// Bay is a place for a port: the uplink's, or one ENI's. A bay and its counts outlive the
// ports that come and go, and the policies. Each worker has a queue of the bay; the bay's
// other fields are under the card's mutex.
type Bay struct {
	Name   string
	Queues []*pipeline.Queue // by worker

	device *Device // nil: none attached
	first  int     // worker that receives from the port's first queue
	known  bool    // a setup has the bay, so workers use its queues
	taken  bool    // Attach is opening a port for the bay
}

// Opener opens a port. A port with several queues (pmd.Queues) may have at most as many
// as the card has workers.
type Opener func() (pmd.Port, error)

// Device is the device in the bay, nil if there is none.
func (s *Bay) Device() *Device { return s.device }

// Info describes the port in the bay as workers know the port, without a call to the
// device. Info is zero if there is no port.
func (s *Bay) Info() pmd.Info {
	if s.device == nil {
		return pmd.Info{}
	}
	return s.device.info
}

// attach puts a device in the bay. Call attach while the workers stand at the gate, or
// before any worker has seen the bay.
func (s *Bay) attach(d *Device) {
	s.device = d
	for _, q := range d.queues() {
		if m, ok := q.(pmd.Merging); ok {
			m.LendMerged(s.Name == Uplink)
		}
	}
	s.spread(d.queues())
	s.setDown(d.down)
}

// spread gives each worker a queue of the port. If the port has a queue for each worker,
// worker i has queue i: devices spread both directions of a connection alike. If the port
// has fewer queues, each is received from by one worker, from worker s.first on, and each
// worker sends by one of them, under the queue's lock.
func (s *Bay) spread(all []pmd.Port) {
	locks := make([]tables.Spinlock, len(all))
	longest := min(max(s.device.info.MTU, s.device.info.Max)+wire.EthernetLen, pmd.MaxFrame-wire.VLANLen)
	for i, q := range s.Queues {
		if len(all) >= len(s.Queues) {
			q.Attach(all[i], true, longest, nil)
			continue
		}
		n := (i + len(s.Queues) - s.first) % len(s.Queues)
		q.Attach(all[n%len(all)], n < len(all), longest, &locks[n%len(all)])
	}
}

// setDown notes whether the link is down, and returns whether it was down before.
func (s *Bay) setDown(down bool) (was bool) {
	s.device.down = down
	for _, q := range s.Queues {
		was = q.SetDown(down)
	}
	return was
}

// detach leaves the bay empty. Call detach while the workers stand at the gate, or after
// they have ended.
func (s *Bay) detach() {
	s.device = nil
	for _, q := range s.Queues {
		q.Detach()
	}
}

// Counts are the sum over all workers. Call Counts while the workers stand at the gate.
func (s *Bay) Counts() (sum pipeline.Counts) {
	for _, q := range s.Queues {
		c := q.Counts()
		sum.Add(&c)
	}
	return sum
}
