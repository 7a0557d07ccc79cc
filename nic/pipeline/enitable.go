package pipeline

import (
	"math/bits"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// eniTable finds the ENI of this card that a tunnel's frame is for, by VNI and MAC: a
// hash table with linear probing. The table is made with the setup and never changes, so
// all workers and the assembly read one table.
//
// The number of places is a power of two, and at most a quarter of them are taken. An
// ENI is in the place of its target's hash, or in the next free one; a search ends at
// the first free place. More than nine of ten searches end where they began, also for a
// target that is no ENI's. The provider chooses VNIs and MACs, so no customer can crowd
// a place. A few more places follow the last one, so that no search wraps around.
type eniTable struct {
	places []eniPlace
	mask   uint64 // of a place's distance from the first, in bytes
}

// eniPlace is one ENI, in half a cache line and without pointers.
type eniPlace struct {
	target          wire.Target
	number          uint32
	primary, public uint32 // public is primary where none becomes primary, whoever brings the packet
	taken           bool
	exit            uint16 // by which the packets come: the index of its tunnel end; 0: of the VPC itself
}

// placeBits is the size of an eniPlace, as a shift.
const placeBits = 5

// newENITable is the table of the ENIs among guests.
func newENITable(guests []guest) eniTable {
	n := 0
	for i := range guests {
		if guests[i].eni != nil {
			n++
		}
	}
	t := newTableFor(n)
	for i := range guests {
		if g := &guests[i]; g.eni != nil {
			place := eniPlace{target: wire.TargetOf(g.eni.VNI, g.macBits), number: g.number, primary: g.primary, public: g.public, taken: true}
			if g.keepsPublic {
				place.public = 0 // gatherIn asks who brings the packet
			}
			t.add(place)
		}
	}
	return t
}

// newTableFor is an empty table for so many ENIs.
func newTableFor(n int) eniTable {
	size := 1 << bits.Len(uint(4*max(n, 1)-1))
	return eniTable{places: make([]eniPlace, size+1), mask: uint64(size-1) << placeBits}
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

// place is where the search for a target begins. The product's highest byte depends on
// all bits of the target, so place makes the highest byte the lowest.
func (t *eniTable) place(x wire.Target) int {
	hash := bits.ReverseBytes64((x.Lo ^ x.Hi<<40) * 0x9e3779b97f4a7c15)
	return int(hash << placeBits & t.mask >> placeBits)
}

// find is the ENI of a target, nil if no ENI of this card is the target.
func (t *eniTable) find(x wire.Target) *eniPlace {
	for at := t.place(x); t.places[at].taken; at++ {
		if e := &t.places[at]; e.target == x {
			return e
		}
	}
	return nil
}

// findBy is find for a frame by an exit: from is the tunnel end that sent the frame, and ends are
// the tunnel ends by index.
func (t *eniTable) findBy(x wire.Target, from wire.Addr, ends []vpc.VTEP) *eniPlace {
	for at := t.place(x); t.places[at].taken; at++ {
		if e := &t.places[at]; e.target == x && ends[e.exit].Addr == from {
			return e
		}
	}
	return nil
}
