package vpc

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"nitrocard/nic/wire"
)

// matcher is a set of security groups, compiled. ENIs with the same groups share a
// matcher, and so do successive policies in which none of the groups changed.
//
// A matcher is a bit-vector classifier (Lakshman and Stiliadis, SIGCOMM 1998). Each rule
// of a direction is a bit. The rules' bounds cut the ports of a protocol, and the
// addresses, into intervals; within an interval the same rules hold, which are the
// interval's row of bits. A query is two binary searches and the AND of two rows.
//
// Rules that name a group are in no address row. For them the mapping tells which ENI has
// the remote address, and each group that rules name has a row of its own. So ENIs come
// and go and no matcher changes.
type matcher struct {
	sets [2]ruleSet // by direction
}

// ruleSet is one direction of a matcher.
type ruleSet struct {
	rules    []RuleID // by bit
	ports    [classes]axis
	addrs    axis
	groups   []uint32 // numbers of the groups that rules name
	byGroup  []uint32 // rows of groups
	empty    uint32   // row without a rule
	named    uint32   // row of the rules that name a group
	anywhere uint32   // row of the rules for 0.0.0.0/0
	open     [classes]bool
	words    uint32   // length of a row
	rows     []uint64 // row i begins at i * words; no two rows are equal
}

// row is the i-th row.
func (s *ruleSet) row(i uint32) []uint64 {
	at := i * s.words
	return s.rows[at : at+s.words : at+s.words]
}

// axis cuts a range of numbers into intervals: the numbers from starts[i] to
// starts[i+1]-1 have row rows[i]. The first start is 0.
//
// Stretches also cut the range, into even parts, each with a few starts, so that a search
// looks at a few starts instead of all. Stretch i is the numbers x with x >> shift == i;
// it begins in interval stretches[i], and ends in interval stretches[i+1].
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

// stretch makes the stretches of an axis of numbers with width bits.
func (a *axis) stretch(width int) {
	n := 1 << min(bits.Len(uint(len(a.starts)/4)), width)
	a.shift = uint8(width + 1 - bits.Len(uint(n)))
	a.stretches = make([]uint32, n+1)
	for i := range n {
		a.stretches[i] = uint32(search(a.starts, uint32(i)<<a.shift))
	}
	a.stretches[n] = uint32(len(a.starts) - 1)
}

// The bounds of one direction of a set of groups keep a mistaken configuration from
// filling the memory with rows. EC2's quota is 1,000 rules an ENI.
const (
	maxRules = 4096
	maxSpans = 1 << 17
)

// tooLarge says that a set of groups exceeds a bound; "": it does not.
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

// newMatcher compiles groups, which must be in order of their IDs.
func newMatcher(groups []*groupRules) *matcher {
	m := &matcher{}
	for dir := range m.sets {
		m.sets[dir] = newRuleSet(groups, wire.Direction(dir))
	}
	return m
}

// setKey is a key for a set of compiled groups: each compiled group of a lineage has a
// base of its own.
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

// cut is a number from which on a rule holds, or does not hold any more.
type cut struct {
	at  uint64 // up to 1<<32, which ends a rule for the highest address
	bit int    // the rule's
	add int    // 1: the rule begins to hold; -1: it ends
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

// rowBuilder makes the rows of a rule set, equal rows once.
type rowBuilder struct {
	set  *ruleSet
	bits []uint64          // the row at hand
	seen map[string]uint32 // rows by their bits
	key  []byte
}

// axis makes an axis of cuts, by a sweep over the range. The spans of one rule may
// overlap, as those of a prefix list can, so axis counts how many begin and end.
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

// append adds an interval, unless the interval before has the same row.
func (a *axis) append(start, row uint32) {
	last := len(a.rows) - 1
	switch {
	case a.starts[last] == start:
		a.rows[last] = row
	case a.rows[last] != row:
		a.starts, a.rows = append(a.starts, start), append(a.rows, row)
	}
}

// row adds the row at hand, unless there is an equal one, and returns its index.
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

// references makes a row for each group that rules name.
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
