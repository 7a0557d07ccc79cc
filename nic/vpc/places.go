package vpc

import (
	"maps"
	"net/netip"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// placement is Placement in parts, so that a change costs a part.
type placement struct {
	given Placement // as configured, without a word of single ENIs and instances
	cards []CardPlacement
	edge  EdgePlacement
	ends  *tunnelEnds

	enis       *tree[eniPlace]
	allowances *tree[Allowance] // by instance
	order      uint64           // of the ENI that was placed last
}

// eniPlace is where an ENI is.
type eniPlace struct {
	card  int    // index of the card that names it, -1: none does
	port  string // "": none is named
	order uint64 // its place in the card's list
	empty bool   // a port is named, and has no name
}

// ENIPlacement is what Placement says of one ENI.
type ENIPlacement struct {
	Card string // its name; "": the first
	Port string // "": a tap named after the ENI
}

// placeENI does an edit of one ENI's place.
func (c *compiler) placeENI(e Edit) {
	place, _ := e.Object.(*ENIPlacement)
	if place == nil {
		c.place(e.ID, nil)
		return
	}
	p := &eniPlace{card: -1, port: place.Port}
	if place.Card != "" {
		p.card = slices.IndexFunc(c.next.place.cards, func(card CardPlacement) bool { return card.Name == place.Card })
		if p.card < 0 {
			c.Add("Placement: Cards", "there is no card %q", ec2.Shorten(place.Card))
			return
		}
	}
	c.place(e.ID, p)
}

// place puts an ENI where p says, or forgets where it was.
func (c *compiler) place(id string, p *eniPlace) {
	places := c.next.place.enis
	old, there := places.Get(id)
	switch {
	case p == nil && !there:
		return
	case p == nil:
		places.Delete(id)
	default:
		if p.order == 0 && there && old.card == p.card {
			p.order = old.order
		}
		if p.order == 0 {
			c.next.place.order++
			p.order = c.next.place.order
		}
		if there && old == *p {
			return
		}
		places.Set(id, *p)
	}
	c.placed[id] = true
	c.mark("NetworkInterfaces", id)
	c.changed("Placement", "")
}

// placeAll makes the placement what p says.
func (c *compiler) placeAll(p *Placement) {
	now := &c.next.place
	given := p.withoutENIs()
	full := given.withDefaults()
	if !reflect.DeepEqual(full.Cards, now.cards) || full.Edge != now.edge {
		now.cards, now.edge = full.Cards, full.Edge
		c.changed("Placement", "")
		c.markAll()
	}
	if !maps.Equal(given.Vnis, now.given.Vnis) {
		c.renumberVPCs = true
	}
	if !reflect.DeepEqual(given, now.given) {
		now.given = given
		c.changed("Placement", "")
	}
	c.placeENIs(p)
	c.allow(p.Allowances)
}

// withoutENIs is what is said of cards, edge and VPCs.
func (p *Placement) withoutENIs() Placement {
	given := Placement{Cards: slices.Clone(p.Cards), Edge: p.Edge, Vnis: p.Vnis}
	for i := range given.Cards {
		given.Cards[i].NetworkInterfaces = nil
	}
	return given
}

// placeENIs puts each ENI that p names in its place, and the others in none.
func (c *compiler) placeENIs(p *Placement) {
	var ids []string
	places := make(map[string]*eniPlace)
	at := func(id string) *eniPlace {
		if places[id] == nil {
			ids, places[id] = append(ids, id), &eniPlace{card: -1}
		}
		return places[id]
	}
	for i, card := range p.Cards {
		for _, id := range card.NetworkInterfaces {
			e := at(id)
			if e.card >= 0 {
				c.Add(cardPath(i, card.Name), "%s is on card %q already", id, p.Cards[e.card].Name)
			}
			e.card = i
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Ports)) {
		e := at(id)
		e.port, e.empty = p.Ports[id], p.Ports[id] == ""
	}
	var gone []string
	c.next.place.enis.Scan(func(id string, _ eniPlace) bool {
		if places[id] == nil {
			gone = append(gone, id)
		}
		return true
	})
	for _, id := range gone {
		c.place(id, nil)
	}
	for _, id := range ids {
		c.place(id, places[id])
	}
}

// allow makes the allowances what m says.
func (c *compiler) allow(m map[string]Allowance) {
	now := c.next.place.allowances
	for _, id := range now.Keys() {
		if _, stays := m[id]; !stays {
			now.Delete(id)
			c.changed("Placement", "")
		}
	}
	for id, a := range m {
		if had, there := now.Get(id); there && had == a {
			continue
		}
		now.Set(id, a)
		c.allowed[id] = true
		c.changed("Placement", "")
	}
}

// forgetPlacement drops what Placement says of an object that goes.
func (c *compiler) forgetPlacement(kind, id string) {
	switch kind {
	case "NetworkInterfaces":
		c.place(id, nil)
		c.dropAllowance(id)
	case "Vpcs":
		if _, named := c.next.place.given.Vnis[id]; named {
			c.next.place.given.Vnis = without(c.next.place.given.Vnis, id)
			c.changed("Placement", "")
		}
	}
}

// dropAllowance ends the allowance of an instance that loses its last ENI.
func (c *compiler) dropAllowance(lost string) {
	e, _ := c.next.enis.Get(lost)
	if e == nil {
		return
	}
	if _, bounded := c.next.place.allowances.Get(e.Instance); !bounded {
		return
	}
	other := false
	c.next.enis.Scan(func(id string, o *ENI) bool {
		other = o.Instance == e.Instance && c.object("NetworkInterfaces", id) != nil && id != lost
		return !other
	})
	if !other {
		c.next.place.allowances.Delete(e.Instance)
		c.changed("Placement", "")
	}
}

// placement is Placement as a whole.
func (r *Region) placement() Placement {
	p := r.place.given
	p.Cards = slices.Clone(p.Cards)
	type named struct {
		id    string
		order uint64
	}
	lists := make([][]named, len(p.Cards))
	r.place.enis.Scan(func(id string, e eniPlace) bool {
		if e.card >= 0 && e.card < len(lists) {
			lists[e.card] = append(lists[e.card], named{id, e.order})
		}
		if e.port != "" {
			if p.Ports == nil {
				p.Ports = map[string]string{}
			}
			p.Ports[id] = e.port
		}
		return true
	})
	for i, list := range lists {
		slices.SortFunc(list, func(a, b named) int { return int(int64(a.order) - int64(b.order)) })
		for _, n := range list {
			p.Cards[i].NetworkInterfaces = append(p.Cards[i].NetworkInterfaces, n.id)
		}
	}
	r.place.allowances.Scan(func(id string, a Allowance) bool {
		if p.Allowances == nil {
			p.Allowances = map[string]Allowance{}
		}
		p.Allowances[id] = a
		return true
	})
	return p
}

// tunnelEnds are the VTEPs of a region: 1 is the edge, and card i is i+2. 0 stands
// for the card that looks.
type tunnelEnds struct {
	vteps []VTEP
	by    map[uint32]uint16
}

func newTunnelEnds(edge EdgePlacement, cards []CardPlacement) *tunnelEnds {
	t := &tunnelEnds{vteps: make([]VTEP, 0, 2+len(cards)), by: make(map[uint32]uint16, 1+len(cards))}
	add := func(addr netip.Addr, mac wire.MAC) {
		t.by[number(addr)] = uint16(len(t.vteps))
		t.vteps = append(t.vteps, VTEP{number(addr), mac})
	}
	t.vteps = append(t.vteps, VTEP{})
	add(edge.Vtep, edge.UnderlayMac)
	for _, card := range cards {
		add(card.Vtep.Addr(), card.Mac)
	}
	return t
}
