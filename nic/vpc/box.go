package vpc

import (
	"fmt"
	"net/netip"

	"nitrocard/nic/wire"
)

// box is a set of packets of one direction and family: a range of a class's numbers, from or to a range of
// addresses, or the members of a group, whose addresses nobody asks for.
type box struct {
	kind   class
	family family
	ports  span
	group  uint32 // its number; 0: a range of addresses
	lo, hi netip.Addr
	source string // the group's ID
}

// ends are the first and the last address of a family.
var ends = [families][2]netip.Addr{
	ipv4: {netip.MustParseAddr("0.0.0.0"), netip.MustParseAddr("255.255.255.255")},
	ipv6: {netip.MustParseAddr("::"), netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")},
}

// boxes are the packets of a service in a family: one box of each class, whose other members the caller
// gives.
func (s service) boxes(f family, from box) (all []box) {
	for k := range classes {
		ports, is := s.in(k)
		if !is || k == classICMP && f == ipv6 || k == classICMPv6 && f == ipv4 {
			continue
		}
		b := from
		b.kind, b.family, b.ports = k, f, ports
		all = append(all, b)
	}
	return all
}

// boxes are the packets that the rule allows.
func (r *rule) boxes() (all []box) {
	if r.group != 0 {
		for f := range families {
			all = append(all, r.service.boxes(f, box{group: r.group, source: r.source})...)
		}
	}
	for _, p := range r.addrs {
		all = append(all, r.service.boxes(familyOf(wire.AddrFrom(p.Addr())), box{lo: p.Addr(), hi: lastOf(p)})...)
	}
	return all
}

// minus is the part of b that is not in o: up to four boxes. Of a group's members only the group itself and
// a whole family take any away, and a group takes nothing away from addresses.
func (b box) minus(o *box) []box {
	if !b.overlaps(o) {
		return []box{b}
	}
	var parts []box
	cut := func(part box) { parts = append(parts, part) }
	if b.group == 0 {
		if b.lo.Less(o.lo) {
			part := b
			part.hi, b.lo = o.lo.Prev(), o.lo
			cut(part)
		}
		if o.hi.Less(b.hi) {
			part := b
			part.lo, b.hi = o.hi.Next(), o.hi
			cut(part)
		}
	}
	if b.ports.lo < o.ports.lo {
		part := b
		part.ports.hi, b.ports.lo = o.ports.lo-1, o.ports.lo
		cut(part)
	}
	if o.ports.hi < b.ports.hi {
		part := b
		part.ports.lo = o.ports.hi + 1
		cut(part)
	}
	return parts
}

// overlaps tells whether o is known to have a part of b.
func (b *box) overlaps(o *box) bool {
	switch {
	case b.kind != o.kind || b.family != o.family || b.ports.hi < o.ports.lo || o.ports.hi < b.ports.lo:
		return false
	case b.group != 0:
		return o.group == b.group || o.group == 0 && o.lo == ends[o.family][0] && o.hi == ends[o.family][1]
	}
	return o.group == 0 && !b.hi.Less(o.lo) && !o.hi.Less(b.lo)
}

// text is the box of a direction as people write a rule: "tcp 81-90 from 10.0.0.0/8".
func (b *box) text(dir wire.Direction) string {
	s := b.numbers() + preposition[dir]
	if b.group != 0 {
		return s + b.source
	}
	if p, err := b.lo.Prefix(commonBits(b.lo, b.hi)); err == nil && p.Addr() == b.lo && lastOf(p) == b.hi {
		return s + p.String()
	}
	return fmt.Sprintf("%s%s-%s", s, b.lo, b.hi)
}

// commonBits is how many bits two addresses of one family have in common at the front.
func commonBits(a, b netip.Addr) (n int) {
	x, y := a.AsSlice(), b.AsSlice()
	for n < 8*len(x) && (x[n/8]^y[n/8])>>(7-n%8)&1 == 0 {
		n++
	}
	return n
}

// numbers is the range of the class's numbers, as people write it.
func (b *box) numbers() string {
	lo, hi := b.ports.lo, b.ports.hi
	switch b.kind {
	case classTCP, classUDP:
		return service{proto: map[class]int{classTCP: wire.ProtoTCP, classUDP: wire.ProtoUDP}[b.kind], ports: b.ports}.String()
	case classICMP, classICMPv6:
		name := map[class]string{classICMP: "icmp", classICMPv6: "icmpv6"}[b.kind]
		if lo>>8 != hi>>8 && b.ports != b.kind.whole() {
			return fmt.Sprintf("%s types %d-%d", name, lo>>8, hi>>8)
		}
		return icmpText(name, b.ports)
	}
	if lo == hi {
		return fmt.Sprintf("protocol %d", lo)
	}
	return fmt.Sprintf("protocols %d-%d", lo, hi)
}
