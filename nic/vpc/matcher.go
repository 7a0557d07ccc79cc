package vpc

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"nitrocard/nic/wire"
)

// matcher is a set of security groups, compiled: ENIs with the same groups share
// it, and so do successive policies in which none of its groups changed.
//
// It is a bit-vector classifier (Lakshman and Stiliadis, SIGCOMM 1998). The rules
// of a direction are bits. Their bounds cut the ports of a protocol, and the
// addresses, into intervals within which the answer is the same, a row of bits
// for each. A query is two binary searches and the AND of two rows.
//
// Rules that name a group are not in the address rows: who has the remote address
// is asked of the mapping, and that ENI's groups have rows of their own. So the
// coming and going of ENIs changes no matcher.
type matcher struct {
	sets [2]ruleSet // by direction
}

// ruleSet is one direction of a matcher.
type ruleSet struct {
	rules    []RuleID // by bit
	ports    [classes]axis
	addrs    axis
	groups   []uint32 // numbers of the groups that rules name
	byGroup  []uint32 // their rows
	empty    uint32   // row without a rule
	named    uint32   // row of the rules that name a group
	anywhere uint32   // row of the rules for 0.0.0.0/0
	open     [classes]bool
	words    uint32   // in a row
	rows     []uint64 // words apart; equal ones stand once
}

// row is the i-th row.
func (s *ruleSet) row(i uint32) []uint64 {
	at := i * s.words
	return s.rows[at : at+s.words : at+s.words]
}

// axis cuts a range of numbers into intervals: starts[i] up to starts[i+1]-1 has
// rows[i]. The first start is 0.
//
// Stretches cut the range evenly, one for a few starts, so that a search looks at
// a part of the starts: rules name few of all ports and addresses, and strangers
// try the others. Stretch i is the numbers x with x >> shift == i; it begins in
// interval stretches[i], and ends in interval stretches[i+1].
type axis struct {
	starts, rows []uint32
	stretches    []uint32
	shift        uint8
}

// find is the row of x.
func (a *axis) find(x uint32) uint32 {
	i := uint64(x) >> (a.shift & 63)
	from, to := a.stretches[i], a.stretches[i+1]
	return a.rows[from+uint32(search(a.starts[from:to+1], x))]
}

// stretch cuts the range of numbers of so many bits.
func (a *axis) stretch(width int) {
	n := 1 << min(bits.Len(uint(len(a.starts)/4)), width)
	a.shift = uint8(width + 1 - bits.Len(uint(n)))
	a.stretches = make([]uint32, n+1)
	for i := range n {
		a.stretches[i] = uint32(search(a.starts, uint32(i)<<a.shift))
	}
	a.stretches[n] = uint32(len(a.starts) - 1)
}

// Bounds of one direction of a set of groups, so that a mistaken configuration
// cannot fill the memory with rows. EC2's quota is 1,000 rules an ENI.
const (
	maxRules = 4096
	maxSpans = 1 << 17
)

// tooLarge says which bound a set of groups exceeds; "": none.
func tooLarge(groups []*groupRules) string {
	for _, dir := range []wire.Direction{wire.In, wire.Out} {
		rules, spans := 0, 0
		for _, g := range groups {
			rules += len(g.rules[dir])
			for i := range g.rules[dir] {
				spans += len(g.rules[dir][i].addrs)
			}
		}
		if rules > maxRules || spans > maxSpans {
			return fmt.Sprintf("its groups have %d rules with %d address ranges in one direction; %d and %d are the most", rules, spans, maxRules, maxSpans)
		}
	}
	return ""
}

// newMatcher compiles groups, which are in order of their IDs.
func newMatcher(groups []*groupRules) *matcher {
	m := &matcher{}
	for dir := range m.sets {
		m.sets[dir] = newRuleSet(groups, wire.Direction(dir))
	}
	return m
}

// setKey names a set of compiled groups: bases are unique in a lineage.
func setKey(groups []*groupRules) string {
	var key []byte
	for _, g := range groups {
		key = binary.BigEndian.AppendUint64(key, uint64(g.base))
	}
	return string(key)
}

