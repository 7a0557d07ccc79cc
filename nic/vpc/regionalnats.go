package vpc

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// A regional NAT gateway is in no subnet, and EC2 tells of no ENI of it (VPC User Guide, regional NAT
// gateways). Placement.NatGateways says which ENI stands for its part in a zone, by the zone's name or ID;
// the ENI has the gateway's public addresses of that zone, and is on the card where Cards has it.

// regional compiles the parts of a regional NAT gateway.
func (c *compiler) regional(o *object, config *ec2.NatGateway) {
	parts, stands := c.next.place.given.NatGateways[config.NatGatewayId], false
	for _, zone := range slices.Sorted(maps.Keys(parts)) {
		g := &NATGateway{ID: partOf(config.NatGatewayId, zone), regional: true, table: config.RouteTableId, eni: parts[zone]}
		if c.part(config, g, zone) {
			c.next.nats.Set(g.ID, g)
			c.next.natENIs.Set(g.eni, g)
			stands = true
		}
	}
	if !stands {
		c.notice(NATWithoutENI, o.path(), "is regional, and Placement: NatGateways names no ENI that stands for it")
		return
	}
	for _, zone := range zonesWithout(parts, config) {
		c.notice(NATZoneAbsent, o.path(), ec2.Shorten(zone))
	}
}

// zonesWithout are the zones, by name or else by ID, where a regional NAT gateway has addresses and
// no part.
func zonesWithout(parts map[string]string, config *ec2.NatGateway) []string {
	zones := map[string]bool{}
	for _, a := range config.NatGatewayAddresses {
		zone := cmp.Or(a.AvailabilityZone, a.AvailabilityZoneId)
		if zone != "" && parts[a.AvailabilityZone] == "" && parts[a.AvailabilityZoneId] == "" {
			zones[zone] = true
		}
	}
	return slices.Sorted(maps.Keys(zones))
}

// part tells whether an ENI can stand for a regional NAT gateway in a zone, and notes why not.
func (c *compiler) part(config *ec2.NatGateway, g *NATGateway, zone string) bool {
	path := placedPath(config.NatGatewayId, zone)
	e := c.next.ENI(g.eni)
	other, taken := c.next.natENIs.Get(g.eni)
	switch {
	case e == nil && c.object("NetworkInterfaces", g.eni) != nil: // left out, and noted
	case e == nil:
		c.unknown(path, "NetworkInterfaces", g.eni)
	case taken:
		c.Add(path, "%s is the ENI of %s already", e.ID, other.ID)
	case e.form.InterfaceType != natInterface:
		c.Add(path, "%s has no InterfaceType %s", e.ID, natInterface)
	case config.VpcId != "" && config.VpcId != e.Subnet.VPC.ID:
		c.Add(path, "%s is in %s, the gateway in %s", e.ID, e.Subnet.VPC.ID, ec2.Shorten(config.VpcId))
	default:
		return c.hasAddresses(path, config, e, zone)
	}
	return false
}

// hasAddresses tells whether the public addresses of an ENI are those of a regional NAT gateway in a
// zone.
func (c *compiler) hasAddresses(path string, config *ec2.NatGateway, e *ENI, zone string) bool {
	its := map[netip.Addr]bool{}
	for _, a := range config.NatGatewayAddresses {
		if zone != "" && (a.AvailabilityZone == zone || a.AvailabilityZoneId == zone) {
			its[a.PublicIp] = true
		}
	}
	if len(its) == 0 {
		c.Add(path, "the gateway has no address in this zone")
		return false
	}
	for _, a := range e.Addrs() {
		if !a.Private.Is4() {
			continue
		}
		if a.Public.IsZero() || !its[a.Public.Netip()] {
			c.Add(path, "%s of %s stands for no PublicIp of the gateway in this zone", a.Private, e.ID)
			return false
		}
	}
	return true
}

// placedPath is where Placement names the ENI of a part.
func placedPath(gateway, zone string) string {
	return "Placement: NatGateways: " + ec2.Shorten(gateway) + ": " + ec2.Shorten(zone)
}

// dropParts takes out what a regional NAT gateway compiled to before.
func (c *compiler) dropParts(id string) {
	for _, g := range slices.Collect(c.next.partsOf(id)) {
		c.next.nats.Delete(g.ID)
		c.next.natENIs.Delete(g.eni)
	}
}

// markMovedParts marks the regional NAT gateways that one of the marked ENIs stands for.
func (c *compiler) markMovedParts() {
	for eni := range c.dirty["NetworkInterfaces"] {
		for _, id := range c.next.place.standing[eni] {
			c.mark("NatGateways", id)
		}
	}
}

// standing are the regional NAT gateways that each ENI of Placement stands for, by ENI.
func standing(placed map[string]map[string]string) map[string][]string {
	all := map[string][]string{}
	for id, parts := range placed {
		for _, eni := range parts {
			all[eni] = append(all[eni], id)
		}
	}
	return all
}

// markRegional marks the gateways whose ENIs Placement names, or named before, and the ENIs.
func (c *compiler) markRegional(was, is map[string]map[string]string) {
	c.parts, c.next.place.standing = true, standing(is)
	mark := func(kind, id string) {
		if c.object(kind, id) != nil {
			c.mark(kind, id)
		}
	}
	for _, placed := range []map[string]map[string]string{was, is} {
		for id, parts := range placed {
			mark("NatGateways", id)
			for _, eni := range parts {
				mark("NetworkInterfaces", eni)
			}
		}
	}
}

// standsForRegional tells whether Placement has an ENI stand for a regional NAT gateway.
func (c *compiler) standsForRegional(eni string) bool {
	return len(c.next.place.standing[eni]) > 0
}

// checkPlacedNATs checks that Placement names regional NAT gateways: all that it names, or those
// that changed.
func (c *compiler) checkPlacedNATs() {
	placed := c.next.place.given.NatGateways
	var ids []string
	if c.whole || c.parts {
		ids = slices.Collect(maps.Keys(placed))
	} else {
		for id := range c.dirty["NatGateways"] {
			if _, is := placed[id]; is {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		path := "Placement: NatGateways"
		switch o := c.object("NatGateways", id); {
		case o == nil:
			c.unknown(path, "NatGateways", id)
		case o.config.(*ec2.NatGateway).AvailabilityMode != "regional":
			c.Add(path, "%s is not regional, and has an ENI of its own", ec2.Shorten(id))
		}
	}
}
