package vpc

import (
	"cmp"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// Policy is a region and one card's own ENIs. A Policy never changes, so any number of
// goroutines may read it; a change makes a new one.
type Policy struct {
	Epoch  uint32 // one more than the policy before; the first is 1
	Region *Region
	Card   Card      // this card
	Self   uint16    // index in Region.VTEPs of this card
	ENIs   []*OwnENI // this card's, by number; nil: the ENI of the number is gone

	byID map[string]*OwnENI
}

// Card is the card that a policy is for.
type Card struct {
	Name    string
	VTEP    wire.Addr    // the card's address on the underlay
	Prefix  netip.Prefix // of the link, masked
	Gateway wire.Addr    // zero: all VTEPs are on the link
	MAC     wire.MAC     // of the uplink; zero: the port's own
}

// NextHop is the address to which the card sends packets for a VTEP: the VTEP's own if it
// is on the link or there is no gateway, and else the gateway's.
func (c *Card) NextHop(vtep wire.Addr) wire.Addr {
	if c.Gateway.IsZero() || c.Prefix.Contains(vtep.Netip()) {
		return vtep
	}
	return c.Gateway
}

// ENI is the ENI of this card with an ID, nil if there is none.
func (p *Policy) ENI(id string) *OwnENI { return p.byID[id] }

// Own is e as an ENI of this card, nil if e is on another card.
func (p *Policy) Own(e *ENI) *OwnENI {
	if e.Card != p.Self {
		return nil
	}
	return p.byID[e.ID]
}

// All are this card's ENIs, by number.
func (p *Policy) All() iter.Seq[*OwnENI] {
	return func(yield func(*OwnENI) bool) {
		for _, e := range p.ENIs {
			if e != nil && !yield(e) {
				return
			}
		}
	}
}

// Notices are the region's.
func (p *Policy) Notices() []Notice { return p.Region.Notices() }

// maxENIs is how many ENIs a card may number: a connection's key has 22 bits for the
// number.
const maxENIs = 1 << 22

// Policy makes the policy of a card; "" is the first card. The policy's ENIs keep the
// numbers that they have in prev, if there is a policy before. The cost grows with the
// card's ENIs alone.
func (r *Region) Policy(card string, prev *Policy) (*Policy, error) {
	i := 0
	if card != "" {
		i = slices.IndexFunc(r.place.cards, func(p CardPlacement) bool { return p.Name == card })
	}
	if i < 0 {
		return nil, r.noCard(card)
	}
	if prev == nil {
		prev = &Policy{}
	}
	place := r.place.cards[i]
	p := &Policy{
		Epoch: prev.Epoch + 1, Region: r, Self: firstCard + uint16(i),
		Card: Card{Name: place.Name, VTEP: wire.AddrFrom(place.Vtep.Addr()), Prefix: place.Vtep.Masked(), Gateway: wire.AddrFrom(place.Gateway), MAC: place.Mac},
	}
	return p, p.take(r.on(p.Self), prev)
}

// noCard is the error of a card that Placement does not name.
func (r *Region) noCard(name string) error {
	var names []string
	for _, card := range r.place.cards {
		names = append(names, card.Name)
	}
	var p ec2.Problems
	p.Add("Placement: Cards", "there is no card %q; there are %s", name, strings.Join(names, ", "))
	return p.Err()
}

// take makes the policy's ENIs, and numbers those that prev lacks.
func (p *Policy) take(enis []*ENI, prev *Policy) error {
	t := taker{Policy: p, problems: ec2.Problems{Files: p.Region.files}, joined: map[*membership]*ownMembership{}, networks: map[string]ownNetwork{}}
	p.byID = make(map[string]*OwnENI, len(enis))
	p.ENIs = make([]*OwnENI, len(prev.ENIs), max(len(prev.ENIs), len(enis)))
	var come []newcomer
	for _, e := range enis {
		own := t.own(e)
		p.byID[e.ID] = own
		if was := prev.byID[e.ID]; was != nil && was.VPC.ID == own.VPC.ID {
			own.Number = was.Number
			p.ENIs[own.Number] = own
		} else {
			come = append(come, newcomer{own, p.Region.orderOf(e.ID)})
		}
	}
	slices.SortFunc(come, func(a, b newcomer) int { return cmp.Compare(a.order, b.order) })
	for _, n := range come {
		n.Number = uint32(len(p.ENIs))
		p.ENIs = append(p.ENIs, n.OwnENI)
	}
	t.findNATs()
	if len(p.ENIs) > maxENIs {
		return errors.New("this card has numbered 4,194,304 ENIs: restart it")
	}
	return t.problems.Err()
}

// newcomer is an ENI that has no number yet.
type newcomer struct {
	*OwnENI
	order uint64 // the object's
}

// orderOf is the order of an ENI's object.
func (r *Region) orderOf(eni string) uint64 {
	o, _ := r.objects["NetworkInterfaces"].Get(eni)
	return o.order
}

// taker makes the ENIs of one policy.
type taker struct {
	*Policy
	problems ec2.Problems
	joined   map[*membership]*ownMembership
	networks map[string]ownNetwork // by VPC
	nats     [][]ownNAT            // of all memberships
}

// findNATs finds the NAT gateways that are on this card.
func (t *taker) findNATs() {
	for _, list := range t.nats {
		for i := range list {
			if n := &list[i]; n.eni != nil {
				n.here = t.Own(n.eni)
			}
		}
	}
}

// ownNetwork is a VPC with what this card needs beside it. All ENIs of the card in the VPC
// share it.
type ownNetwork struct {
	network *network
	peers   []Peer
	reach   reach // of the VPC and its peers
	detours detours
	outward []*routeTable
	inward  [2]*routeTable // of the internet gateway and the virtual private gateway; nil: none
}

// ownMembership is a membership with what this card needs beside it. All ENIs of the card with
// the membership share it.
type ownMembership struct {
	ownNetwork
	routes  *routeTable
	nats    []ownNAT    // of routes
	acl     *networkACL // nil: none is configured for the subnet
	matcher *matcher    // nil: the groups have too many rules
}

// own makes the OwnENI of one of the card's ENIs.
func (t *taker) own(e *ENI) *OwnENI {
	r, s := t.Region, t.joined[e.membership]
	if s == nil {
		s = &ownMembership{ownNetwork: t.networkOf(e.Subnet.VPC.ID), acl: r.aclOf(e.Subnet), matcher: t.match(e)}
		s.take(t, r.routesOf(e.Subnet), e.Subnet)
		t.joined[e.membership] = s
	}
	a := r.allowance(e.Instance)
	nat, _ := r.natENIs.Get(e.ID)
	if nat != nil && nat.regional {
		s = s.ofRegional(t, nat, e.Subnet)
	}
	return &OwnENI{
		ENI: e, Primary: e.primary(), Owner: xxhash.Sum64String(cmp.Or(e.Instance, e.ID)), Allowance: a.Connections, Limits: r.limits(a),
		VPC: s.network.VPC, VNI: s.network.VNI, RouterMAC: e.Subnet.RouterMAC, NAT: nat, Port: r.Port(e), ownMembership: s,
	}
}

// ofRegional is the membership of an ENI that stands for a regional NAT gateway, which is in no
// subnet: no network ACL is asked, and the route table is the gateway's own, which may lead out of
// the VPC where no subnet's does.
func (s *ownMembership) ofRegional(t *taker, nat *NATGateway, of *Subnet) *ownMembership {
	own := *s
	own.acl = nil
	if table, there := t.Region.routes.Get(nat.table); there {
		own.take(t, table, of)
		if len(table.outside) > 0 {
			own.outward = append(slices.Clip(own.outward), table)
		}
	}
	return &own
}

// take takes a route table for ENIs of a subnet.
func (s *ownMembership) take(t *taker, table *routeTable, of *Subnet) {
	s.routes, s.nats = table, nil
	if len(table.nats) > 0 {
		s.nats = t.Region.natsOf(table, of)
		t.nats = append(t.nats, s.nats)
	}
}

// networkOf is the VPC of an ID, made once for all ENIs of the VPC.
func (t *taker) networkOf(vpc string) ownNetwork {
	own, known := t.networks[vpc]
	if !known {
		r := t.Region
		n, _ := r.networks.Get(vpc)
		own = ownNetwork{network: n, peers: r.peersOf(vpc), detours: r.detoursOf(n), outward: r.outwardOf(n), inward: r.inwardOf(vpc)}
		own.reach = reachOf(n, own.peers)
		t.networks[vpc] = own
	}
	return own
}

// match compiles the groups of an ENI. ENIs with the same groups share the matcher,
// on all cards of the process.
func (t *taker) match(e *ENI) *matcher {
	r := t.Region
	groups := make([]*groupRules, len(e.Groups))
	for i, g := range e.Groups {
		groups[i], _ = r.groups.Get(g.ID)
	}
	slices.SortFunc(groups, func(a, b *groupRules) int { return cmp.Compare(a.ID, b.ID) })
	if excess := tooLarge(groups); excess != "" {
		t.problems.Add(r.pathOf("NetworkInterfaces", e.ID), "%s", excess)
		return nil
	}
	return r.lineage.matchers.get(setKey(groups), func() *matcher { return newMatcher(groups) })
}
