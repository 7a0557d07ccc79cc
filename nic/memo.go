package nic

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// memo is where a worker found ENIs last. Most bursts are for a few ENIs, and
// to recall one costs a third of the table's look-up: 20 instructions instead of
// 60. It holds what the table held, so nobody outside can put anything in
// it; of ENIs that share a place one at a time has the fast path.
type memo [memoPlaces]memory

const memoPlaces = 1024

// memory is one ENI. It has no pointers, so that assembly may read it.
type memory struct {
	target          wire.Target
	number          uint32
	primary, public uint32 // public is primary where there is none
	known           bool   // false: nothing to recall here
}

// place is where an ENI is kept.
func (m *memo) place(t wire.Target) *memory {
	return &m[(t.Lo^t.Hi<<40)*0x9e3779b97f4a7c15>>(64-10)]
}

// recall is the ENI of a target, nil if it is not known here.
func (m *memo) recall(t wire.Target) *memory {
	if e := m.place(t); e.target == t && e.known {
		return e
	}
	return nil
}

// keep remembers the guest of k.
func (m *memo) keep(k vpc.ENIKey, g *guest) {
	t := wire.TargetOf(uint32(k.Hi), k.Lo)
	e := memory{target: t, number: g.number, primary: g.primary, public: g.public, known: true}
	if e.public == 0 {
		e.public = e.primary
	}
	*m.place(t) = e
}
