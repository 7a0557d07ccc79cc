package vpc

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// placement is Placement in parts, so that a change costs one part. An ENI's card is in
// the ENI's object.
type placement struct {
	given Placement // as configured, but without single ENIs and instances
	cards []CardPlacement
	edge  EdgePlacement
	ends  *tunnelEnds
	exits *exits

	standing map[string][]string // regional NAT gateways that an ENI stands for, by ENI

	ports      *tree[string]    // configured ports, by ENI
	allowances *tree[Allowance] // by instance
}

// ENIPlacement is one ENI's place in Placement.
type ENIPlacement struct {
	Card string // the card's name; "": the first card
	Port string // "": a tap named after the ENI
}

// eniPlace is an ENI's place according to the change under way.
type eniPlace struct {
	named string // the card by its name, where card is not known yet
	card  uint16 // index in Region.VTEPs; 0: none is named
	port  string // "": none is named
	said  string // the path in Placement that names the ENI; "": nothing names it
	empty bool   // a port is named, and its name is empty
}

// placed tells whether the configuration has a Placement.
func (r *Region) placed() bool {
	if !r.place.given.IsZero() || r.place.ports.Len() > 0 || r.place.allowances.Len() > 0 {
		return true
	}
	named := false
	r.objects["NetworkInterfaces"].Scan(func(_ string, o *object) bool {
		named = o.card != 0
		return !named
	})
	return named
}

// placeENI notes an edit of one ENI's place. placePending puts the ENI there after all
// edits, because a later edit may bring the ENI.
func (c *compiler) placeENI(e Edit) {
	place, _ := e.Object.(*ENIPlacement)
	if place == nil {
		c.pending[e.ID] = eniPlace{}
		return
	}
	c.pending[e.ID] = eniPlace{named: place.Card, port: place.Port, said: "Placement: Ports"}
}

// find finds the card that a place names, which a later edit than the place's may bring.
func (c *compiler) find(p *eniPlace) bool {
	i := slices.IndexFunc(c.next.place.cards, func(card CardPlacement) bool { return card.Name == p.named })
	if i < 0 {
		c.Add("Placement: Cards", "there is no card %q", ec2.Shorten(p.named))
		return false
	}
	p.card, p.said = firstCard+uint16(i), ec2.In(cardPath(i, p.named), "NetworkInterfaces")
	return true
}

// placeENIs notes the place of each ENI that p names, and that all other ENIs have none.
func (c *compiler) placeENIs(p *Placement) {
	c.pending = map[string]eniPlace{}
	c.next.objects["NetworkInterfaces"].Scan(func(id string, o *object) bool {
		if o.card != 0 {
			c.pending[id] = eniPlace{}
		}
		return true
	})
	for i, card := range p.Cards {
		for _, id := range card.NetworkInterfaces {
			if first := c.pending[id].card; first != 0 {
				c.twice(i, card.Name, id, p.Cards[first-firstCard].Name)
			}
			c.pending[id] = eniPlace{card: firstCard + uint16(i), said: ec2.In(cardPath(i, card.Name), "NetworkInterfaces")}
		}
	}
	c.placePorts(p)
}

// placePorts notes the port of each ENI that p names, and that all other ENIs have none.
func (c *compiler) placePorts(p *Placement) {
	for _, id := range c.next.place.ports.Keys() {
		if _, noted := c.pending[id]; !noted {
			c.pending[id] = eniPlace{}
		}
	}
	for id, port := range p.Ports {
		place := c.pending[id]
		place.port, place.empty = port, port == ""
		place.said = cmp.Or(place.said, "Placement: Ports")
		c.pending[id] = place
	}
}

// twice notes that an ENI is on two cards.
func (c *compiler) twice(i int, card, id, first string) {
	c.Add(cardPath(i, card), "%s is on card %q already", ec2.Shorten(id), ec2.Shorten(first))
}

// placePending puts ENIs into the places that the edits named.
func (c *compiler) placePending() {
	for _, id := range slices.Sorted(maps.Keys(c.pending)) {
		delete(c.homeless, id)
		p, o := c.pending[id], c.object("NetworkInterfaces", id)
		if p.named != "" && !c.find(&p) {
			continue
		}
		if o == nil {
			c.unplaced(id, p)
			continue
		}
		if o.card != p.card {
			moved := *o
			moved.card = p.card
			c.list(o.kind).Set(id, &moved)
			c.movedENI(id)
			c.mark(o.kind, id)
		}
		c.plug(id, p)
	}
	c.putMappings()
	c.checkHomeless()
}

