package pipeline

import (
	"iter"
	"slices"
	"unsafe"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// View is what is in force: a policy and ports, prepared for the packet path. A View
// never changes but for the MACs that hops learn; a new View is put in force as a whole,
// while all workers stand at the gate.
type View struct {
	Policy   *vpc.Policy
	enis     eniTable
	underlay underlay
	parts    []part                // by worker
	ids      map[vpc.RuleID]uint32 // an empty rulebook.ids
}

// part is one worker's part of a view, with the worker's own queues. The queues lie in a
// slice beside guests: in guests they would cost a cache line more for each guest that a
// burst has frames for.
type part struct {
	guests []guest  // by ENI number; all workers have the same
	queues []*Queue // of guests, by ENI number; nil: no ENI of this card
	uplink *Queue
	stops  []stop
	rota
}

// Ports are the places for ports of a card.
type Ports struct {
	MAC    wire.MAC // the uplink's
	Uplink []*Queue // by worker
	Guests []Place  // in any order
}

// Place is an ENI of the card, and the queues by which its guest is reached.
type Place struct {
	ENI               *vpc.OwnENI
	Queues            []*Queue // by worker
	Limit, CacheLimit uint32   // tracked connections and cached verdicts that the ENI's instance may hold
}

// NewView prepares a policy and ports for the packet path. NewView takes time; the view
// in force stays as it is, and the workers work on.
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

// apart is how many bytes must lie between memory that one worker writes and memory of
// another: two cache lines, because CPUs fetch them in pairs.
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

// Polled are the queues that a worker receives from, the uplink's first. The worker may
// be at work meanwhile, because Polled reads no field of a queue.
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

// guest is the ENI of a number, nil if no ENI of this card has the number.
func (v *View) guest(number uint32) *guest {
	guests := v.parts[0].guests
	if int(number) >= len(guests) || guests[number].eni == nil {
		return nil
	}
	return &guests[number]
}

// vtep is the index of the tunnel end at addr; ok is false if the region has none there,
// or if addr is this card's own.
func (v *View) vtep(addr wire.Addr) (index uint16, ok bool) {
	index, ok = v.Policy.Region.VTEP(addr)
	return index, ok && index != v.Policy.Self
}
