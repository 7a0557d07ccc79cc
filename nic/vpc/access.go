package vpc

import (
	"cmp"
	"fmt"
	"slices"

	"nitrocard/nic/wire"
)

// Access is what a rule or an entry newly allows, or newly denies, with a change of a card's policy: of connections that
// would begin, whatever connections live.
type Access struct {
	Allowed bool // false: denied
	Dir     wire.Direction
	Kind    string   // SecurityGroups or NetworkAcls
	ID      string   // of the object
	What    string   // the rule, or the entry's number
	Parts   []string // what of the rule, where others let the rest pass before and after; nil: all of it
	ENIs    []string // at which it is allowed or denied
}

// mostAccess bounds how many boxes are compared with others.
const mostAccess = 1 << 20

// AccessAfter is what is newly allowed, and newly denied, at ENIs that the card has before and after a
// change: the difference of all rules of their groups, and of their subnets' network ACLs, and what members
// that join or leave a group make of rules that name the group. then is of the region that a change made of p's. whole is
// false if mostAccess ended the comparison.
func (p *Policy) AccessAfter(then *Policy) (found []Access, whole bool) {
	changed := then.Region.changedENIs()
	was, is := p.Region.groupMembers(changed), then.Region.groupMembers(changed)
	d := difference{budget: mostAccess, joined: newMembers(is, was), left: newMembers(was, is), at: map[string]int{}}
	pairings, paired := p.pairings(then)
	for _, k := range pairings {
		enis := paired[k]
		before, after := side{p.Region, enis[0]}, side{then.Region, then.byID[enis[0].ID]}
		for _, at := range d.enter(d.of(before, after, k, len(enis) == 1)) {
			for _, e := range enis {
				d.all[at].ENIs = append(d.all[at].ENIs, e.ID)
			}
		}
	}
	slices.SortStableFunc(d.all, func(a, b Access) int {
		return cmp.Or(cmp.Compare(len(b.ENIs), len(a.ENIs)), cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What))
	})
	return d.all, d.budget > 0
}

// pairings are those of ENIs that the card has before and after a change, and the ENIs of each.
func (p *Policy) pairings(then *Policy) (all []pairing, enis map[pairing][]*OwnENI) {
	enis = map[pairing][]*OwnENI{}
	for e := range p.All() {
		now := then.byID[e.ID]
		if now == nil || e.NAT != nil || now.NAT != nil {
			continue
		}
		for _, k := range []pairing{{vpc: e.VPC.ID, groups: [2]string{p.Region.bases(e.Groups), then.Region.bases(now.Groups)}}, {acls: [2]*networkACL{e.acl, now.acl}}} {
			if enis[k] == nil {
				all = append(all, k)
			}
			enis[k] = append(enis[k], e)
		}
	}
	return all, enis
}

// pairing is what decides about ENIs before and after a change: ENIs with one pairing share a difference.
type pairing struct {
	vpc    string    // of groups
	groups [2]string // as bases tells them
	acls   [2]*networkACL
}

// bases stands for the rules of groups: it has the ID of each group's first rule, which no other rules ever
// have.
func (r *Region) bases(groups []*Group) string {
	var all []RuleID
	for _, g := range groups {
		if rules, there := r.groups.Get(g.ID); there {
			all = append(all, rules.base)
		}
	}
	return fmt.Sprint(all)
}

// granted is what a rule or an entry lets pass.
type granted struct {
	Access
	boxes []box
}

// difference compares what ENIs may do before and after a change.
type difference struct {
	budget       int
	joined, left map[uint32][]groupMember // by the number of the group
	all          []Access
	at           map[string]int // index in all
}

// of is the difference that a pairing makes, by rules or entries. alone is true if one ENI has the pairing: the ENI sends
// nothing to itself.
func (d *difference) of(before, after side, k pairing, alone bool) (found []granted) {
	for dir := range wire.Direction(2) {
		var was, is []granted
		switch {
		case k.acls[0] != k.acls[1]:
			was, is = d.ofACL(k.acls[0], dir), d.ofACL(k.acls[1], dir)
		case k.groups[0] != k.groups[1]:
			was, is = before.grants(dir), after.grants(dir)
		}
		found = append(found, d.minus(is, was, true)...)
		found = append(found, d.minus(was, is, false)...)
		if k.vpc != "" {
			found = append(found, d.ofMembers(memberChange{d.joined, after, before, true, alone}, dir, found)...)
			found = append(found, d.ofMembers(memberChange{d.left, before, after, false, alone}, dir, found)...)
		}
	}
	return found
}

// grants are what the ENI's groups let pass in a direction.
func (s side) grants(dir wire.Direction) (all []granted) {
	for g, r := range s.rules(dir) {
		all = append(all, granted{Access{Dir: dir, Kind: "SecurityGroups", ID: g.ID, What: r.text(dir)}, r.boxes()})
	}
	return all
}

// ofACL is what an ACL lets pass in a direction: of each entry that allows, what no entry before it decides
// about. Without an ACL everything passes.
func (d *difference) ofACL(a *networkACL, dir wire.Direction) (all []granted) {
	every := service{proto: protoAll}
	if a == nil {
		g := granted{Access: Access{Dir: dir, Kind: "NetworkAcls", What: "everything, as there is none"}}
		for f := range families {
			g.boxes = append(g.boxes, every.boxes(f, box{lo: ends[f][0], hi: ends[f][1]})...)
		}
		return []granted{g}
	}
	for f := range families {
		var before []box
		for _, e := range a.lists[dir][f].entries {
			boxes := e.service.boxes(f, box{lo: e.lo.Netip(), hi: e.hi.Netip()})
			if e.allow {
				all = append(all, granted{Access{Dir: dir, Kind: "NetworkAcls", ID: a.id, What: "entry " + EntryName(e.number)}, d.beyond(boxes, before)})
			}
			before = append(before, boxes...)
		}
	}
	return all
}

// beyond are the parts of boxes that are in no other, none if there is no budget for that.
func (d *difference) beyond(boxes, others []box) []box {
	for i := range others {
		if d.budget -= len(boxes); d.budget <= 0 {
			return nil
		}
		var left []box
		for _, b := range boxes {
			left = append(left, b.minus(&others[i])...)
		}
		boxes = left
	}
	return boxes
}

// minus is what grants let pass and others do not, as far as the budget goes.
func (d *difference) minus(grants, others []granted, allowed bool) (found []granted) {
	for _, g := range grants {
		left, same := g.boxes, false
		for i := range others {
			if same = slices.Equal(g.boxes, others[i].boxes); same {
				break
			}
			left = d.beyond(left, others[i].boxes)
		}
		if d.budget <= 0 {
			return found
		}
		if same || len(left) == 0 {
			continue
		}
		g.Allowed = allowed
		if !slices.Equal(left, g.boxes) {
			for i := range left {
				g.Parts = append(g.Parts, left[i].text(g.Dir))
			}
		}
		g.boxes = left
		found = append(found, g)
	}
	return found
}

// enter enters what a pairing makes, each under an index of all.
func (d *difference) enter(found []granted) (indexes []int) {
	for _, g := range found {
		key := fmt.Sprint(g.Allowed, g.Dir, g.Kind, g.ID, g.What, g.Parts)
		at, known := d.at[key]
		if !known {
			at = len(d.all)
			d.at[key] = at
			d.all = append(d.all, g.Access)
		}
		if !slices.Contains(indexes, at) {
			indexes = append(indexes, at)
		}
	}
	return indexes
}
