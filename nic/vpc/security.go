package vpc

import (
	"fmt"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// prefixLists compiles the lists of customers and of AWS.
func (c *compiler) prefixLists() {
	for i, l := range c.config.ManagedPrefixLists {
		at, ok := c.identify("ManagedPrefixLists", i, "PrefixListId", l.PrefixListId)
		if !ok {
			continue
		}
		path := at.path
		cidrs := make([]netip.Prefix, len(l.Entries))
		for j, e := range l.Entries {
			if cidrs[j] = e.Cidr; !e.Cidr.IsValid() {
				c.Add(ec2.In(path, ec2.At("Entries", j, "")), "Cidr is missing")
			}
		}
		c.addPrefixList(&prefixList{id: l.PrefixListId, known: l.Entries != nil, ipv6: l.AddressFamily == "IPv6"}, cidrs)
	}
	for i, l := range c.config.PrefixLists {
		if _, ok := c.identify("PrefixLists", i, "PrefixListId", l.PrefixListId); !ok {
			continue
		}
		if have := c.policy.lists[l.PrefixListId]; have == nil || !have.known {
			c.addPrefixList(&prefixList{id: l.PrefixListId, known: true}, l.Cidrs)
		}
	}
}

// addPrefixList keeps the list of the policy before where it is the same, by
// which its groups know that nothing changed.
func (c *compiler) addPrefixList(list *prefixList, cidrs []netip.Prefix) {
	for _, p := range cidrs {
		if p.IsValid() && p.Addr().Is4() {
			list.entries = append(list.entries, spanOf(p))
		} else {
			list.cidrs6++
		}
	}
	if before := c.prev.lists[list.id]; before != nil && before.known == list.known && before.ipv6 == list.ipv6 && before.cidrs6 == list.cidrs6 &&
		slices.Equal(before.entries, list.entries) {
		list = before
	}
	c.policy.lists[list.id] = list
}

// prefixList finds a list that something names at a path. Its entries are not
// known where it was not given, or without them (describe-managed-prefix-lists
// leaves them out).
func (c *compiler) prefixList(at spot, path, id string) *prefixList {
	if c.policy.lists[id] == nil {
		if c.config.ManagedPrefixLists != nil && !at.Answer {
			c.unknown(path, "ManagedPrefixLists", id)
		}
		c.addPrefixList(&prefixList{id: id}, nil)
	}
	return c.policy.lists[id]
}

// security checks and compiles the security groups.
func (c *compiler) security() {
	known := c.knownGroups()
	for i := range c.config.SecurityGroups {
		sg := &c.config.SecurityGroups[i]
		at, ok := c.identify("SecurityGroups", i, "GroupId", sg.GroupId)
		if !ok {
			continue
		}
		if c.vpcs[sg.VpcId] == nil {
			c.groupElsewhere(at, sg)
		}
		check := groupCheck{c, sg, at, known}
		check.permissions(at.path)
		c.addGroup(sg)
	}
	for _, g := range c.policy.groups {
		c.policy.sorted = append(c.policy.sorted, g)
	}
	slices.SortFunc(c.policy.sorted, func(a, b *Group) int { return int(a.base) - int(b.base) })
}

// knownGroups are all that is known of groups before they are compiled.
type knownGroups struct {
	vpcOf   map[string]string // of groups that exist
	members map[string]bool   // by group: some ENI is in it
	lent    map[ec2.SecurityGroupVpcAssociation]string
}

func (c *compiler) knownGroups() knownGroups {
	k := knownGroups{map[string]string{}, map[string]bool{}, c.lentGroups()}
	for i := range c.config.SecurityGroups {
		k.vpcOf[c.config.SecurityGroups[i].GroupId] = c.config.SecurityGroups[i].VpcId
	}
	for i := range c.config.NetworkInterfaces {
		for _, g := range c.config.NetworkInterfaces[i].Groups {
			k.members[g.GroupId] = true
		}
	}
	return k
}

// groupElsewhere is for a group whose VPC is not in the configuration, as those
// of EC2-Classic, which had none.
func (c *compiler) groupElsewhere(at spot, sg *ec2.SecurityGroup) {
	vpc := ec2.Shorten(sg.VpcId)
	if vpc == "" {
		vpc = "EC2-Classic"
	}
	if at.Answer && c.config.Vpcs == nil || c.excused(at, Elsewhere, vpc) {
		return
	}
	c.unknown(ec2.In(at.path, "VpcId"), "Vpcs", sg.VpcId)
}

// lastBase bounds rule numbers: a lineage that came this far compiles all groups
// anew and starts again at 1.
const lastBase = 1 << 30

func (c *compiler) addGroup(config *ec2.SecurityGroup) {
	l := &c.policy.lineage
	g := c.prev.groups[config.GroupId]
	if g == nil || !g.same(config, c.policy.lists) {
		g = &Group{ID: config.GroupId, Name: config.GroupName, base: l.rules}
		b := groupBuilder{g, c.policy.lists, func(id string) uint32 { return l.groups.number(&c.prevNums.groups, id) }}
		g.number = b.number(g.ID)
		b.build(config)
		l.rules += max(1, g.size())
	}
	c.policy.groups[g.ID] = g
}

// groupCheck looks for mistakes in a group, and for what the card does not do.
type groupCheck struct {
	*compiler
	group *ec2.SecurityGroup
	at    spot
	known knownGroups
}

func (c groupCheck) permissions(path string) {
	for _, dir := range []Direction{In, Out} {
		for i := range permissions(c.group, dir) {
			c.permission(ec2.In(path, permissionPath(dir, i)), &permissions(c.group, dir)[i])
		}
	}
}

func (c groupCheck) permission(path string, perm *ec2.IpPermission) {
	if _, err := parseService(perm); err != nil {
		c.Add(path, "%v", err)
	}
	for i, r := range perm.IpRanges {
		if !r.CidrIp.IsValid() || !r.CidrIp.Addr().Is4() {
			c.ipv4(ec2.In(path, ec2.At("IpRanges", i, "")), "CidrIp", r.CidrIp)
		}
	}
	for _, r := range perm.Ipv6Ranges {
		c.notice(IPv6, path, r.CidrIpv6)
	}
	for _, pl := range perm.PrefixListIds {
		c.ruleList(path, pl.PrefixListId)
	}
	for _, pair := range perm.UserIdGroupPairs {
		c.reference(path, pair)
	}
}

func (c groupCheck) ruleList(path, id string) {
	switch list := c.prefixList(c.at, path, id); {
	case !list.known && list.ipv6:
		c.notice(IPv6, path, ec2.Shorten(id))
	case !list.known:
		c.notice(RuleEntriesUnknown, path, ec2.Shorten(id))
	case list.cidrs6 > 0:
		c.notice(IPv6, path, fmt.Sprintf("%d IPv6 entries in %s", list.cidrs6, ec2.Shorten(id)))
	}
}

// reference: EC2 never deletes a group that another of its VPC names, but rules
// outlive groups of peers and of other accounts ("stale" rules).
func (c groupCheck) reference(path string, pair ec2.UserIdGroupPair) {
	vpc, exists := c.known.vpcOf[pair.GroupId]
	account := pair.UserId != "" && pair.UserId != c.group.OwnerId
	id := ec2.Shorten(pair.GroupId)
	switch {
	case exists && vpc == c.group.VpcId, c.known.lentTo(pair.GroupId, c.group.VpcId), !exists && c.known.members[pair.GroupId] && c.at.Answer:
	case exists, pair.VpcPeeringConnectionId != "", pair.VpcId != "" && pair.VpcId != c.group.VpcId:
		c.notice(PeerGroup, path, id)
	case account:
		c.notice(ForeignGroup, path, id+" is a group of another account ("+ec2.Shorten(pair.UserId)+")")
	case !c.excused(spot{path, c.at.list, c.at.Place}, GroupUnknown, id):
		c.unknown(ec2.In(path, "UserIdGroupPairs"), "SecurityGroups", pair.GroupId)
	}
}

// lentTo tells whether a group is associated with a VPC.
func (k knownGroups) lentTo(group, vpc string) bool {
	return lends(k.lent[ec2.SecurityGroupVpcAssociation{GroupId: group, VpcId: vpc}])
}

// lends tells whether an association of that state is in force.
func lends(state string) bool { return state == "associated" }
