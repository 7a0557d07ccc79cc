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
	propagatedRoutes = quota{"propagated routes", 100, 100}
)

// within notes that the object at a place has more of something than the quota. where says
// which of them are meant, such as those of one family.
func (c *compiler) within(q quota, path, where string, count int) {
	switch {
	case count > q.most:
		c.notice(OverQuota, path, fmt.Sprintf("%d %s%s are more than EC2 allows (%d)", count, q.of, where, q.most))
	case count > q.usual:
		c.notice(OverQuota, path, fmt.Sprintf("%d %s%s are more than EC2's usual quota (%d), which AWS raises up to %d", count, q.of, where, q.usual, q.most))
	}
}

// familyNames are the names of IPv4 and IPv6, as familyOf numbers them.
var familyNames = [2]string{"IPv4", "IPv6"}

// ruleQuota counts the rules of a group. A rule that names a group counts in both families,
// and one that names a prefix list as its most entries.
func (c *compiler) ruleQuota(at spot, sg *ec2.SecurityGroup) {
	for _, dir := range []wire.Direction{wire.In, wire.Out} {
		var rules [2]int
		perms := permissions(sg, dir)
		for i := range perms {
			p := &perms[i]
			rules[0] += len(p.IpRanges) + len(p.UserIdGroupPairs)
			rules[1] += len(p.Ipv6Ranges) + len(p.UserIdGroupPairs)
			for _, pl := range p.PrefixListIds {
				family, entries := c.weight(pl.PrefixListId)
				rules[family] += entries
			}
		}
		for family, n := range rules {
			c.within(rulesOfGroup, ec2.In(at.path(), permissionsName(dir)), " for "+familyNames[family], n)
		}
	}
}

// routeQuota counts the routes of a table, propagated ones apart.
func (c *compiler) routeQuota(at spot, config *ec2.RouteTable) {
	var routes, propagated [2]int
	for i := range config.Routes {
		r := &config.Routes[i]
		family, n := 0, 1
		switch {
		case r.DestinationPrefixListId != "":
			family, n = c.weight(r.DestinationPrefixListId)
		case r.DestinationIpv6CidrBlock.IsValid():
			family = 1
		}
		if rankOf(r).kind == rankPropagated {
			propagated[family] += n
		} else {
			routes[family] += n
		}
	}
	for family := range familyNames {
		c.within(routesOfTable, at.path(), " for "+familyNames[family], routes[family])
		c.within(propagatedRoutes, at.path(), " for "+familyNames[family], propagated[family])
	}
}

// weight is the family of a prefix list, and as how many rules or routes the list counts:
// its most entries, of which AWS's own lists tell none.
func (c *compiler) weight(id string) (family, entries int) {
	list, known := c.next.lists.Get(id)
	if !known {
		return 0, 1
	}
	if len(list.entries) > 0 && list.entries[0].Addr().Is6() {
		family = 1
	}
	return family, max(1, list.most, len(list.entries))
}
