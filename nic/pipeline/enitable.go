package pipeline

import (
	"math/bits"

	"nitrocard/nic/wire"
)

// eniTable finds the ENI of this card that a tunnel's frame is for, by VNI and
// MAC. It is made with the view and never changes, so that all workers read
// one, and assembly does.
//
// Places are a power of two, of which a quarter at most are taken. An ENI is in
// the place of its target, or in one after it; a search goes on to the first
// place that is not taken. More than nine of ten end where they began, and what
// is no ENI's ends as soon. VNIs and MACs are the provider's to give, so no
// customer can crowd a place. Behind the last place are some more, so that no
// search begins again at the first.
type eniTable struct {
	places []eniPlace
	mask   uint64 // of a place's distance from the first, in bytes
}

// eniPlace is one ENI. It has no pointers, and half a cache line.
type eniPlace struct {
	target          wire.Target
	number          uint32
	primary, public uint32 // public is primary where there is none
	taken           bool
}

// placeBits is the size of an eniPlace, as a shift.
const placeBits = 5

// newENITable is that of the ENIs among guests.
func newENITable(guests []guest) eniTable {
	n := 0
	for i := range guests {
		if guests[i].eni != nil {
			n++
		}
	}
	size := 1 << bits.Len(uint(4*max(n, 1)-1))
	t := eniTable{places: make([]eniPlace, size+1), mask: uint64(size-1) << placeBits}
	for i := range guests {
		if g := &guests[i]; g.eni != nil {
			t.add(eniPlace{wire.TargetOf(g.eni.VNI, g.macBits), g.number, g.primary, g.public, true})
		}
	}
	return t
}

// add puts an ENI into its place, and keeps the last place free.
func (t *eniTable) add(e eniPlace) {
	if e.public == 0 {
		e.public = e.primary
	}
	at := t.place(e.target)
	for t.places[at].taken {
		at++
	}
	t.places[at] = e
	if at == len(t.places)-1 {
		t.places = append(t.places, eniPlace{})
	}
}

// place is where the search for a target begins. The product's highest byte
// depends on all of the target, and becomes the lowest.
func (t *eniTable) place(x wire.Target) int {
	hash := bits.ReverseBytes64((x.Lo ^ x.Hi<<40) * 0x9e3779b97f4a7c15)
	return int(hash << placeBits & t.mask >> placeBits)
}

// find is the ENI of a target, nil if it is none of this card's.
func (t *eniTable) find(x wire.Target) *eniPlace {
	for at := t.place(x); t.places[at].taken; at++ {
		if e := &t.places[at]; e.target == x {
			return e
		}
	}
	return nil
}
