package vpc

import (
	"iter"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// RuleID names a rule within a region; 0: none. A rule keeps its ID in successors while its
// group's rules stay the same, and no other rule of the lineage ever gets the ID.
type RuleID uint64

// Rule is one source of one permission of a security group, for people.
type Rule struct {
	Group     string `json:"group"` // sg-…
	GroupName string `json:"group_name"`
	Path      string `json:"rule"` // "IpPermissions[3]"
	Text      string `json:"text"` // "tcp 22 from 203.0.113.9/32"
}

// Rule is the rule of an ID, for people; the zero Rule if the region has no such rule.
func (r *Region) Rule(id RuleID) (found Rule) {
	r.rules.Descend(id, func(base RuleID, g *groupRules) bool {
		if at := int(id - base); at < int(g.size()) {
			found = g.text(at)
		}
		return false
	})
	return found
}

// RulesOf are the rules of a security group, inbound ones first; none if there is no such group.
func (r *Region) RulesOf(group string) iter.Seq[Rule] {
	return func(yield func(Rule) bool) {
		g, there := r.groups.Get(group)
		for at := 0; there && at < int(g.size()); at++ {
			if !yield(g.text(at)) {
				return
			}
		}
	}
}

// text is the rule of an index, for people. Inbound rules come first.
func (g *groupRules) text(at int) Rule {
	dir := wire.In
	if at >= len(g.rules[wire.In]) {
		at, dir = at-len(g.rules[wire.In]), wire.Out
	}
	r := &g.rules[dir][at]
	return Rule{g.ID, g.Name, permissionPath(dir, r.perm), r.text(dir)}
}

// permissionPath is the path of a permission in its group.
func permissionPath(dir wire.Direction, i int) string {
	return ec2.At(permissionsName(dir), i, "")
}

// permissionsName is the name of a group's permissions of a direction.
func permissionsName(dir wire.Direction) string {
	return [...]string{wire.In: "IpPermissions", wire.Out: "IpPermissionsEgress"}[dir]
}

// rule is one permission for one source.
type rule struct {
	service
	addrs  []netip.Prefix // the source's addresses, of either family, unless it is a group
	group  uint32         // the source group's number; 0: the source is no group
	perm   int            // index of the permission
	source string         // as configured
}

// equals tells whether two rules are the same.
func (r *rule) equals(o *rule) bool {
	return r.service == o.service && r.group == o.group && r.perm == o.perm && r.source == o.source && slices.Equal(r.addrs, o.addrs)
}

// text is the rule as people write it: "tcp 22 from 203.0.113.9/32".
func (r *rule) text(dir wire.Direction) string {
	return r.service.String() + preposition[dir] + r.source
}

// preposition stands before the other side's addresses, by the direction of the packets.
var preposition = [...]string{wire.In: " from ", wire.Out: " to "}

// anywhere tells whether the rule is for 0.0.0.0/0, or for ::/0.
func (r *rule) anywhere(f family) bool {
	return slices.ContainsFunc(r.addrs, func(p netip.Prefix) bool { return p.Bits() == 0 && p.Addr().Is4() == (f == ipv4) })
}
