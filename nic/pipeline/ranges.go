package pipeline

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"nitrocard/nic/wire"
)

// ranges are the addresses from which the internet sends nothing: those of the region's own
// prefixes, and those that no packet on the internet has. They are the prefixes that the edge
// announces, too.
//
// Nearly every source is none of them, and one bit tells so: near has a bit for each value of
// an address's first 16 bits, set where a range begins so. Only the others are searched for.
type ranges struct {
	near  [2 << 16 / 64]uint64
	own   bart.Lite
	given bool                 // Placement has the prefixes
	used  map[netip.Prefix]int // without given: how many addresses or blocks that the internet reaches each prefix has
}

// The longest prefixes that networks take from each other: without Placement's prefixes, the
// edge announces those that its addresses are of.
const longest4, longest6 = 24, 48

// newRanges are the ranges with the region's own prefixes, nil for those of the addresses to
// come.
func newRanges(own []netip.Prefix) *ranges {
	r := &ranges{given: own != nil, used: map[netip.Prefix]int{}}
	for _, p := range own {
		r.own.Insert(p)
		r.mark(p)
	}
	for first := range uint32(1 << 16) {
		for _, last := range []uint32{first << 16, first<<16 | 0xffff} {
			if a := wire.AddrFrom4(last); outsideInternet(a) {
				r.setNear(a)
			}
		}
	}
	for first := range uint64(1 << 16) {
		for _, rest := range []uint64{0, 1<<48 - 1} {
			if a := wire.AddrFromWords(first<<48|rest, 0); outsideInternet(a) {
				r.setNear(a)
			}
		}
	}
	return r
}

// outsideInternet tells whether no packet on the internet has an address.
func outsideInternet(a wire.Addr) bool {
	return martian(a) || a.IsPrivate() || a.Is4() && a.As4()>>16 == 169<<8|254 // RFC 3927
}

// index is an address's bit in near.
func (r *ranges) index(a wire.Addr) uint32 {
	hi, lo := a.Words()
	if hi == 0 {
		return uint32(lo>>16) & 0xffff
	}
	return 1<<16 | uint32(hi>>48)
}

func (r *ranges) setNear(a wire.Addr) {
	i := r.index(a)
	r.near[i/64] |= 1 << (i % 64)
}

// mark sets the bits of a prefix in near.
func (r *ranges) mark(p netip.Prefix) {
	first := wire.AddrFrom(p.Addr())
	hi, lo := first.Words()
	for n := range uint64(1) << max(0, 16-p.Bits()) {
		if first.Is4() {
			r.setNear(wire.AddrFromWords(hi, lo+n<<16))
		} else {
			r.setNear(wire.AddrFromWords(hi+n<<48, lo))
		}
	}
}

// mayHave tells whether an address may be in the ranges. It is cheap.
func (r *ranges) mayHave(a wire.Addr) bool {
	i := r.index(a)
	return r.near[i/64&(uint32(len(r.near))-1)]&(1<<(i%64)) != 0
}

// isOwn tells whether an address is of the region's own prefixes.
func (r *ranges) isOwn(a wire.Addr) bool { return r.mayHave(a) && r.own.Contains(a.Netip()) }

// add notes that somebody has a block, by which the internet reaches it or not, and tells whether the
// prefixes have it, or would have it if the internet reached it.
func (r *ranges) add(block netip.Prefix, reached bool) bool {
	switch {
	case r.given:
		return r.own.Contains(block.Addr())
	case !reached:
		return true
	}
	p := announcedFor(block)
	if r.used[p]++; r.used[p] == 1 {
		r.own.Insert(p)
		r.mark(p)
	}
	return true
}

// remove notes that somebody has a block no more. The bits in near stay.
func (r *ranges) remove(block netip.Prefix, reached bool) {
	if r.given || !reached {
		return
	}
	p := announcedFor(block)
	if r.used[p]--; r.used[p] == 0 {
		delete(r.used, p)
		r.own.Delete(p)
	}
}

// announcedFor is the prefix that is announced for a block.
func announcedFor(block netip.Prefix) netip.Prefix {
	longest := longest6
	if block.Addr().Is4() {
		longest = longest4
	}
	return netip.PrefixFrom(block.Addr(), min(longest, block.Bits())).Masked()
}

// announced are the region's own prefixes.
func (r *ranges) announced() []netip.Prefix {
	if !r.given {
		return slices.SortedFunc(maps.Keys(r.used), netip.Prefix.Compare)
	}
	var all []netip.Prefix
	for p := range r.own.All() {
		all = append(all, p)
	}
	slices.SortFunc(all, netip.Prefix.Compare)
	return all
}
