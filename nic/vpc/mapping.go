package vpc

import "nitrocard/nic/wire"

// The mapping of a VPC tells which ENI holds a private address. It is a tree of pages; a
// page has 16 addresses, as many as a delegated prefix.

const pageBits = 4

type page [1 << pageBits]*ENI

// Neighbor is the ENI of the same VPC that holds a private address, nil if none does.
func (e *OwnENI) Neighbor(addr wire.Addr) *ENI { return e.network.eniAt(addr) }

// eniAt is the ENI that holds an address, nil if none does.
func (n *network) eniAt(addr wire.Addr) *ENI {
	if !addr.Is4() {
		return nil
	}
	return n.holder(addr.As4())
}

// holder is the ENI that holds an address, nil if none does.
func (n *network) holder(addr uint32) *ENI {
	if addr-n.lowest > n.highest-n.lowest {
		return nil // without a look-up, as for most addresses of the internet
	}
	p, there := n.mapping.Get(addr >> pageBits)
	if !there {
		return nil
	}
	return p[addr&(1<<pageBits-1)]
}

// widen makes the bounds of the mapping hold a page.
func (n *network) widen(number uint32) {
	first, last := number<<pageBits, number<<pageBits|(1<<pageBits-1)
	if n.mapping.Len() == 0 {
		n.lowest, n.highest = first, last
	}
	n.lowest, n.highest = min(n.lowest, first), max(n.highest, last)
}

// holderIn is an ENI that holds an address of a span, nil if none does.
func (n *network) holderIn(s span) *ENI {
	for addr := s.lo; ; addr++ {
		if e := n.holder(addr); e != nil || addr == s.hi {
			return e
		}
	}
}

// hold gives an ENI the addresses of a span; nil takes them from their ENI. n belongs to
// the change under way.
func (n *network) hold(s span, e *ENI) {
	for addr := s.lo; ; addr++ {
		n.holdOne(addr, e)
		if addr == s.hi {
			return
		}
	}
}

// holdOne gives an ENI one address. A page without an ENI is dropped.
func (n *network) holdOne(addr uint32, e *ENI) {
	p := n.own(addr >> pageBits)
	p[addr&(1<<pageBits-1)] = e
	if *p == (page{}) {
		n.mapping.Delete(addr >> pageBits)
		n.last = nil
	}
}

// own is a copy of the page of a number, which the change under way may write to. Most
// addresses are in the same page as the address before, so own remembers the last page.
func (n *network) own(number uint32) *page {
	if n.last != nil && n.at == number {
		return n.last
	}
	n.widen(number)
	p, there := n.mapping.Get(number)
	if !n.pages[p] {
		own := new(page)
		if there {
			*own = *p
		}
		p = own
		n.pages[p] = true
		n.mapping.Set(number, p)
	}
	n.last, n.at = p, number
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
