package pipeline

import (
	"iter"
	"maps"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// metering is which ENIs a setup bounds: those of instances with limits.
type metering struct {
	instances map[uint64]*limited // by owner
	meters    map[*Queue][]*meter // of an ENI that has limits or had some, by worker; by its first worker's queue
	fifos     int                 // of each worker: fifosFor each ENI together, mostFIFOs at most
	bounded   int                 // ENIs with limits
	changes   []func()            // from the metering of the setup before, for when the workers stand
}

// limited is an instance and its limits under a setup.
type limited struct {
	*Instance
	limits vpc.Limits
	begins bool // the instance had others under the setup before, or none
}

// meteringOf is the metering of ports. An instance that had limits before goes on with what it has
// left. What the workers stand for grows with the ENIs whose limits changed.
func (c *Crew) meteringOf(ports *Ports, before *metering) metering {
	m := metering{instances: map[uint64]*limited{}, meters: map[*Queue][]*meter{}}
	gone := maps.Clone(before.meters)
	for i := range ports.Guests {
		p := &ports.Guests[i]
		q := p.Queues[0]
		was := gone[q]
		delete(gone, q)
		switch {
		case p.ENI.Limits.Any():
			m.fifos = min(m.fifos+fifosFor(&p.ENI.Limits), mostFIFOs)
			m.bounded++
			i := m.instance(c, p.ENI, before)
			m.meters[q] = c.metersOf(p, was)
			if was == nil || i.begins || was[0].instance != i.Instance {
				m.change(m.meters[q], func(one *meter) { one.bound(i.Instance) })
			}
		case was != nil:
			m.meters[q] = was
			if was[0].instance != &unlimited {
				m.change(was, (*meter).free)
			}
		}
	}
	for _, was := range gone {
		m.change(was, (*meter).end)
	}
	m.supply(c, before)
	return m
}

// fifosFor is how many FIFOs an ENI with limits brings: one for what waits for the instance, and some for classes
// that have frames wait at one time.
func fifosFor(l *vpc.Limits) int {
	if classesBind(l) {
		return 1 + mostClassQueues
	}
	return 1
}

// supply has each worker have its FIFOs.
func (m *metering) supply(c *Crew, before *metering) {
	if m.fifos == before.fifos && m.bounded == before.bounded {
		return
	}
	for _, w := range c.Workers {
		var more []*fifo
		for range m.fifos - w.shaper.made {
			more = append(more, new(fifo))
		}
		m.changes = append(m.changes, func() { w.shaper.supply(m.fifos, m.bounded, more) })
	}
}

// change has each of an ENI's meters changed.
func (m *metering) change(meters []*meter, f func(*meter)) {
	m.changes = append(m.changes, func() {
		for _, one := range meters {
			f(one)
		}
	})
}

// instance is that of an ENI.
func (m *metering) instance(c *Crew, e *vpc.OwnENI, before *metering) *limited {
	if i := m.instances[e.Owner]; i != nil {
		return i
	}
	i := &limited{Instance: new(Instance), limits: e.Limits, begins: true}
	m.instances[e.Owner] = i
	if had := before.instances[e.Owner]; had != nil {
		i.Instance, i.begins = had.Instance, had.limits != e.Limits
	}
	if i.begins {
		m.changes = append(m.changes, func() { i.become(c.Now(), &i.limits) })
	}
	return i
}

// metersOf are the meters of an ENI, which had some before or nil.
func (c *Crew) metersOf(p *GuestPort, had []*meter) []*meter {
	if had != nil {
		return had
	}
	all := make([]*meter, len(c.Workers))
	for i, w := range c.Workers {
		all[i] = &meter{worker: w, queue: p.Queues[i]}
	}
	return all
}

// Credits are how much of a full bucket of credits an owner has left to receive and to send, 0 to 1;
// both 0 if its bandwidth has no peak above its baseline.
func (c *Crew) Credits(owner uint64) (in, out float64) {
	i := c.Setup().instances[owner]
	if i == nil {
		return 0, 0
	}
	return i.in.left(c.Now()), i.out.left(c.Now())
}

// adopt puts the metering in force, while the workers stand at the gate.
func (m *metering) adopt() {
	for _, change := range m.changes {
		change()
	}
	m.changes = nil
}

// bound bounds the meter's ENI by what its instance may send and receive.
func (m *meter) bound(i *Instance) {
	m.instance = i
	if m.classes[wire.In] == nil && i.in.classes != nil {
		m.classes = [2]*classIndex{new(classIndex), new(classIndex)}
	}
	m.reset()
	m.queue.meter = m
}

// free lets everything pass. Frames that wait go on to do so in order, as fast as the port takes them.
func (m *meter) free() {
	m.instance, m.queue.held = &unlimited, plenty
	m.reset()
	m.mayForget()
}

// end forgets the meter's ENI, which went, and what waited for it.
func (m *meter) end() {
	m.empty()
	m.queue.meter = nil
}

// empty ends all that waits, because the guest's port goes: what the guest sent as what is in the port's
// ring, and what was for the guest as discard does.
func (m *meter) empty() {
	m.discard()
	for q := range m.each(wire.Out) {
		for q.n > 0 {
			q.dequeue()
		}
	}
}

// discard ends what waits for the guest, whose port goes, or is down.
func (m *meter) discard() {
	m.queue.held = plenty
	if m.fifo != nil {
		m.discardFIFO(m.fifo)
	}
	for q := range m.each(wire.In) {
		m.discardFIFO(q.fifo)
	}
}

// discardFIFO ends what waits for the guest in a FIFO.
func (m *meter) discardFIFO(q *fifo) {
	why := NoPort
	if m.queue.Down() {
		why = PortDown
	}
	for ; q.n > 0; q.dequeue() {
		m.queue.tally().Drops[why] += uint64(q.at(0).packets)
		m.show(q, why)
	}
}

// each yields the meter's class queues in a direction.
func (m *meter) each(d wire.Direction) iter.Seq[*classQueue] {
	return func(yield func(*classQueue) bool) {
		all := m.worker.shaper.queues
		for i := range all {
			if q := &all[i]; q.meter == m && q.dir == d && !yield(q) {
				return
			}
		}
	}
}
