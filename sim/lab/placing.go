//go:build linux

package lab

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// What a dump of EC2 does not tell: which server an instance is on, and where servers and
// edge are on the underlay. The lab makes a server for each availability zone.

// absent is the card of the ENIs that have no guest in the lab: nobody is at its tunnel end.
const absent = "absent"

// inForce is a copy of a configuration with the ENIs alone that cards take from it. Of an answer
// of EC2 they leave out an ENI whose subnet, say, is not in the configuration.
func inForce(c *vpc.Config) (*vpc.Config, error) {
	region, err := vpc.EmptyRegion().Become(c)
	if err != nil {
		return nil, err
	}
	next, list := *c, "NetworkInterfaces"
	next.NetworkInterfaces, next.Places = nil, maps.Clone(c.Places)
	delete(next.Places, list)
	for i, e := range c.NetworkInterfaces {
		if region.ENI(e.NetworkInterfaceId) == nil {
			continue
		}
		next.NetworkInterfaces = append(next.NetworkInterfaces, e)
		if at := c.Places[list]; i < len(at) {
			next.Places[list] = append(next.Places[list], at[i])
		}
	}
	return &next, nil
}

// placed is a copy of a configuration that says where everything is. ENIs that are not among
// the guests are on the card absent, but for those of NAT gateways, whose guest is a part of
// the card.
func placed(c *vpc.Config, guests []string) *vpc.Config {
	next := *c
	p := &next.Placement
	if len(p.Cards) == 0 {
		p.Cards = zoneCards(c)
		p.Edge.Vtep = netip.AddrFrom4([4]byte{172, 16, 0, 1})
	}
	cards := map[string]int{} // by ENI
	for i, card := range p.Cards {
		for _, id := range card.NetworkInterfaces {
			cards[id] = i
		}
	}
	p.Cards = append(slices.Clone(p.Cards), vpc.CardPlacement{Name: absent, Vtep: unused(*p)})
	for i := range p.Cards {
		p.Cards[i].NetworkInterfaces = nil
	}
	nats := natENIs(c)
	for _, e := range c.NetworkInterfaces {
		at := cards[e.NetworkInterfaceId]
		if !slices.Contains(guests, e.NetworkInterfaceId) && !nats[e.NetworkInterfaceId] {
			at = len(p.Cards) - 1
		}
		p.Cards[at].NetworkInterfaces = append(p.Cards[at].NetworkInterfaces, e.NetworkInterfaceId)
	}
	p.Cards = slices.DeleteFunc(p.Cards, func(card vpc.CardPlacement) bool { return len(card.NetworkInterfaces) == 0 })
	return &next
}

// zoneCards are a card for each availability zone that has ENIs. If there is but one zone,
// its ENIs are on two cards in turn, so that packets take tunnels.
func zoneCards(c *vpc.Config) (cards []vpc.CardPlacement) {
	byZone := map[string][]string{}
	zones := zonesOf(c)
	for _, e := range c.NetworkInterfaces {
		byZone[zones[e.SubnetId]] = append(byZone[zones[e.SubnetId]], e.NetworkInterfaceId)
	}
	var groups [][]string
	for _, zone := range slices.Sorted(maps.Keys(byZone)) {
		groups = append(groups, byZone[zone])
	}
	if len(groups) == 1 && len(groups[0]) > 1 {
		groups = inTurn(groups[0])
	}
	vtep := netip.MustParsePrefix("172.16.0.11/16")
	for i, enis := range groups {
		cards = append(cards, vpc.CardPlacement{Name: fmt.Sprintf("s%d", i+1), NetworkInterfaces: enis, Vtep: vtep})
		vtep = netip.PrefixFrom(vtep.Addr().Next(), vtep.Bits())
	}
	return cards
}

// inTurn deals a list out to two.
func inTurn(all []string) [][]string {
	two := make([][]string, 2)
	for i, x := range all {
		two[i%2] = append(two[i%2], x)
	}
	return two
}

// zonesOf are the availability zones of subnets.
func zonesOf(c *vpc.Config) map[string]string {
	zones := map[string]string{}
	for _, s := range c.Subnets {
		zones[s.SubnetId] = s.AvailabilityZone
	}
	return zones
}

// unused is an address of the cards' link that neither a card nor the edge has.
func unused(p vpc.Placement) netip.Prefix {
	cards, link := p.Cards, p.Cards[0].Vtep
	taken := func(a netip.Addr) bool {
		return a == p.Edge.Vtep || slices.ContainsFunc(cards, func(c vpc.CardPlacement) bool { return c.Vtep.Addr() == a })
	}
	addr := link.Addr().Next()
	for taken(addr) {
		addr = addr.Next()
	}
	return netip.PrefixFrom(addr, link.Bits())
}

// natENIs are the ENIs of NAT gateways.
func natENIs(c *vpc.Config) map[string]bool {
	all := map[string]bool{}
	for _, g := range c.NatGateways {
		for _, a := range g.NatGatewayAddresses {
			all[a.NetworkInterfaceId] = true
		}
	}
	for _, e := range c.NetworkInterfaces {
		if e.InterfaceType == "nat_gateway" {
			all[e.NetworkInterfaceId] = true
		}
	}
	return all
}

// mostGuests is for how many ENIs the lab makes a guest.
const mostGuests = 12

// chosen are the ENIs that get a guest: all, or, where there are many, as many different
// ones as possible. ENIs are of one kind if they have the same subnet and groups, and a
// public address or none. ENIs that routes lead to come first, and instances before
// services.
func chosen(c *vpc.Config) (guests []string) {
	kinds := map[string]int{} // how many ENIs of a kind came before
	type candidate struct {
		id   string
		rank [3]int
	}
	var all []candidate
	nats, targets := natENIs(c), targets(c)
	for _, e := range c.NetworkInterfaces {
		if nats[e.NetworkInterfaceId] || !primary(e).IsValid() && !first6(e).IsValid() {
			continue
		}
		rank := [3]int{1, 1, kinds[kindOf(e)]}
		if targets[e.NetworkInterfaceId] {
			rank[0] = 0
		}
		if e.Attachment != nil && e.Attachment.InstanceId != "" {
			rank[1] = 0
		}
		all = append(all, candidate{e.NetworkInterfaceId, rank})
		kinds[kindOf(e)]++
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return slices.Compare(a.rank[:], b.rank[:]) })
	for _, x := range all[:min(len(all), mostGuests)] {
		guests = append(guests, x.id)
	}
	return guests
}

// targets are the ENIs that routes name.
func targets(c *vpc.Config) map[string]bool {
	all := map[string]bool{}
	for _, t := range c.RouteTables {
		for _, r := range t.Routes {
			all[r.NetworkInterfaceId] = true
		}
	}
	return all
}

// kindOf tells which ENIs are alike.
func kindOf(e ec2.NetworkInterface) string {
	kind := e.SubnetId
	for _, g := range e.Groups {
		kind += " " + g.GroupId
	}
	public := e.Association != nil || slices.ContainsFunc(e.PrivateIpAddresses, func(a ec2.NetworkInterfacePrivateIpAddress) bool { return a.Association != nil })
	return fmt.Sprint(kind, public, e.SourceDestCheck == nil || *e.SourceDestCheck)
}

// primary is an ENI's primary IPv4 address, invalid if it has none.
func primary(e ec2.NetworkInterface) netip.Addr {
	for _, a := range e.PrivateIpAddresses {
		if a.Primary {
			return a.PrivateIpAddress
		}
	}
	return e.PrivateIpAddress
}
