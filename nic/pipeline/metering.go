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
	lines     int                 // of each worker: linesFor each ENI together, mostLines at most
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
			m.lines = min(m.lines+linesFor(&p.ENI.Limits), mostLines)
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

// linesFor is how many lines an ENI with limits brings: one for what waits for the instance, and some for lanes
// that are full at one time.
func linesFor(l *vpc.Limits) int {
	if lanesBind(l) {
		return 1 + mostJams
	}
	return 1
}

// supply has each worker have its lines.
func (m *metering) supply(c *Crew, before *metering) {
	if m.lines == before.lines && m.bounded == before.bounded {
		return
	}
	for _, w := range c.Workers {
		var more []*line
		for range m.lines - w.lines.made {
			more = append(more, new(line))
		}
		m.changes = append(m.changes, func() { w.lines.supply(m.lines, m.bounded, more) })
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
	if m.jams[wire.In] == nil && i.in.lanes != nil {
		m.jams = [2]*jams{new(jams), new(jams)}
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
	for j := range m.each(wire.Out) {
		for j.n > 0 {
			j.drop()
		}
	}
}

// discard ends what waits for the guest, whose port goes, or is down.
func (m *meter) discard() {
	m.queue.held = plenty
	if m.line != nil {
		m.discardLine(m.line)
	}
	for j := range m.each(wire.In) {
		m.discardLine(j.line)
	}
}

// discardLine ends what waits for the guest in a line.
func (m *meter) discardLine(l *line) {
	why := NoPort
	if m.queue.Down() {
		why = PortDown
	}
	for ; l.n > 0; l.drop() {
		m.queue.tally().Drops[why] += uint64(l.at(0).packets)
		m.show(l, why)
	}
}

// each yields the meter's jams in a direction.
func (m *meter) each(d wire.Direction) iter.Seq[*jam] {
	return func(yield func(*jam) bool) {
		all := m.worker.lines.jams
		for i := range all {
			if j := &all[i]; j.meter == m && j.dir == d && !yield(j) {
				return
			}
		}
	}
}
