package pipeline

import (
	"iter"
	"slices"
	"unsafe"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Setup is what is in force: a policy and ports, prepared for the packet path. A Setup
// never changes but for the MACs that hops learn; a new Setup is put in force as a whole,
// while all workers stand at the gate.
type Setup struct {
	Policy    *vpc.Policy
	enis      eniTable
	byExits   eniTable // of packets by exits
	departed  departed
	newcomers []*newcomer // by ENI number; nil: the ENI is here since the card's start
	underlay  underlay
	edge      *Edge                 // nil: a card
	parts     []part                // by worker
	ids       map[vpc.RuleID]uint32 // an empty rulebook.ids
	metering
}

// part is one worker's part of a setup, with the worker's own queues. The queues lie in a
// slice beside guests: in guests they would cost a cache line more for each guest that a
// burst has frames for.
type part struct {
	guests []guest  // by ENI number; all workers have the same
	queues []*Queue // of guests, by ENI number; nil: no ENI of this card
	uplink *Queue
	stops  []stop

	internet *Queue // nil: a card
	rota
}

// Ports are the places for the ports of a card.
type Ports struct {
	MAC    wire.MAC    // the uplink's
	Uplink []*Queue    // by worker
	Guests []GuestPort // in any order

	Edge        *Internet // nil: a card
	InternetMAC wire.MAC  // of the edge's port to the internet
	Internet    []*Queue  // by worker
}

// GuestPort is the place for the port of one ENI of the card.
type GuestPort struct {
	ENI               *vpc.OwnENI
	Queues            []*Queue // by worker
	Limit, CacheLimit uint32   // tracked connections that the ENI's instance may hold, and cached verdicts and datagrams in fragments
}

// NewSetup prepares a policy and ports for the packet path. NewSetup takes time; the setup
// in force stays as it is, and the workers work on.
func (c *Crew) NewSetup(policy *vpc.Policy, ports *Ports) *Setup {
	before := c.Setup()
	if before == nil {
		before = &Setup{}
	}
	s := &Setup{Policy: policy, ids: c.freshIDs(), edge: c.edgeOf(policy, ports, before.edge)}
	var guests []guest
	if before.Policy == policy {
		s.enis, s.byExits, guests = before.enis, before.byExits, before.parts[0].guests
		s.departed, s.newcomers = before.departed, before.newcomers
	} else {
		guests = guestsOf(policy, ports.Guests)
		s.newcomers = newcomersOf(guests, before, c.Now())
		s.enis, s.byExits = newENITable(guests), exitTable(policy, guests)
		s.departed = departedOf(policy, before, c.Now())
	}
	s.metering = c.meteringOf(ports, &before.metering)
	for i := range c.Workers {
		s.parts = append(s.parts, partOf(i, ports, guests))
	}
	s.underlay = newUnderlay(policy, ports.MAC, &before.underlay)
	return s
}

// apart is how many bytes must lie between memory that one worker writes and memory of
// another: two cache lines, because CPUs fetch them in pairs.
const apart = 128

// partOf is worker i's part of a setup. The worker writes to polls and awake, so both get
// room for apart bytes more than they need.
func partOf(i int, ports *Ports, guests []guest) part {
	p := part{guests: guests, queues: make([]*Queue, len(guests)), uplink: ports.Uplink[i]}
	p.polls = make([]polled, 0, len(ports.Guests)+3+apart/int(unsafe.Sizeof(polled{})))
	p.add(p.uplink, nil)
	if ports.Edge != nil {
		p.internet = ports.Internet[i]
		p.add(p.internet, &internet)
	}
	for _, port := range ports.Guests {
		q, g := port.Queues[i], &guests[port.ENI.Number]
		p.queues[g.number] = q
		q.number.Store(g.number)
		p.add(q, g)
		p.addStop(q, g)
	}
	p.awake = slices.Grow(p.awake, len(p.polls)+apart/4)
	return p
}

// Queues are all queues of a worker, the uplink's first.
func (s *Setup) Queues(worker int) iter.Seq[*Queue] {
	p := &s.parts[worker]
	return func(yield func(*Queue) bool) {
		if !yield(p.uplink) || p.internet != nil && !yield(p.internet) {
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
func (s *Setup) Polled(worker int) iter.Seq[*Queue] {
	p := &s.parts[worker]
	return func(yield func(*Queue) bool) {
		for i := range p.polls {
			if !yield(p.polls[i].Queue) {
				return
			}
		}
	}
}

// guest is the ENI of a number, nil if no ENI of this card has the number.
func (s *Setup) guest(number uint32) *guest {
	guests := s.parts[0].guests
	if int(number) >= len(guests) || guests[number].eni == nil {
		return nil
	}
	return &guests[number]
}

// vtep is the index of the tunnel end at addr; ok is false if the region has none there,
// or if addr is this card's own.
func (s *Setup) vtep(addr wire.Addr) (index uint16, ok bool) {
	index, ok = s.Policy.Region.VTEP(addr)
	return index, ok && index != s.Policy.Self
}
