package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// Group is a security group, as ENIs and rules name it.
type Group struct {
	ID, Name string
	VPC      string // ID of its VPC

	number uint32 // stands for the ID in this lineage; from 1
}

// groupRules is a security group and its rules.
type groupRules struct {
	*Group
	base  RuleID // ID of the first rule
	rules [2][]rule
}

// size is how many rules the group has.
func (g *groupRules) size() RuleID { return RuleID(len(g.rules[wire.In]) + len(g.rules[wire.Out])) }

// ruleID is the ID of a rule by its direction and index: inbound rules come first.
func (g *groupRules) ruleID(dir wire.Direction, i int) RuleID {
	if dir == wire.Out {
		i += len(g.rules[wire.In])
	}
	return g.base + RuleID(i)
}

// same tells whether two groups have the same rules.
func (g *groupRules) same(other *groupRules) bool {
	equal := func(a, b rule) bool { return a.equals(&b) }
	return slices.EqualFunc(g.rules[wire.In], other.rules[wire.In], equal) && slices.EqualFunc(g.rules[wire.Out], other.rules[wire.Out], equal)
}

// permissions are a group's permissions of one direction.
func permissions(sg *ec2.SecurityGroup, dir wire.Direction) []ec2.IpPermission {
	if dir == wire.Out {
		return sg.IpPermissionsEgress
	}
	return sg.IpPermissions
}

// groupBuilder makes the rules of a group.
type groupBuilder struct {
	group *groupRules
	*compiler
}

// build makes the rules of both directions.
func (b *groupBuilder) build(config *ec2.SecurityGroup) {
	for _, dir := range []wire.Direction{wire.In, wire.Out} {
		perms := permissions(config, dir)
		for i := range perms {
			b.permission(dir, i, &perms[i])
		}
	}
}

// permission makes a rule of each source of a permission. groupCheck notes the mistakes of
// the permission.
func (b *groupBuilder) permission(dir wire.Direction, i int, perm *ec2.IpPermission) {
	s, err := parseService(perm)
	if err != nil {
		return
	}
	add := func(r rule) {
		r.service, r.perm = s, i
		b.group.rules[dir] = append(b.group.rules[dir], r)
	}
	for _, r := range perm.IpRanges {
		add(rule{addrs: []netip.Prefix{r.CidrIp.Masked()}, source: r.CidrIp.Masked().String()})
	}
	for _, r := range perm.Ipv6Ranges {
		add(rule{addrs: []netip.Prefix{r.CidrIpv6.Masked()}, source: r.CidrIpv6.Masked().String()})
	}
	for _, pl := range perm.PrefixListIds {
		r := rule{source: pl.PrefixListId}
		if list, known := b.next.lists.Get(pl.PrefixListId); known {
			r.addrs = list.entries
		}
		add(r)
	}
	for _, pair := range perm.UserIdGroupPairs {
		add(rule{group: b.groupNumber(pair.GroupId), source: pair.GroupId})
	}
}
