package vpc

import (
	"fmt"
	"net/netip"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// prefixLists compiles the prefix lists of customers and of AWS.
func (c *compiler) prefixLists() {
	lists := map[string]bool{}
	for _, kind := range []string{"ManagedPrefixLists", "PrefixLists"} {
		for id := range c.gone(kind) {
			lists[id] = true
		}
	}
	for o, l := range each[ec2.ManagedPrefixList](c, "ManagedPrefixLists") {
		lists[o.id()] = true
		for j, e := range l.Entries {
			if !e.Cidr.IsValid() {
				c.Add(ec2.In(o.path(), ec2.At("Entries", j, "")), "Cidr is missing")
			}
		}
	}
	for o := range each[ec2.PrefixList](c, "PrefixLists") {
		lists[o.id()] = true
	}
	for id := range lists {
		c.compileList(id)
	}
}

// compileList compiles a prefix list. The entries of ManagedPrefixLists come before those
// of PrefixLists.
func (c *compiler) compileList(id string) {
	var cidrs []netip.Prefix
	list := &prefixList{id: id}
	managed, aws := c.object("ManagedPrefixLists", id), c.object("PrefixLists", id)
	if managed == nil && aws == nil {
		c.next.lists.Delete(id)
		return
	}
	if managed != nil {
		given := managed.config.(*ec2.ManagedPrefixList)
		list.known, list.ipv6 = given.Entries != nil, given.AddressFamily == "IPv6"
		for _, e := range given.Entries {
			cidrs = append(cidrs, e.Cidr)
		}
	}
	if aws != nil && !list.known {
		cidrs = aws.config.(*ec2.PrefixList).Cidrs
		list.known, list.ipv6 = true, false
	}
	list.take(cidrs)
	c.next.lists.Set(id, list)
}

// take adds the IPv4 entries of a list, and counts the IPv6 ones.
func (l *prefixList) take(cidrs []netip.Prefix) {
	for _, p := range cidrs {
		if p.IsValid() && p.Addr().Is4() {
			l.entries = append(l.entries, spanOf(p))
		} else {
			l.cidrs6++
		}
	}
}

// prefixList is the prefix list that a rule or route names at a path. Its entries are not
// known if the configuration lacks the list, or has the list without entries, as
// describe-managed-prefix-lists prints it.
func (c *compiler) prefixList(at spot, path, id string) *prefixList {
	if list, given := c.next.lists.Get(id); given {
		return list
	}
	if c.given("ManagedPrefixLists") && !at.answer {
		c.unknown(path, "ManagedPrefixLists", id)
	}
	return &prefixList{id: id}
}

// security checks and compiles the security groups.
func (c *compiler) security() {
	for id := range c.gone("SecurityGroups") {
		c.keepGroup(id, nil)
	}
	if c.whole {
		c.forgetStandIns()
	}
	known := c.knownGroups()
	for o, sg := range each[ec2.SecurityGroup](c, "SecurityGroups") {
		at := o.spot()
		if c.vpcOf(sg.VpcId) == nil {
			c.groupElsewhere(at, sg)
		}
		check := groupCheck{c, sg, at, known}
		check.permissions(at.path())
		c.compileGroup(sg)
	}
}

// forgetStandIns removes the groups that only ENIs name. The change under way makes those
// again that ENIs still name.
func (c *compiler) forgetStandIns() {
	for _, id := range c.next.groups.Keys() {
		if c.object("SecurityGroups", id) == nil {
			c.keepGroup(id, nil)
		}
	}
}

// knownGroups is what groupCheck asks about groups that are not compiled yet.
type knownGroups struct {
	members map[string]bool // by group: some ENI is in it; known if all is compiled
	lent    map[ec2.SecurityGroupVpcAssociation]string
}

// knownGroups collects the associations, and the groups that ENIs of answers name.
func (c *compiler) knownGroups() knownGroups {
	k := knownGroups{map[string]bool{}, c.lentGroups()}
	if !c.whole || !c.next.rest.Answer {
		return k
	}
	c.next.objects["NetworkInterfaces"].Scan(func(_ string, o *object) bool {
		for _, g := range o.config.(*identity).form.Groups {
			k.members[g.GroupId] = true
		}
		return true
	})
	return k
}

// groupElsewhere is for a group whose VPC is not in the configuration. A group of
// EC2-Classic has no VPC.
func (c *compiler) groupElsewhere(at spot, sg *ec2.SecurityGroup) {
	vpc := ec2.Shorten(sg.VpcId)
	if vpc == "" {
		vpc = "EC2-Classic"
	}
	if at.answer && !c.given("Vpcs") || c.excused(at, Elsewhere, vpc) {
		return
	}
	c.unknown(ec2.In(at.path(), "VpcId"), "Vpcs", sg.VpcId)
}

// compileGroup compiles a group's rules. A group whose rules are as before keeps its
// rule numbers, and with them the matchers of its members.
func (c *compiler) compileGroup(config *ec2.SecurityGroup) {
	old, _ := c.next.groups.Get(config.GroupId)
	g := &groupRules{Group: &Group{ID: config.GroupId, Name: config.GroupName, VPC: config.VpcId, number: c.groupNumber(config.GroupId)}}
	if old != nil && *old.Group == *g.Group {
		g.Group = old.Group
	}
	b := groupBuilder{g, c}
	b.build(config)
	if old != nil && old.Group == g.Group && old.same(g) {
		return
	}
	g.base = c.next.lineage.rules
	c.next.lineage.rules += max(1, g.size())
	c.keepGroup(g.ID, g)
}

// keepGroup puts the group of an ID in the place of the old one; nil removes the old one.
func (c *compiler) keepGroup(id string, g *groupRules) {
	old, _ := c.next.groups.Get(id)
	if old != nil {
		c.next.rules.Delete(old.base)
		c.next.groups.Delete(id)
	}
	if old != nil && (g == nil || g.Group != old.Group) {
		c.remade[old.Group] = true
	}
	if g != nil {
		c.next.groups.Set(id, g)
		c.next.rules.Set(g.base, g)
	}
}

// groupNumber is the number of a group's ID. No other ID of the lineage ever gets it.
func (c *compiler) groupNumber(id string) uint32 {
	n, known := c.next.numbers.Get(id)
	if !known {
		n = c.next.lineage.groups
		c.next.lineage.groups++
		c.next.numbers.Set(id, n)
	}
	return n
}

// groupCheck notes mistakes in a group, and what of the group the card does not enforce.
type groupCheck struct {
	*compiler
	group *ec2.SecurityGroup
	at    spot
	known knownGroups
}

// permissions checks all permissions of the group.
func (c groupCheck) permissions(path string) {
	for _, dir := range []wire.Direction{wire.In, wire.Out} {
		for i := range permissions(c.group, dir) {
			c.permission(ec2.In(path, permissionPath(dir, i)), &permissions(c.group, dir)[i])
		}
	}
}

// permission checks one permission, and notes its parts that match nothing on this card.
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

// ruleList notes a prefix list of which the card lacks entries.
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

// reference checks a group that a rule names. EC2 never deletes a group that a rule
// of the same VPC names, but rules outlive groups of peers and of other accounts
// ("stale" rules).
func (c groupCheck) reference(path string, pair ec2.UserIdGroupPair) {
	named, exists, vpc := c.object("SecurityGroups", pair.GroupId), false, ""
	if named != nil {
		exists, vpc = true, named.config.(*ec2.SecurityGroup).VpcId
	}
	account := pair.UserId != "" && pair.UserId != c.group.OwnerId
	id := ec2.Shorten(pair.GroupId)
	switch {
	case exists && vpc == c.group.VpcId, c.known.lentTo(pair.GroupId, c.group.VpcId), !exists && c.known.members[pair.GroupId] && c.at.answer:
	case exists, pair.VpcPeeringConnectionId != "", pair.VpcId != "" && pair.VpcId != c.group.VpcId:
		c.notice(PeerGroup, path, id)
	case account:
		c.notice(ForeignGroup, path, id+" is a group of another account ("+ec2.Shorten(pair.UserId)+")")
	case !c.excused(c.at.within(path), GroupUnknown, id):
		c.unknown(ec2.In(path, "UserIdGroupPairs"), "SecurityGroups", pair.GroupId)
	}
}

// lentTo tells whether a group is associated with a VPC.
func (k knownGroups) lentTo(group, vpc string) bool {
	return lends(k.lent[ec2.SecurityGroupVpcAssociation{GroupId: group, VpcId: vpc}])
}

// lends tells whether an association of that state is in force.
func lends(state string) bool { return state == "associated" }
