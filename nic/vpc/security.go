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
		path, ok := c.identify("ManagedPrefixLists", i, "PrefixListId", l.PrefixListId)
		if !ok {
			continue
		}
		cidrs := make([]netip.Prefix, len(l.Entries))
		for j, e := range l.Entries {
			if cidrs[j] = e.Cidr; !e.Cidr.IsValid() {
				c.Add(ec2.In(path, ec2.At("Entries", j, "")), "Cidr is missing")
			}
		}
		c.addPrefixList(l.PrefixListId, cidrs, l.Entries != nil)
	}
	for i, l := range c.config.PrefixLists {
		if _, ok := c.identify("PrefixLists", i, "PrefixListId", l.PrefixListId); !ok {
			continue
		}
		if have := c.policy.lists[l.PrefixListId]; have == nil || !have.known {
			c.addPrefixList(l.PrefixListId, l.Cidrs, true)
		}
	}
}

// addPrefixList keeps the list of the policy before where it is the same, by
// which its groups know that nothing changed.
func (c *compiler) addPrefixList(id string, cidrs []netip.Prefix, known bool) {
	list := &prefixList{id: id, known: known}
	for _, p := range cidrs {
		if p.IsValid() && p.Addr().Is4() {
			list.entries = append(list.entries, spanOf(p))
		} else {
			list.cidrs6++
		}
	}
	if before := c.prev.lists[id]; before != nil && before.known == known && before.cidrs6 == list.cidrs6 && slices.Equal(before.entries, list.entries) {
		list = before
	}
	c.policy.lists[id] = list
}

// prefixList finds a list that something names. Where no lists were given, or
// not their entries (describe-managed-prefix-lists leaves them out), it matches
// nothing, and the card says so.
func (c *compiler) prefixList(unknown NoticeKind, path, id string) *prefixList {
	list := c.policy.lists[id]
	if list == nil {
		if c.config.ManagedPrefixLists != nil || c.config.PrefixLists != nil {
			c.unknown(path, "ManagedPrefixLists", id)
		}
		c.addPrefixList(id, nil, false)
		list = c.policy.lists[id]
	}
	if !list.known {
		c.notice(unknown, path, id)
	}
	if list.cidrs6 > 0 {
		c.notice(IPv6, path, fmt.Sprintf("%d IPv6 entries in %s", list.cidrs6, id))
	}
	return list
}

// security checks and compiles the security groups.
func (c *compiler) security() {
	vpcOf := map[string]string{}
	for i := range c.config.SecurityGroups {
		sg := &c.config.SecurityGroups[i]
		vpcOf[sg.GroupId] = sg.VpcId
	}
	for i := range c.config.SecurityGroups {
		sg := &c.config.SecurityGroups[i]
		path, ok := c.identify("SecurityGroups", i, "GroupId", sg.GroupId)
		if !ok {
			continue
		}
		if c.vpcs[sg.VpcId] == nil {
			c.unknown(ec2.In(path, "VpcId"), "Vpcs", sg.VpcId)
		}
		check := groupCheck{c, sg, vpcOf}
		check.permissions(path)
		c.addGroup(sg)
	}
	for _, g := range c.policy.groups {
		c.policy.sorted = append(c.policy.sorted, g)
	}
	slices.SortFunc(c.policy.sorted, func(a, b *Group) int { return int(a.base) - int(b.base) })
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
	vpcOf map[string]string // of groups that exist
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
		c.prefixList(RuleEntriesUnknown, path, pl.PrefixListId)
	}
	for _, pair := range perm.UserIdGroupPairs {
		c.reference(path, pair)
	}
}

// reference: EC2 never deletes a group that another of its VPC names, but rules
// outlive groups of peers and of other accounts ("stale" rules).
func (c groupCheck) reference(path string, pair ec2.UserIdGroupPair) {
	vpc, exists := c.vpcOf[pair.GroupId]
	foreign := pair.VpcPeeringConnectionId != "" || pair.VpcId != "" && pair.VpcId != c.group.VpcId ||
		pair.UserId != "" && pair.UserId != c.group.OwnerId
	switch {
	case !exists && !foreign:
		c.unknown(ec2.In(path, "UserIdGroupPairs"), "SecurityGroups", pair.GroupId)
	case vpc != c.group.VpcId:
		c.notice(PeerGroup, path, pair.GroupId)
	}
}
