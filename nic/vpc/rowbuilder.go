package vpc

import (
	"encoding/binary"
	"slices"

	"github.com/gaissmai/bart"
)

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

// addressCuts are the bounds of the rules' IPv4 addresses.
func addressCuts(rules []*rule) (cuts []cut) {
	for bit, r := range rules {
		for _, p := range r.addrs {
			if p.Addr().Is4() {
				s := spanOf(p)
				cuts = append(cuts, cut{uint64(s.lo), bit, 1}, cut{uint64(s.hi) + 1, bit, -1})
			}
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

// prefixes gives each IPv6 prefix that rules name the row of the rules that name it or a
// wider one.
func (b *rowBuilder) prefixes(rules []*rule) {
	named := &bart.Table[[]int]{} // the bits of the rules that name a prefix
	for bit, r := range rules {
		for _, p := range r.addrs {
			if !p.Addr().Is4() {
				bits, _ := named.Get(p)
				named.Insert(p, append(bits, bit))
			}
		}
	}
	for p := range named.All() {
		clear(b.bits)
		for _, wider := range named.Supernets(p) {
			for _, bit := range wider {
				b.bits[bit>>6] |= 1 << (bit & 63)
			}
		}
		b.set.addrs6.Insert(p, b.row())
	}
}
