package vpc

import (
	"fmt"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// quota is how many of something one object of EC2 has at most (VPC User Guide, "Amazon VPC
// quotas"). AWS raises usual on request, up to most. The card treats what lies above as EC2
// would treat it if the quota were raised, and says so.
type quota struct {
	of          string
	usual, most int
}

var (
	rulesOfGroup     = quota{"rules", 60, 1000} // most: AWS bounds groups times rules
	groupsOfENI      = quota{"security groups", 5, 16}
	routesOfTable    = quota{"routes", 500, 1000}
	entriesOfACL     = quota{"entries", 20, maxEntries}
	addressesOfNAT   = quota{"addresses", 2, 8}
	privateOfNAT     = quota{"addresses", 8, 8} // of a private one, which has no Elastic IP addresses
	blocksOfVPC      = quota{"blocks", 5, 50}
	propagatedRoutes = quota{"propagated routes", 100, 100}
)

// within notes that the object at a place has more of something than the quota. where says
// which of them are meant, such as those of one family. Nearly all are within it, so the path
// is made for the others alone.
func (c *compiler) within(q quota, where string, count int, path func() string) {
	switch {
	case count > q.most:
		c.notice(OverQuota, path(), fmt.Sprintf("%d %s%s are more than EC2 allows (%d)", count, q.of, where, q.most))
	case count > q.usual:
		c.notice(OverQuota, path(), fmt.Sprintf("%d %s%s are more than EC2's usual quota (%d), which AWS raises up to %d", count, q.of, where, q.usual, q.most))
	}
}

// ofFamily says that those of one family are meant.
var ofFamily = [2]string{ipv4: " for IPv4", ipv6: " for IPv6"}

// blockQuota counts the blocks of a VPC.
func (c *compiler) blockQuota(o *object, n *network) {
	var blocks [families]int
	for _, b := range n.cidrs {
		blocks[familyOf(wire.AddrFrom(b.Addr()))]++
	}
	for f, count := range blocks {
		c.within(blocksOfVPC, ofFamily[f], count, o.path)
	}
}

// ruleQuota counts the rules of a group. A rule that names a group counts in both families,
// and one that names a prefix list as its most entries.
func (c *compiler) ruleQuota(at spot, sg *ec2.SecurityGroup) {
	for _, dir := range []wire.Direction{wire.In, wire.Out} {
		var rules [2]int
		perms := permissions(sg, dir)
		for i := range perms {
			p := &perms[i]
			rules[ipv4] += len(p.IpRanges) + len(p.UserIdGroupPairs)
			rules[ipv6] += len(p.Ipv6Ranges) + len(p.UserIdGroupPairs)
			for _, pl := range p.PrefixListIds {
				f, entries := c.weight(pl.PrefixListId)
				rules[f] += entries
			}
		}
		for f, n := range rules {
			c.within(rulesOfGroup, ofFamily[f], n, func() string { return ec2.In(at.path(), permissionsName(dir)) })
		}
	}
}

// routeQuota counts the routes of a table, propagated ones apart.
func (c *compiler) routeQuota(at spot, config *ec2.RouteTable) {
	var routes, propagated [2]int
	for i := range config.Routes {
		r := &config.Routes[i]
		f, n := ipv4, 1
		switch {
		case r.DestinationPrefixListId != "":
			f, n = c.weight(r.DestinationPrefixListId)
		case r.DestinationIpv6CidrBlock.IsValid():
			f = ipv6
		}
		if rankOf(r).kind == rankPropagated {
			propagated[f] += n
		} else {
			routes[f] += n
		}
	}
	for f, where := range ofFamily {
		c.within(routesOfTable, where, routes[f], at.path)
		c.within(propagatedRoutes, where, propagated[f], at.path)
	}
}

// weight is the family of a prefix list, and as how many rules or routes the list counts:
// its most entries, of which AWS's own lists tell none.
func (c *compiler) weight(id string) (f family, entries int) {
	list, known := c.next.lists.Get(id)
	if !known {
		return ipv4, 1
	}
	if len(list.entries) > 0 && list.entries[0].Addr().Is6() {
		f = ipv6
	}
	return f, max(1, list.most, len(list.entries))
}
