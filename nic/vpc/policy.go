package vpc

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"

	"github.com/cespare/xxhash/v2"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// Policy is a region as one card needs it: its own ENIs. It never changes: any
// number of goroutines may read it, and a change makes a new one.
type Policy struct {
	Epoch  uint32 // one more than the policy before it; the first is 1
	Region *Region
	Card   Card      // this card
	Self   uint16    // its own VTEP
	ENIs   []*OwnENI // this card's, by number; nil: no such ENI any more

	byID  map[string]*OwnENI
	table *eniTable
}

// OwnENI is an ENI of this card, with its whole chain of ownership.
type OwnENI struct {
	*ENI
	Number    uint32 // below 1<<23; see Policy.number
	Owner     uint64 // fingerprint of the instance; an ENI without one owns itself
	Allowance uint32 // how many tracked connections the instance may have; 0: the card's fair share
	VPC       *VPC
	VNI       uint32
	RouterMAC wire.MAC // its subnet's router
	Port      string   // what its guest is plugged into, such as "tap:a1"

	network *network
	routes  *routeTable
	matcher *matcher
}

// Routes is the ID of its route table; "": the VPC's main table, which is not in
// the configuration.
func (e *OwnENI) Routes() string { return e.routes.id }

// Card is the card that a policy is for.
type Card struct {
	Name    string
	VTEP    uint32       // its address on the underlay
	Prefix  netip.Prefix // of the link, masked
	Gateway uint32       // 0: all VTEPs are on the link
	MAC     wire.MAC     // of its uplink; zero: the port's own
}

// NextHop is who takes a packet to a VTEP: itself on the same link or without a
// gateway, else the gateway.
func (c *Card) NextHop(vtep uint32) uint32 {
	if c.Gateway == 0 || c.Prefix.Contains(addrOf(vtep)) {
		return vtep
	}
	return c.Gateway
}

// VTEP is a tunnel end on the underlay.
type VTEP struct {
	Addr uint32
	MAC  wire.MAC // static; zero: resolve the next hop by ARP
}

// ENI finds an ENI of this card by its ID; nil: there is none.
func (p *Policy) ENI(id string) *OwnENI { return p.byID[id] }

// Own is an ENI of the region as this card has it; nil: it is on another.
func (p *Policy) Own(e *ENI) *OwnENI {
	if e.Card != p.Self {
		return nil
	}
	return p.byID[e.ID]
}

// maxENIs is how many ENIs a card may number: connection keys have 23 bits.
const maxENIs = 1 << 23

// Policy makes the policy of a card; "" is the first. It continues prev, if there
// is one, and costs what the card has of ENIs.
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
		Card: Card{Name: place.Name, VTEP: number(place.Vtep.Addr()), Prefix: place.Vtep.Masked(), Gateway: number(place.Gateway), MAC: place.Mac},
	}
	if err := p.take(r.on(p.Self), prev); err != nil {
		return nil, err
	}
	var err error
	p.table, err = tableOf(p.ENIs, prev.table)
	return p, err
}

func (r *Region) noCard(name string) error {
	var names []string
	for _, card := range r.place.cards {
		names = append(names, card.Name)
	}
	var p ec2.Problems
	p.Add("Placement: Cards", "there is no card %q, only %q", name, names)
	return p.Err()
}

// take makes the policy's ENIs.
func (p *Policy) take(enis []*ENI, prev *Policy) error {
	problems := ec2.Problems{Files: p.Region.files}
	p.byID = make(map[string]*OwnENI, len(enis))
	p.ENIs = make([]*OwnENI, len(prev.ENIs), max(len(prev.ENIs), len(enis)))
	var come []*OwnENI
	for _, e := range enis {
		own := p.own(e, &problems)
		p.byID[e.ID] = own
		if was := prev.byID[e.ID]; was != nil && was.VPC.ID == own.VPC.ID {
			own.Number = was.Number
			p.ENIs[own.Number] = own
		} else {
			come = append(come, own)
		}
	}
	slices.SortFunc(come, func(a, b *OwnENI) int {
		return cmp.Compare(p.Region.orderOf(a.ID), p.Region.orderOf(b.ID))
	})
	for _, own := range come {
		own.Number = uint32(len(p.ENIs))
		p.ENIs = append(p.ENIs, own)
	}
	if len(p.ENIs) > maxENIs {
		return errors.New("this card has numbered 8,388,608 ENIs: restart it")
	}
	return problems.Err()
}

