package vpc

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/gaissmai/bart"

	"nitrocard/nic/wire"
)

// matcher is a set of security groups, compiled. ENIs with the same groups share a
// matcher, and so do successive policies in which none of the groups changed.
//
// A matcher is a bit-vector classifier (Lakshman and Stiliadis, SIGCOMM 1998). Each rule
// of a direction is a bit. The rules' bounds cut the ports of a protocol, and the
// addresses, into intervals; within an interval the same rules hold, which are the
// interval's row of bits. A query is two binary searches and the AND of two rows. IPv6
// addresses are too many bits for cuts; there the longest prefix that a rule names has the
// row.
//
// Rules that name a group are in no address row. For them the mapping tells which ENI has
// the remote address, and each group that rules name has a row of its own. So ENIs come
// and go and no matcher changes.
type matcher struct {
	sets [2]*ruleSet // by direction
}

// ruleSet is one direction of a matcher.
type ruleSet struct {
	rules    []RuleID // by bit
	ports    [classes]axis
	addrs    axis               // of IPv4
	addrs6   bart.Table[uint32] // rows by IPv6 prefix
	groups   []uint32           // numbers of the groups that rules name
	byGroup  []uint32           // rows of groups
	empty    uint32             // row without a rule
	named    uint32             // row of the rules that name a group
	anywhere [families]uint32   // row of the rules for 0.0.0.0/0, or for ::/0
	open     [families][classes]bool
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
// Stretches also cut the range, into even parts, so that a search looks at a few starts
// instead of all, and at none where a stretch lies in one interval, as most stretches do.
// Stretch i is the numbers x with x >> shift == i; it begins in interval stretches[i], and
// ends in interval stretches[i+1].
type axis struct {
	starts, rows []uint32
	stretches    []uint32
	shift        uint8
}

// find is the row of x.
func (a *axis) find(x uint32) uint32 {
	i := uint64(x) >> (a.shift & 63)
	from, to := a.stretches[i], a.stretches[i+1]
	if from == to {
		return a.rows[from]
	}
	return a.rows[from+uint32(search(a.starts[from:to+1], x))]
}

// stretch makes the stretches of an axis of numbers with width bits: at least two for each
// start, or of a long axis, for the sake of memory, one for every four starts.
func (a *axis) stretch(width int) {
	few := min(bits.Len(uint(len(a.starts)*2)), 12)
	n := 1 << min(max(few, bits.Len(uint(len(a.starts)/4))), width)
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
func newRuleSet(groups []*groupRules, dir wire.Direction) *ruleSet {
	var rules []*rule
	s := &ruleSet{}
	for _, g := range groups {
		for i := range g.rules[dir] {
			rules = append(rules, &g.rules[dir][i])
			s.rules = append(s.rules, g.ruleID(dir, i))
		}
	}
	b := rowBuilder{set: s, seen: map[string]uint32{}}
	s.words = uint32(len(rules)+63) / 64
	b.bits = make([]uint64, s.words)
	for c := range classes {
		s.ports[c] = b.axis(portCuts(rules, c))
		s.ports[c].stretch(16)
		for f := range families {
			s.open[f][c] = slices.ContainsFunc(rules, func(r *rule) bool {
				ports, covers := r.in(c)
				return covers && ports == c.whole() && r.anywhere(f)
			})
		}
	}
	s.addrs = b.axis(addressCuts(rules))
	s.addrs.stretch(32)
	b.references(rules)
	s.empty = b.rowWhere(rules, func(*rule) bool { return false })
	s.named = b.rowWhere(rules, func(r *rule) bool { return r.group != 0 })
	for f := range families {
		s.anywhere[f] = b.rowWhere(rules, func(r *rule) bool { return r.anywhere(f) })
	}
	b.prefixes(rules)
	return s
}
