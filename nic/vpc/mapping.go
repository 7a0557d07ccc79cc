package vpc

import (
	"net/netip"

	"github.com/tidwall/btree"

	"nitrocard/nic/wire"
)

// mapping tells which ENI of a VPC holds a private address. IPv4 addresses lie in a tree
// of pages; a page has 16 addresses, as many as a delegated prefix. IPv6 addresses and
// prefixes lie in a tree of ranges.
type mapping struct {
	pages   *btree.Map[uint32, *page]
	lowest  uint32 // first address of the lowest page that the mapping ever had
	highest uint32 // last address of the highest page
	ranges  *btree.BTreeG[held]

	// The change under way.
	own  *mark  // of the pages that the change has made, and so may write to
	last *page  // the page that the change wrote to last
	at   uint32 // the number of last
}

const pageBits = 4

// page is 16 addresses.
type page struct {
	enis [1 << pageBits]*ENI
	by   *mark // of the change that made the page
}

// mark tells one change from all others, by its address.
type mark struct{ _ byte }

// held is a range of IPv6 addresses that an ENI holds.
type held struct {
	first, last wire.Addr
	by          *ENI
}

func newMapping() mapping {
	less := func(a, b held) bool { return a.first.Less(b.first) }
	return mapping{
		pages:  &btree.Map[uint32, *page]{},
		ranges: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true}),
		own:    new(mark),
	}
}

// copy is the mapping for a change to write to.
func (m *mapping) copy() mapping {
	return mapping{pages: m.pages.Copy(), lowest: m.lowest, highest: m.highest, ranges: m.ranges.Copy(), own: new(mark)}
}

// Neighbor is the ENI of the same VPC that holds a private address, nil if none does.
func (e *OwnENI) Neighbor(addr wire.Addr) *ENI { return e.network.mapping.holder(addr) }

// holder is the ENI that holds an address, nil if none does.
func (m *mapping) holder(addr wire.Addr) *ENI {
	if !addr.Is4() {
		return m.holder6(addr, addr)
	}
	return m.holder4(addr.As4())
}

func (m *mapping) holder4(addr uint32) *ENI {
	if addr-m.lowest > m.highest-m.lowest {
		return nil // without a look-up, as for most addresses of the internet
	}
	p, there := m.pages.Get(addr >> pageBits)
	if !there {
		return nil
	}
	return p.enis[addr&(1<<pageBits-1)]
}

// holder6 is an ENI that holds an address of a range of IPv6 addresses.
func (m *mapping) holder6(first, last wire.Addr) (e *ENI) {
	m.ranges.Descend(held{first: last}, func(h held) bool {
		if !h.last.Less(first) {
			e = h.by
		}
		return false
	})
	return e
}

// holderIn is an ENI that holds an address of a prefix, nil if none does.
func (m *mapping) holderIn(p netip.Prefix) *ENI {
	if !p.Addr().Is4() {
		return m.holder6(wire.AddrFrom(p.Addr()), wire.AddrFrom(lastOf(p)))
	}
	s := spanOf(p)
	for addr := s.lo; ; addr++ {
		if e := m.holder4(addr); e != nil || addr == s.hi {
			return e
		}
	}
}

// claim is hold, unless another ENI has one of the addresses: that ENI is the result then.
func (m *mapping) claim(p netip.Prefix, e *ENI) *ENI {
	if p.IsSingleIP() && p.Addr().Is4() { // one look-up does for most ENIs
		addr := number(p.Addr())
		at := &m.ownPage(addr >> pageBits).enis[addr&(1<<pageBits-1)]
		if *at == nil {
			*at = e
			return nil
		}
		return *at
	}
	holder := m.holderIn(p)
	if holder == nil {
		m.hold(p, e)
	}
	return holder
}

// hold gives an ENI the addresses of a prefix; nil takes them from their ENI. m belongs to
// the change under way.
func (m *mapping) hold(p netip.Prefix, e *ENI) {
	if !p.Addr().Is4() {
		m.hold6(held{wire.AddrFrom(p.Addr()), wire.AddrFrom(lastOf(p)), e})
		return
	}
	s := spanOf(p)
	for addr := s.lo; ; addr++ {
		m.holdOne(addr, e)
		if addr == s.hi {
			return
		}
	}
}

func (m *mapping) hold6(h held) {
	if h.by == nil {
		m.ranges.Delete(h)
	} else {
		m.ranges.Set(h)
	}
}

// widen makes the bounds of the mapping hold a page.
func (m *mapping) widen(number uint32) {
	first, last := number<<pageBits, number<<pageBits|(1<<pageBits-1)
	if m.pages.Len() == 0 {
		m.lowest, m.highest = first, last
	}
	m.lowest, m.highest = min(m.lowest, first), max(m.highest, last)
}

// holdOne gives an ENI one IPv4 address. A page without an ENI is dropped.
func (m *mapping) holdOne(addr uint32, e *ENI) {
	p := m.ownPage(addr >> pageBits)
	p.enis[addr&(1<<pageBits-1)] = e
	if p.enis == (page{}).enis {
		m.pages.Delete(addr >> pageBits)
		m.last = nil
	}
}

// ownPage is a copy of the page of a number, which the change under way may write to. Most
// addresses are in the same page as the address before, so ownPage remembers the last page.
func (m *mapping) ownPage(number uint32) *page {
	if m.last != nil && m.at == number {
		return m.last
	}
	m.widen(number)
	p, there := m.pages.Get(number)
	if !there || p.by != m.own {
		own := &page{by: m.own}
		if there {
			own.enis = p.enis
		}
		p = own
		m.pages.Set(number, p)
	}
	m.last, m.at = p, number
	return p
}

// search is the index of the last element of a that is not above x, and 0 if all are above
// x. a is sorted and not empty. search has no branch to mispredict: the number of turns
// depends on the length of a alone.
func search(a []uint32, x uint32) int {
	base, n := 0, len(a)
	for n > 1 {
		half := n >> 1
		if a[base+half] <= x {
			base += half
		}
		n -= half
	}
	return base
}
