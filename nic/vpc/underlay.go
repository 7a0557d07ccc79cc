package vpc

import (
	"cmp"
	"math"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// underlay checks Placement but for VNIs, which networks.go does.
func (c *compiler) underlay() {
	if c.whole {
		c.checkCards()
		c.next.place.ends = newTunnelEnds(c.next.place.edge, c.next.place.cards)
	}
	c.checkPlaces()
	c.allowances()
}

// cardPath is the path of a card in Placement.
func cardPath(i int, name string) string {
	return ec2.In("Placement", ec2.At("Cards", i, name))
}

// checkCards checks cards and edge: names, and addresses that are one each.
func (c *compiler) checkCards() {
	edge, cards := c.next.place.edge, c.next.place.cards
	vteps := map[netip.Addr]string{edge.Vtep.Unmap(): "Placement: Edge"}
	if number(edge.Vtep) == 0 {
		c.Add("Placement: Edge", "Vtep %s is no IPv4 address", edge.Vtep)
	}
	if most := math.MaxUint16 - 2; len(cards) > most {
		c.Add("Placement: Cards", "there are %d cards; %d are the most", len(cards), most)
	}
	names := map[string]bool{}
	for i, card := range cards {
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

// checkVTEP checks a card's address and gateway. vteps are the addresses of those
// before it.
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

// checkPlaces names the ENIs that Placement names and that there are not.
func (c *compiler) checkPlaces() {
	for id := range c.gone("NetworkInterfaces") {
		if _, named := c.next.place.ports.Get(id); named {
			c.nowhere = append(c.nowhere, reference{"Placement: Ports", "NetworkInterfaces", id})
		}
	}
	slices.SortStableFunc(c.nowhere, func(a, b reference) int { return cmp.Compare(a.id, b.id) })
	for _, r := range c.nowhere {
		c.unknown(r.field, r.list, r.id)
	}
}

// mayHaveENIs tells whether ENIs are missing that a mistake kept away.
func (c *compiler) mayHaveENIs() bool {
	return c.unread.mayHave("NetworkInterfaces") || len(c.lost) > 0
}
