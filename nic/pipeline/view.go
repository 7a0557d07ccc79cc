package pipeline

import (
	"iter"
	"slices"
	"unsafe"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// View is what is in force: a policy, the ports beside it, and both prepared for
// the packet path. It is immutable but for what hops learn; a new one is put in
// force as a whole, while all workers stand at the gate.
type View struct {
	Policy   *vpc.Policy
	enis     eniTable
	underlay underlay
	parts    []part                // by worker
	ids      map[vpc.RuleID]uint32 // room for the rulebook's
}

// part is a view as one worker has it, with its own queues. Those are not in guests,
// which would be a cache line more for each guest that a burst has frames for.
type part struct {
	guests []guest  // by ENI number; all workers have the same
	queues []*Queue // of guests, by ENI number; nil: no ENI of this card
	uplink *Queue
	stops  []stop
	rota
}

// Ports are the places for ports beside a policy, each by its queues, which are by
// worker.
type Ports struct {
	MAC    wire.MAC // the uplink's
	Uplink []*Queue
	Guests []Place // in any order
}

// Place is an ENI of the card, and what its guest is reached by.
type Place struct {
	ENI               *vpc.OwnENI
	Queues            []*Queue // by worker
	Limit, CacheLimit uint32   // tracked connections and cached verdicts that the ENI's instance may hold
}

// NewView prepares a policy and ports for the packet path. It takes time, and
// changes nothing of what is in force.
func (c *Crew) NewView(policy *vpc.Policy, ports *Ports) *View {
	before := c.View()
	if before == nil {
		before = &View{}
	}
	v := &View{Policy: policy, ids: c.freshIDs()}
	var guests []guest
	if before.Policy == policy {
		v.enis, guests = before.enis, before.parts[0].guests
	} else {
		guests = guestsOf(policy, ports.Guests)
		v.enis = newENITable(guests)
	}
	for i := range c.Workers {
		v.parts = append(v.parts, partOf(i, ports, guests))
	}
	v.underlay = newUnderlay(policy, ports.MAC, &before.underlay)
	return v
}

// apart is how many bytes part what a worker writes from what another one has: two
// cache lines, because CPUs fetch them in pairs.
const apart = 128

// partOf is worker i's part of a view.
func partOf(i int, ports *Ports, guests []guest) part {
	s := part{guests: guests, queues: make([]*Queue, len(guests)), uplink: ports.Uplink[i]}
	s.polls = make([]polled, 0, len(ports.Guests)+2+apart/int(unsafe.Sizeof(polled{})))
	s.add(s.uplink, nil)
	for _, p := range ports.Guests {
		n := p.ENI.Number
		s.queues[n] = p.Queues[i]
		s.add(s.queues[n], &guests[n])
		s.addStop(s.queues[n], &guests[n])
	}
	s.awake = slices.Grow(s.awake, len(s.polls)+apart/4)
	return s
}

// Queues are all queues of a worker, the uplink's first.
func (v *View) Queues(worker int) iter.Seq[*Queue] {
	p := &v.parts[worker]
	return func(yield func(*Queue) bool) {
		if !yield(p.uplink) {
			return
		}
		for _, q := range p.queues {
			if q != nil && !yield(q) {
				return
			}
		}
	}
}

// Polled are the queues that a worker receives from, the uplink's first. Which
// they are is told without a look at the queues, whose worker may be at work.
func (v *View) Polled(worker int) iter.Seq[*Queue] {
	p := &v.parts[worker]
	return func(yield func(*Queue) bool) {
		for i := range p.polls {
			if !yield(p.polls[i].Queue) {
				return
			}
		}
	}
}

// guest is the ENI of that number as its first worker sees it, nil if none of
// this card has it.
func (v *View) guest(number uint32) *guest {
	guests := v.parts[0].guests
	if int(number) >= len(guests) || guests[number].eni == nil {
		return nil
	}
	return &guests[number]
}

// vtep is the index of a tunnel end other than this card; not ok: it is none of
// the region.
func (v *View) vtep(addr wire.Addr) (index uint16, ok bool) {
	index, ok = v.Policy.Region.VTEP(addr)
	return index, ok && index != v.Policy.Self
}
