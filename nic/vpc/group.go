package vpc

import (
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// Group is a security group.
type Group struct {
	ID, Name string

	number uint32 // of its ID, in the lineage; from 1
	base   RuleID // of its first rule
	rules  [2][]rule
	config ec2.SecurityGroup
	lists  []*prefixList // that its rules name
}

// size is how many rules it has.
func (g *Group) size() RuleID { return RuleID(len(g.rules[In]) + len(g.rules[Out])) }

func (g *Group) ruleID(dir Direction, i int) RuleID {
	if dir == Out {
		i += len(g.rules[In])
	}
	return g.base + RuleID(i)
}

// prefixList is a compiled prefix list: its IPv4 entries.
type prefixList struct {
	id      string
	entries []span
	cidrs6  int  // how many entries are IPv6, which the card has not
	known   bool // the entries were given
	ipv6    bool // of entries that were not given
}

// same tells whether a group of an earlier policy says what config says now.
func (g *Group) same(config *ec2.SecurityGroup, lists map[string]*prefixList) bool {
	for _, l := range g.lists {
		if lists[l.id] != l {
			return false
		}
	}
	return reflect.DeepEqual(g.config, *config)
}

// permissions lists those of a direction.
func permissions(sg *ec2.SecurityGroup, dir Direction) []ec2.IpPermission {
	if dir == Out {
		return sg.IpPermissionsEgress
	}
	return sg.IpPermissions
}

// groupBuilder makes the rules of a group that was found good.
type groupBuilder struct {
	group  *Group
	lists  map[string]*prefixList
	number func(groupID string) uint32
}

func (b *groupBuilder) build(config *ec2.SecurityGroup) {
	b.group.config = *config
	for _, dir := range []Direction{In, Out} {
		perms := permissions(config, dir)
		for i := range perms {
			b.permission(dir, i, &perms[i])
		}
	}
}

func (b *groupBuilder) permission(dir Direction, i int, perm *ec2.IpPermission) {
	s, err := parseService(perm)
	if err != nil {
		return
	}
	add := func(r rule) {
		r.service, r.perm = s, i
		b.group.rules[dir] = append(b.group.rules[dir], r)
	}
	for _, r := range perm.IpRanges {
		add(rule{addrs: []span{spanOf(r.CidrIp)}, source: r.CidrIp.Masked().String()})
	}
	for _, pl := range perm.PrefixListIds {
		list := b.list(pl.PrefixListId)
		add(rule{addrs: list.entries, source: list.id})
	}
	for _, pair := range perm.UserIdGroupPairs {
		add(rule{group: b.number(pair.GroupId), source: pair.GroupId})
	}
}

func (b *groupBuilder) list(id string) *prefixList {
	list := b.lists[id]
	if !slices.Contains(b.group.lists, list) {
		b.group.lists = append(b.group.lists, list)
	}
	return list
}
