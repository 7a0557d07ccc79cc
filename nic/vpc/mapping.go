package vpc

import "slices"

// mapping says who holds a private address of a VPC. It is a page table: pages of
// 64 addresses, the numbers of those in use sorted beside them. Compared with a
// prefix tree it costs one search in a small array and one load, which counts,
// as each new connection asks; and delegated prefixes are just more addresses.
type mapping struct {
	numbers []uint32 // of pages, sorted, once frozen
	pages   []*page
	open    map[uint32]*page // while it is built
}

const pageBits = 6

type page [1 << pageBits]*ENI

// find is who holds an address; nil: nobody. The mapping is frozen.
func (m *mapping) find(addr uint32) *ENI {
	if len(m.numbers) == 0 {
		return nil
	}
	i := search(m.numbers, addr>>pageBits)
	if m.numbers[i] != addr>>pageBits {
		return nil
	}
	return m.pages[i][addr&(1<<pageBits-1)]
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

// holder finds who holds one of the addresses of a span, while it is built.
func (m *mapping) holder(s span) *ENI {
	for addr := s.lo; ; addr++ {
		if p := m.open[addr>>pageBits]; p != nil && p[addr&(1<<pageBits-1)] != nil {
			return p[addr&(1<<pageBits-1)]
		}
		if addr == s.hi {
			return nil
		}
	}
}

// add gives an ENI the addresses of a span.
func (m *mapping) add(s span, e *ENI) {
	if m.open == nil {
		m.open = map[uint32]*page{}
	}
	for addr := s.lo; ; addr++ {
		p := m.open[addr>>pageBits]
		if p == nil {
			p = new(page)
			m.open[addr>>pageBits] = p
		}
		p[addr&(1<<pageBits-1)] = e
		if addr == s.hi {
			return
		}
	}
}

// freeze ends the building.
func (m *mapping) freeze() {
	for n := range m.open {
		m.numbers = append(m.numbers, n)
	}
	slices.Sort(m.numbers)
	for _, n := range m.numbers {
		m.pages = append(m.pages, m.open[n])
	}
	m.open = nil
}