func (r *Region) orderOf(eni string) uint64 {
	o, _ := r.objects["NetworkInterfaces"].Get(eni)
	return o.order
}

// own is what the card needs of one of its ENIs.
func (p *Policy) own(e *ENI, problems *ec2.Problems) *OwnENI {
	r := p.Region
	n, _ := r.networks.Get(e.Subnet.VPC.ID)
	a, _ := r.place.allowances.Get(e.Instance)
	return &OwnENI{
		ENI: e, Owner: xxhash.Sum64String(cmp.Or(e.Instance, e.ID)), Allowance: a.Connections,
		VPC: n.VPC, VNI: n.VNI, RouterMAC: e.Subnet.RouterMAC, Port: r.Port(e),
		network: n, routes: r.routesOf(e.Subnet), matcher: r.match(e, problems),
	}
}

// match compiles the groups of an ENI. ENIs with the same groups share it, on
// all cards of the process.
func (r *Region) match(e *ENI, problems *ec2.Problems) *matcher {
	groups := make([]*groupRules, len(e.Groups.List))
	for i, g := range e.Groups.List {
		groups[i], _ = r.groups.Get(g.ID)
	}
	slices.SortFunc(groups, func(a, b *groupRules) int { return cmp.Compare(a.ID, b.ID) })
	if excess := tooLarge(groups); excess != "" {
		problems.Add(r.pathOf("NetworkInterfaces", e.ID), "%s", excess)
		return nil
	}
	return r.lineage.matchers.get(setKey(groups), func() *matcher { return newMatcher(groups) })
}

// setKey names a set of compiled groups: bases are unique in a lineage.
func setKey(groups []*groupRules) string {
	var key []byte
	for _, g := range groups {
		key = binary.BigEndian.AppendUint64(key, uint64(g.base))
	}
	return string(key)
}

// ENIKey is what a frame names an ENI by: the VNI and the MAC inside it.
type ENIKey struct{ Lo, Hi uint64 }

// KeyOf packs a key: the MAC as a number (wire.MAC.Bits), and the VNI.
func KeyOf(vni uint32, mac uint64) ENIKey { return ENIKey{Lo: mac, Hi: uint64(vni)} }

// ENITable finds the number of an ENI of this card by its key. The table is
// freed with the policy: whoever uses it keeps the policy.
func (p *Policy) ENITable() *tables.Cuckoo[ENIKey, uint64] { return p.table.Cuckoo }

// eniTable frees the table with the last policy that has it.
type eniTable struct {
	*tables.Cuckoo[ENIKey, uint64]
}

// tableOf takes prev's table where it holds just these ENIs.
func tableOf(local []*OwnENI, prev *eniTable) (*eniTable, error) {
	n := 0
	for _, e := range local {
		if e != nil {
			n++
		}
	}
	if prev.holds(local, n) {
		return prev, nil
	}
	t, err := tables.New[ENIKey, uint64](max(1, n), rand.Uint64())
	if err != nil {
		return nil, err
	}
	for _, e := range local {
		if e == nil {
			continue
		}
		if _, err := t.Insert(KeyOf(e.VNI, e.MAC.Bits()), uint64(e.Number)); err != nil {
			t.Close()
			return nil, err
		}
	}
	table := &eniTable{t}
	runtime.AddCleanup(table, func(t *tables.Cuckoo[ENIKey, uint64]) { t.Close() }, t)
	return table, nil
}

func (t *eniTable) holds(local []*OwnENI, n int) bool {
	if t == nil || t.Len() != n {
		return false
	}
	for _, e := range local {
		if e == nil {
			continue
		}
		if n, found := t.Get(KeyOf(e.VNI, e.MAC.Bits())); !found || n != uint64(e.Number) {
			return false
		}
	}
	return true
}

// Notices are those of the region.
func (p *Policy) Notices() []Notice { return p.Region.Notices() }
