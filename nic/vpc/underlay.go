package vpc

import (
	"errors"
	"maps"
	"math"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// underlay checks Placement but for VNIs, and says which card has which ENI.
func (c *compiler) underlay(card string) {
	c.checkCards()
	c.pickCard(card)
	c.placeENIs()
	c.ports()
	c.allowances()
}

func cardPath(i int, name string) string {
	return ec2.In("Placement", ec2.At("Cards", i, name))
}

func (c *compiler) checkCards() {
	vteps := map[netip.Addr]string{c.place.Edge.Vtep.Unmap(): "Placement: Edge"}
	if number(c.place.Edge.Vtep) == 0 {
		c.Add("Placement: Edge", "Vtep %s is no IPv4 address", c.place.Edge.Vtep)
	}
	names := map[string]bool{}
	for i, card := range c.place.Cards {
		path := cardPath(i, card.Name)
		switch {
		case card.Name == "":
			c.Add(path, "Name is missing")
		case names[card.Name]:
			c.Add(path, "Name stands twice")
		}
		names[card.Name] = true
		c.checkVTEP(path, card, vteps)
	}
}

func (c *compiler) checkVTEP(path string, card CardPlacement, vteps map[netip.Addr]string) {
	if !c.ipv4(path, "Vtep", card.Vtep) {
		return
	}
	addr := card.Vtep.Addr().Unmap()
	if first, twice := vteps[addr]; twice {
		c.Add(path, "Vtep %s is that of %s", addr, first)
	}
	vteps[addr] = path
	if addr.IsUnspecified() || addr.IsMulticast() || addr.IsLoopback() {
		c.Add(path, "Vtep %s is no unicast address", addr)
	}
	if g := card.Gateway; g.IsValid() && (!card.Vtep.Contains(g.Unmap()) || g.Unmap() == addr) {
		c.Add(path, "Gateway %s is no neighbour on the link %s", g, card.Vtep.Masked())
	}
}

func (c *compiler) pickCard(name string) {
	i := 0
	if name != "" {
		i = slices.IndexFunc(c.place.Cards, func(p CardPlacement) bool { return p.Name == name })
	}
	if i < 0 {
		var names []string
		for _, card := range c.place.Cards {
			names = append(names, card.Name)
		}
		c.Add("Placement: Cards", "there is no card %q, only %q", name, names)
		return
	}
	card := c.place.Cards[i]
	c.policy.Card = Card{Name: card.Name, VTEP: number(card.Vtep.Addr()), Prefix: card.Vtep.Masked(), Gateway: number(card.Gateway), MAC: card.Mac}
}

// placeENIs fills in onCard; what no card names is on the first.
func (c *compiler) placeENIs() {
	for i, card := range c.place.Cards {
		for _, id := range card.NetworkInterfaces {
			at, twice := c.onCard[id]
			switch {
			case c.leftENI(id):
			case c.policy.byID[id] == nil:
				c.unknown(ec2.In(cardPath(i, card.Name), "NetworkInterfaces"), "NetworkInterfaces", id)
			case twice:
				c.Add(cardPath(i, card.Name), "%s is on card %q already", id, c.place.Cards[at].Name)
			}
			c.onCard[id] = i
		}
	}
	for _, e := range c.enis {
		e.Local = c.place.Cards[c.onCard[e.ID]].Name == c.policy.Card.Name
	}
}

// leftENI tells whether an ENI is there and was left out.
func (c *compiler) leftENI(id string) bool {
	_, given := c.spots["NetworkInterfaces "+id]
	return given && c.policy.byID[id] == nil
}

// unknown is the problem of a reference into a list that has no such ID. Where
// the object has a mistake of its own, that one is told alone.
func (c *compiler) unknown(path, list, id string) {
	if c.unread.mayHave(list) || c.lost[c.spots[list+" "+id].path] {
		return
	}
	c.Add(path, "there is no %q in %s", ec2.Shorten(id), list)
}

// mayHaveENIs tells whether ENIs are missing that a mistake kept away.
func (c *compiler) mayHaveENIs() bool {
	return c.unread.mayHave("NetworkInterfaces") || len(c.lost) > 0
}

// ports gives each ENI of the region its guest port; one port serves one ENI.
func (c *compiler) ports() {
	for _, id := range slices.Sorted(maps.Keys(c.place.Ports)) {
		switch {
		case c.leftENI(id):
		case c.policy.byID[id] == nil:
			c.unknown("Placement: Ports", "NetworkInterfaces", id)
		case c.place.Ports[id] == "":
			c.Add("Placement: Ports: "+id, "is empty; a port such as tap:a1 is expected")
		}
	}
	type plug struct {
		card int
		port string
	}
	taken := map[plug]string{}
	for _, e := range c.enis {
		e.Port = c.place.Ports[e.ID]
		if e.Port == "" {
			e.Port = defaultPort(e.ID)
		}
		at := plug{c.onCard[e.ID], e.Port}
		if first, twice := taken[at]; twice {
			c.Add("Placement: Ports: "+ec2.Shorten(e.ID), "%s is the port of %s already", e.Port, ec2.Shorten(first))
		}
		taken[at] = e.ID
	}
}

func (c *compiler) allowances() {
	seen := map[string]bool{}
	for _, e := range c.enis {
		seen[e.Instance] = true
		e.Allowance = c.place.Allowances[e.Instance].Connections
	}
	for _, id := range slices.Sorted(maps.Keys(c.place.Allowances)) {
		if (id == "" || !seen[id]) && !c.mayHaveENIs() {
			c.Add("Placement: Allowances", "no ENI is attached to an instance %q", ec2.Shorten(id))
		}
	}
}

// vteps numbers the tunnel ends. Index 0 is this card in each policy.
func (c *compiler) vteps() error {
	l, card := &c.policy.lineage, c.policy.Card
	l.vteps.number(&c.prevNums.vteps, "this card")
	end := func(v VTEP) { // the number must be known before the list can be made
		l.vteps.number(&c.prevNums.vteps, addrOf(v.Addr).String())
	}
	ends := c.otherEnds()
	for _, v := range ends {
		end(v)
	}
	if l.vteps.next > math.MaxUint16 {
		return errors.New("this lineage of policies has numbered 65,535 VTEPs: restart the card")
	}
	c.policy.VTEPs = make([]VTEP, l.vteps.next)
	c.policy.VTEPs[0] = VTEP{card.VTEP, card.MAC}
	for _, v := range ends {
		c.policy.VTEPs[l.vteps.of[addrOf(v.Addr).String()]] = v
	}
	return nil
}

// otherEnds are the edge and the other cards.
func (c *compiler) otherEnds() []VTEP {
	ends := []VTEP{{number(c.place.Edge.Vtep), c.place.Edge.UnderlayMac}}
	for _, card := range c.place.Cards {
		if card.Name != c.policy.Card.Name {
			ends = append(ends, VTEP{number(card.Vtep.Addr()), card.Mac})
		}
	}
	return ends
}

func (c *compiler) edgeVTEP() uint16 {
	return uint16(c.policy.lineage.vteps.of[c.place.Edge.Vtep.Unmap().String()])
}

func (c *compiler) cardVTEP(i int) uint16 {
	card := c.place.Cards[i]
	if card.Name == c.policy.Card.Name {
		return 0
	}
	return uint16(c.policy.lineage.vteps.of[card.Vtep.Addr().Unmap().String()])
}
