package vpc

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// underlay checks Placement, but not VNIs, which vnis checks.
func (c *compiler) underlay() {
	if c.whole || c.exits {
		c.checkCards()
	}
	c.placeExits()
	c.checkExits()
	c.checkPlaces()
	c.allowances()
	c.checkPublicPrefixes()
	if c.first || c.edited[subject{kind: KindRegionPlacement}] {
		c.checkEdges()
	}
	if s := c.next.place.given.Port25; s != "" && s != port25Open {
		c.Add("Placement: Port25", "%q: open is expected, or nothing", ec2.Shorten(s))
	}
}

// checkPublicPrefixes checks that the provider's public addresses are prefixes apart from each
// other.
func (c *compiler) checkPublicPrefixes() {
	all := c.next.place.given.PublicPrefixes
	for i, p := range all {
		path := ec2.In("Placement", ec2.At("PublicPrefixes", i, p.String()))
		switch {
		case !p.IsValid():
			c.Add(path, "a prefix is expected")
		case p != p.Masked() || p.Addr().Is4In6():
			c.Add(path, "it is no prefix but an address in %s", p.Masked())
		case !wire.AddrFrom(p.Addr()).IsUnicast() || p.Bits() == 0 || p.Addr().IsPrivate() || p.Addr().IsLinkLocalUnicast():
			c.Add(path, "its addresses are no public ones")
		}
		for _, other := range all[:i] {
			if p.Overlaps(other) {
				c.Add(path, "it overlaps %s", other)
			}
		}
	}
}

// cardPath is the path of a card in Placement.
func cardPath(i int, name string) string {
	return ec2.In("Placement", ec2.At("Cards", i, name))
}

// checkCards checks the names and addresses of cards and edge, which must all differ.
func (c *compiler) checkCards() {
	edge, cards := c.next.place.edge, c.next.place.cards
	vteps := map[netip.Addr]string{edge.Vtep.Unmap(): "Placement: Edge"}
	c.checkEdge(edge)
	if exits := len(c.next.place.given.Exits); len(cards)+exits > maxVTEPs-firstCard {
		c.Add("Placement: Cards", "there are %d cards and %d exits; %d together are the most", len(cards), exits, maxVTEPs-firstCard)
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
		c.checkStation(path, "Mac", card.Mac)
		c.checkBroadcast("Placement: Edge", edge.Vtep, card)
	}
}

// checkBroadcast checks that a tunnel end's address is not the broadcast address of a card's
// link.
func (c *compiler) checkBroadcast(path string, vtep netip.Addr, card CardPlacement) {
	if vtep.IsValid() && card.Vtep.IsValid() && vtep.Unmap() == broadcast(card.Vtep) {
		c.Add(path, "Vtep %s is the broadcast address of %s's link %s", vtep, card.Name, card.Vtep.Masked())
	}
}

// checkEdge checks the edge's addresses.
func (c *compiler) checkEdge(edge EdgePlacement) {
	const path = "Placement: Edge"
	c.checkEnd(path, edge.Vtep)
	c.checkStation(path, "Mac", edge.Mac)
	c.checkStation(path, "UnderlayMac", edge.UnderlayMac)
}

// checkEdges checks the names of edges, which differ from each other and from the cards'.
func (c *compiler) checkEdges() {
	names := map[string]string{}
	for i, e := range c.next.place.given.Edges {
		path := ec2.In("Placement", ec2.At("Edges", i, e.Name))
		switch first, twice := names[e.Name]; {
		case e.Name == "":
			c.Add(path, "Name is missing")
		case twice:
			c.Add(path, "Name is that of %s", first)
		}
		names[e.Name] = path
	}
	for i, card := range c.next.place.cards {
		if path, is := names[card.Name]; is {
			c.Add(path, "Name is that of %s; a host follows as a card or as an edge", cardPath(i, card.Name))
		}
	}
}

// checkEnd checks the address of a tunnel end that is no card.
func (c *compiler) checkEnd(path string, vtep netip.Addr) bool {
	switch {
	case !vtep.IsValid():
		c.Add(path, "Vtep is missing")
	case vtep.Unmap().Is4() != c.underlay4():
		c.Add(path, "Vtep %s: the first card has an %s address, and an underlay is of one family", vtep, map[bool]string{true: "IPv4", false: "IPv6"}[c.underlay4()])
	case wire.AddrFrom(vtep).IsLinkLocal6() || vtep.Zone() != "":
		c.Add(path, "Vtep %s is a link-local address", vtep)
	case !wire.AddrFrom(vtep).IsUnicast():
		c.Add(path, "Vtep %s is no unicast address", vtep)
	default:
		return true
	}
	return false
}

// underlay4 tells whether the underlay is IPv4, as the first card's address is.
func (c *compiler) underlay4() bool {
	first := c.next.place.cards[0].Vtep
	return !first.IsValid() || first.Addr().Unmap().Is4()
}

// checkStation checks that a MAC may be one station's.
func (c *compiler) checkStation(path, field string, mac wire.MAC) {
	switch {
	case mac == wire.Broadcast:
		c.Add(path, "%s %s is the broadcast address; one station's is expected", field, mac)
	case mac.IsMulticast():
		c.Add(path, "%s %s is a multicast address; one station's is expected", field, mac)
	}
}

// broadcast is the broadcast address of a link, its last one. It is invalid for a link of
// one or two addresses, on which each address is a host's (RFC 3021).
func broadcast(link netip.Prefix) netip.Addr {
	if !link.Addr().Is4() || link.Bits() > 30 {
		return netip.Addr{}
	}
	last := link.Addr().As4()
	binary.BigEndian.PutUint32(last[:], binary.BigEndian.Uint32(last[:])|(1<<(32-link.Bits())-1))
	return netip.AddrFrom4(last)
}

// checkVTEP checks a card's address and gateway. vteps are the addresses of the edge and of
// the cards before.
func (c *compiler) checkVTEP(path string, card CardPlacement, vteps map[netip.Addr]string) {
	addr := card.Vtep.Addr().Unmap()
	if !c.checkEnd(path, addr) {
		return
	}
	if first, twice := vteps[addr]; twice {
		c.Add(path, "Vtep %s is that of %s", addr, first)
	}
	vteps[addr] = path
	link := card.Vtep.Masked()
	switch {
	case addr == broadcast(card.Vtep):
		c.Add(path, "Vtep %s is the broadcast address of the link %s", addr, link)
	case addr == link.Addr() && link.Bits() < addr.BitLen()-1: // RFC 3021, RFC 6164
		c.Add(path, "Vtep %s is the address of the link %s itself; one in it is expected", addr, link)
	}
	g := card.Gateway
	onLink := link.Contains(g.Unmap()) || addr.Is6() && g.IsLinkLocalUnicast() && g.Zone() == ""
	if g.IsValid() && (!onLink || g.Unmap() == addr || g.Unmap() == broadcast(card.Vtep) || !wire.AddrFrom(g).IsUnicast()) {
		c.Add(path, "Gateway %s is no neighbour on the link %s", g, link)
	}
}

// checkPlaces notes the ENIs that Placement names and that do not exist.
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

// mayHaveENIs tells whether there may be ENIs that the region lacks: on other cards, or
// kept out by a mistake.
func (c *compiler) mayHaveENIs() bool {
	return c.elsewhere() || c.unread.mayHave("NetworkInterfaces") || len(c.lost) > 0
}
