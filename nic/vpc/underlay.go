package vpc

import (
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"nitrocard/nic/vpc/ec2"
)

// underlay checks Placement but for VNIs.
func (c *compiler) underlay() {
	if c.whole {
		c.checkCards()
		c.next.place.ends = newTunnelEnds(c.next.place.edge, c.next.place.cards)
	}
	c.checkPlaces()
	c.allowances()
}

func cardPath(i int, name string) string {
	return ec2.In("Placement", ec2.At("Cards", i, name))
}

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

// stand puts an ENI on its card, and sees that its guest's port is its own. What
// no card names is on the first.
func (b *eniBuilder) stand() {
	e := b.eni
	e.Card = firstCard + uint16(max(b.place.card, 0))
	port := b.next.Port(e)
	e.port = xxhash.Sum64String(strconv.Itoa(int(e.Card)) + " " + port)
	if b.next.ports.Contains(e.port) {
		b.Add("Placement: Ports: "+ec2.Shorten(e.ID), "%s is the port of %s already", port, ec2.Shorten(b.next.pluggedInto(e.Card, port)))
	}
	b.next.ports.Insert(e.port)
}

// Port is what the guest behind an ENI is plugged into, such as "tap:a1".
func (r *Region) Port(e *ENI) string {
	if p, _ := r.place.enis.Get(e.ID); p.port != "" {
		return p.port
	}
	return defaultPort(e.ID)
}

// pluggedInto names the ENI of a card that has a port.
func (r *Region) pluggedInto(card uint16, port string) string {
	for _, e := range r.on(card) {
		if r.Port(e) == port {
			return e.ID
		}
	}
	return ""
}

// on are the ENIs of a card.
func (r *Region) on(card uint16) (all []*ENI) {
	r.onCard.Ascend(uint64(card)<<32, func(key uint64, e *ENI) bool {
		if key>>32 != uint64(card) {
			return false
		}
		all = append(all, e)
		return true
	})
	return all
}

// checkPlaces looks for places of ENIs that there are none of.
func (c *compiler) checkPlaces() {
	places := c.next.place.enis
	if c.whole {
		for _, id := range places.Keys() {
			c.placed[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.placed)) {
		p, said := places.Get(id)
		if !said {
			continue
		}
		missing := c.object("NetworkInterfaces", id) == nil
		if missing && p.card >= 0 {
			c.unknown(ec2.In(cardPath(p.card, c.next.place.cards[p.card].Name), "NetworkInterfaces"), "NetworkInterfaces", id)
		}
		switch {
		case missing && (p.port != "" || p.empty):
			c.unknown("Placement: Ports", "NetworkInterfaces", id)
		case p.empty:
			c.Add("Placement: Ports: "+id, "is empty; a port such as tap:a1 is expected")
		}
	}
}

// mayHaveENIs tells whether ENIs are missing that a mistake kept away.
func (c *compiler) mayHaveENIs() bool {
	return c.unread.mayHave("NetworkInterfaces") || len(c.lost) > 0
}

// allowances looks for allowances of instances that there are none of.
func (c *compiler) allowances() {
	all := c.next.place.allowances
	if c.whole {
		for _, id := range all.Keys() {
			c.allowed[id] = true
		}
	}
	for id := range c.allowed {
		if _, there := all.Get(id); !there {
			delete(c.allowed, id)
		}
	}
	if len(c.allowed) == 0 {
		return
	}
	seen := map[string]bool{}
	c.next.enis.Scan(func(_ string, e *ENI) bool {
		if c.allowed[e.Instance] {
			seen[e.Instance] = true
		}
		return len(seen) < len(c.allowed)
	})
	for _, id := range slices.Sorted(maps.Keys(c.allowed)) {
		if (id == "" || !seen[id]) && !c.mayHaveENIs() {
			c.Add("Placement: Allowances", "no ENI is attached to an instance %q", ec2.Shorten(id))
		}
	}
}

// Edge is the VTEP of the edge. 0 stands for the card that looks, and then come
// the cards.
const (
	Edge      = 1
	firstCard = 2
)
