package vpc

import "nitrocard/nic/wire"

// The mapping says who holds a private address of a VPC: a tree of pages of 16
// addresses, which is what a delegated prefix has.

const pageBits = 4

type page [1 << pageBits]*ENI

// Neighbor is the mapping: who in the ENI's VPC holds a private address; nil:
// nobody.
func (e *OwnENI) Neighbor(addr wire.Addr) *ENI {
	if !addr.Is4() {
		return nil
	}
	return e.network.holder(addr.As4())
}

// holder is who holds an address; nil: nobody.
func (n *network) holder(addr uint32) *ENI {
	if addr-n.lowest > n.highest-n.lowest {
		return nil // most of what comes from the internet
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

// holderIn finds an ENI that holds an address of a span; nil: nobody does.
func (n *network) holderIn(s span) *ENI {
	for addr := s.lo; ; addr++ {
		if e := n.holder(addr); e != nil || addr == s.hi {
			return e
		}
	}
}

// hold gives an ENI the addresses of a span, or takes them from it: then e is
// nil. The network may be changed.
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

// own is the page of a number, which may be changed. Most addresses are in the page
// of the one before.
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

// search is the index of the last element that is not above x, and 0 where all
// are. a is sorted and not empty. There is no branch to mispredict: the number of
// turns depends on the length alone.
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
