package vpc

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"

	"nitrocard/nic/wire"
)

// groupMember is a block of addresses of an ENI in a group.
type groupMember struct {
	group uint32 // its number
	vpc   string // of the ENI
	block netip.Prefix
}

// groupMembers are the addresses of ENIs of the region, in each of the ENIs' groups.
func (r *Region) groupMembers(enis []string) map[groupMember]bool {
	all := map[groupMember]bool{}
	for _, id := range enis {
		e := r.ENI(id)
		if e == nil {
			continue
		}
		for _, block := range e.blocks() {
			for _, g := range e.Groups {
				all[groupMember{g.number, e.Subnet.VPC.ID, block}] = true
			}
		}
	}
	return all
}

// changedENIs are the IDs of the ENIs that the change touched which made the region.
func (r *Region) changedENIs() (ids []string) {
	for s := range r.edited {
		if s.kind == "NetworkInterfaces" {
			ids = append(ids, s.id)
		}
	}
	for _, o := range r.came {
		ids = append(ids, o.id())
	}
	return ids
}

// newMembers are the members that are not among others, by the number of the group, in the order of addresses.
func newMembers(members, others map[groupMember]bool) map[uint32][]groupMember {
	left := map[uint32][]groupMember{}
	for m := range members {
		if !others[m] {
			left[m.group] = append(left[m.group], m)
		}
	}
	for _, all := range left {
		slices.SortFunc(all, func(a, b groupMember) int {
			return cmp.Or(a.block.Addr().Compare(b.block.Addr()), cmp.Compare(a.block.Bits(), b.block.Bits()), cmp.Compare(a.vpc, b.vpc))
		})
	}
	return left
}

// side is an ENI under one of two policies.
type side struct {
	region *Region
	eni    *OwnENI
}

// memberChange is what members that groups have on one side alone change of the rules that name the groups.
type memberChange struct {
	members map[uint32][]groupMember // by the number of the group
	in, out side                     // where the groups have them, and where not
	allowed bool                     // in is after the change
	alone   bool                     // no other ENI shares the pairing: the ENI's own addresses do not count
}

// ofMembers is what rules let pass on one side alone, because of members that the groups in the rules have there alone.
// What is found already, because a rule is there alone, is not told again.
func (d *difference) ofMembers(c memberChange, dir wire.Direction, found []granted) (more []granted) {
	if len(c.members) == 0 {
		return nil
	}
	others := slices.Clip(c.out.grants(dir))
	for g, r := range c.in.rules(dir) {
		one := granted{Access: Access{Allowed: c.allowed, Dir: dir, Kind: "SecurityGroups", ID: g.ID, What: r.text(dir)}}
		for _, m := range c.members[r.group] {
			if d.budget--; d.budget <= 0 {
				return more
			}
			if !c.applies(m) {
				continue
			}
			known := append(others, c.out.grantsTo(m, dir), one.told(found, m))
			one.boxes = append(one.boxes, d.ofMember(m, r, known)...)
		}
		if len(one.boxes) > 0 {
			one.tellParts()
			more = append(more, one)
		}
	}
	return more
}

// rules are those of the ENI's groups in a direction.
func (s side) rules(dir wire.Direction) iter.Seq2[*Group, *rule] {
	return func(yield func(*Group, *rule) bool) {
		for _, g := range s.eni.Groups {
			rules, there := s.region.groups.Get(g.ID)
			for i := 0; there && i < len(rules.rules[dir]); i++ {
				if !yield(g, &rules.rules[dir][i]) {
					return
				}
			}
		}
	}
}

// ofMember is what a rule that names a group lets pass from or to addresses in the group, and others do not.
func (d *difference) ofMember(m groupMember, r *rule, others []granted) (boxes []box) {
	for _, left := range d.minus([]granted{{boxes: r.service.boxes(m.family(), m.box())}}, others, true) {
		boxes = append(boxes, left.boxes...)
	}
	return boxes
}

// told is what is found of a rule that names a group, for addresses in the group.
func (g *granted) told(found []granted, m groupMember) (all granted) {
	for i := range found {
		f := &found[i]
		if f.Allowed != g.Allowed || f.Dir != g.Dir || f.ID != g.ID || f.What != g.What {
			continue
		}
		for _, b := range f.boxes {
			if b.group == m.group && b.family == m.family() {
				b.group, b.source, b.lo, b.hi = 0, "", m.block.Addr(), lastOf(m.block)
				all.boxes = append(all.boxes, b)
			}
		}
	}
	return all
}

// tellParts tells the boxes as parts of the rule.
func (g *granted) tellParts() {
	g.Parts = nil
	for i := range g.boxes {
		g.Parts = append(g.Parts, g.boxes[i].text(g.Dir))
	}
}

func (m *groupMember) family() family { return familyOf(wire.AddrFrom(m.block.Addr())) }

// box are the packets from or to the addresses.
func (m *groupMember) box() box { return box{lo: m.block.Addr(), hi: lastOf(m.block)} }

// applies tells whether rules that name groups mean the addresses: those of ENIs of the VPC, and of its peers in the region.
func (c *memberChange) applies(m groupMember) bool {
	e := c.in.eni
	if e.VPC.ID == m.vpc {
		return !c.alone || !e.Owns(wire.AddrFrom(m.block.Addr()))
	}
	return slices.ContainsFunc(e.peers, func(p Peer) bool { return p.Regional && p.VPC.ID == m.vpc })
}

// grantsTo is what rules that name groups let pass from or to addresses, by the groups of the ENI that has the addresses
// on this side.
func (s side) grantsTo(m groupMember, dir wire.Direction) (all granted) {
	holder := s.holder(m)
	if holder == nil {
		return all
	}
	for _, r := range s.rules(dir) {
		if slices.ContainsFunc(holder.Groups, func(of *Group) bool { return of.number == r.group }) {
			all.boxes = append(all.boxes, r.service.boxes(m.family(), m.box())...)
		}
	}
	return all
}

// holder is the ENI that has the addresses on this side, if rules that name groups apply to it; nil if none does.
func (s side) holder(m groupMember) *ENI {
	addr := wire.AddrFrom(m.block.Addr())
	if s.eni.VPC.ID == m.vpc {
		return s.eni.Neighbor(addr)
	}
	for i := range s.eni.peers {
		if p := &s.eni.peers[i]; p.Regional && p.VPC.ID == m.vpc {
			return p.Holder(addr)
		}
	}
	return nil
}