// plug sets an ENI's port.
func (c *compiler) plug(id string, p eniPlace) {
	ports := c.next.place.ports
	was, _ := ports.Get(id)
	switch {
	case p.empty:
		c.Add("Placement: Ports: "+id, "is empty; a port such as tap:a1 is expected")
		return
	case was == p.port:
		return
	case p.port == "":
		ports.Delete(id)
	default:
		ports.Set(id, p.port)
	}
	c.movedENI(id)
	c.mark("NetworkInterfaces", id)
}

// movedENI notes that an ENI has another place.
func (c *compiler) movedENI(id string) {
	c.changed("Placement", "")
	c.changed(KindENIPlacement, id)
}

// unplaced notes that Placement names an ENI that does not exist.
func (c *compiler) unplaced(id string, p eniPlace) {
	if p.said != "" {
		c.nowhere = append(c.nowhere, reference{p.said, "NetworkInterfaces", id})
	}
}

// placeAll makes the placement that of p, without the places of single ENIs.
func (c *compiler) placeAll(p *Placement) {
	now := &c.next.place
	given := p.withoutENIs()
	full := given.withDefaults()
	if !reflect.DeepEqual(full.Cards, now.cards) || full.Edge != now.edge {
		now.cards, now.edge = full.Cards, full.Edge
		c.changedRegionPlacement()
		c.markAll()
	}
	if !maps.Equal(given.Exits, now.given.Exits) {
		c.markExits(now.given.Exits, given.Exits)
	}
	if !reflect.DeepEqual(given.NatGateways, now.given.NatGateways) {
		c.markRegional(now.given.NatGateways, given.NatGateways)
	}
	if !maps.Equal(given.Vnis, now.given.Vnis) {
		c.renumberVPCs = true
	}
	if !reflect.DeepEqual(given, now.given) {
		now.given = given
		c.changedRegionPlacement()
	}
	c.allow(p.Allowances)
}

// withoutENIs is the part of p about cards, edge and VPCs.
func (p *Placement) withoutENIs() Placement {
	given := Placement{Cards: slices.Clone(p.Cards), Edge: p.Edge, Edges: p.Edges, Vnis: p.Vnis, Exits: p.Exits, NatGateways: p.NatGateways, Part: p.Part, PublicPrefixes: p.PublicPrefixes, AllowancesByType: p.AllowancesByType, Port25: p.Port25}
	for i := range given.Cards {
		given.Cards[i].NetworkInterfaces = nil
	}
	return given
}

// forgetPlacement drops an object that goes from Placement.
func (c *compiler) forgetPlacement(o *object) {
	id := o.id()
	switch o.kind {
	case "NetworkInterfaces":
		delete(c.pending, id)
		if _, named := c.next.place.ports.Delete(id); named || o.card != 0 {
			c.changed("Placement", "")
		}
		c.dropAllowance(o.config.(*identity))
	case "Vpcs":
		if _, named := c.next.place.given.Vnis[id]; named && !c.next.place.given.Part {
			c.next.place.given.Vnis = without(c.next.place.given.Vnis, id)
			c.changedRegionPlacement()
		}
	}
}

// without is a copy of a map that lacks a key.
func without[V any](m map[string]V, key string) map[string]V {
	m = maps.Clone(m)
	delete(m, key)
	return m
}

// Placement is the whole Placement. The ENIs of a card are in the order of
// NetworkInterfaces.
func (r *Region) Placement() Placement {
	p := r.place.given
	p.Cards = slices.Clone(p.Cards)
	for _, o := range r.inOrder("NetworkInterfaces") {
		if i := int(o.card) - firstCard; i >= 0 {
			p.Cards[i].NetworkInterfaces = append(p.Cards[i].NetworkInterfaces, o.id())
		}
	}
	r.place.ports.Scan(func(id, port string) bool {
		if p.Ports == nil {
			p.Ports = map[string]string{}
		}
		p.Ports[id] = port
		return true
	})
	r.place.allowances.Scan(func(id string, a Allowance) bool {
		if p.Allowances == nil {
			p.Allowances = map[string]Allowance{}
		}
		p.Allowances[id] = a
		return true
	})
	return p
}