// newRuleSet compiles the rules of one direction.
func newRuleSet(groups []*groupRules, dir wire.Direction) ruleSet {
	var rules []*rule
	s := ruleSet{}
	for _, g := range groups {
		for i := range g.rules[dir] {
			rules = append(rules, &g.rules[dir][i])
			s.rules = append(s.rules, g.ruleID(dir, i))
		}
	}
	b := rowBuilder{set: &s, seen: map[string]uint32{}}
	s.words = uint32(len(rules)+63) / 64
	b.bits = make([]uint64, s.words)
	for c := range classes {
		s.ports[c] = b.axis(portCuts(rules, c))
		s.ports[c].stretch(16)
		s.open[c] = slices.ContainsFunc(rules, func(r *rule) bool {
			ports, covers := r.in(c)
			return covers && ports == c.whole() && r.anywhere()
		})
	}
	s.addrs = b.axis(addressCuts(rules))
	s.addrs.stretch(32)
	b.references(rules)
	s.empty = b.rowWhere(rules, func(*rule) bool { return false })
	s.named = b.rowWhere(rules, func(r *rule) bool { return r.group != 0 })
	s.anywhere = b.rowWhere(rules, (*rule).anywhere)
	return s
}

// cut is where a rule begins to hold, or no longer does.
type cut struct {
	at  uint64 // one more bit than an address, for the end of the last
	bit int
	add int // 1 begins, -1 ends
}

// portCuts are the bounds of the rules' ports, types or protocols in a class.
func portCuts(rules []*rule, c class) (cuts []cut) {
	for bit, r := range rules {
		if s, covers := r.in(c); covers {
			cuts = append(cuts, cut{uint64(s.lo), bit, 1}, cut{uint64(s.hi) + 1, bit, -1})
		}
	}
	return cuts
}

// addressCuts are the bounds of the rules' addresses.
func addressCuts(rules []*rule) (cuts []cut) {
	for bit, r := range rules {
		for _, s := range r.addrs {
			cuts = append(cuts, cut{uint64(s.lo), bit, 1}, cut{uint64(s.hi) + 1, bit, -1})
		}
	}
	return cuts
}

// rowBuilder makes rows and keeps equal ones once.
type rowBuilder struct {
	set  *ruleSet
	bits []uint64 // the row at hand
	seen map[string]uint32
	key  []byte
}

// axis sweeps over the cuts. A rule's own spans may overlap (a prefix list's
// can), so they are counted.
func (b *rowBuilder) axis(cuts []cut) axis {
	slices.SortFunc(cuts, func(x, y cut) int { return int(int64(x.at) - int64(y.at)) })
	depth := make([]int, len(b.set.rules))
	clear(b.bits)
	a := axis{starts: []uint32{0}, rows: []uint32{b.row()}}
	for i, c := range cuts {
		if depth[c.bit] += c.add; depth[c.bit] > 0 {
			b.bits[c.bit>>6] |= 1 << (c.bit & 63)
		} else {
			b.bits[c.bit>>6] &^= 1 << (c.bit & 63)
		}
		if c.at>>32 == 0 && (i+1 == len(cuts) || cuts[i+1].at != c.at) {
			a.append(uint32(c.at), b.row())
		}
	}
	return a
}

// append adds an interval, unless it has the row of the one before.
func (a *axis) append(start, row uint32) {
	last := len(a.rows) - 1
	switch {
	case a.starts[last] == start:
		a.rows[last] = row
	case a.rows[last] != row:
		a.starts, a.rows = append(a.starts, start), append(a.rows, row)
	}
}

// row keeps the row at hand and answers its index.
func (b *rowBuilder) row() uint32 {
	b.key = b.key[:0]
	for _, w := range b.bits {
		b.key = binary.LittleEndian.AppendUint64(b.key, w)
	}
	i, seen := b.seen[string(b.key)]
	if !seen {
		i = uint32(len(b.seen))
		b.seen[string(b.key)] = i
		b.set.rows = append(b.set.rows, b.bits...)
	}
	return i
}

// rowWhere is the row of the rules for which holds is true.
func (b *rowBuilder) rowWhere(rules []*rule, holds func(*rule) bool) uint32 {
	clear(b.bits)
	for bit, r := range rules {
		if holds(r) {
			b.bits[bit>>6] |= 1 << (bit & 63)
		}
	}
	return b.row()
}

// references gives each group that rules name its row.
func (b *rowBuilder) references(rules []*rule) {
	for _, r := range rules {
		if r.group != 0 {
			b.set.groups = append(b.set.groups, r.group)
		}
	}
	slices.Sort(b.set.groups)
	b.set.groups = slices.Compact(b.set.groups)
	for _, group := range b.set.groups {
		b.set.byGroup = append(b.set.byGroup, b.rowWhere(rules, func(r *rule) bool { return r.group == group }))
	}
}
