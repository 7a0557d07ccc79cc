package flow

import (
	"sync/atomic"
	"time"

	"nitrocard/nic/wire"
)

// The fragments of a datagram pass in order, each byte once: a fragment passes if it begins
// where the last one that passed ended. So nothing that passed is overwritten, whatever the
// receiver does with overlaps, and what is kept of a datagram is one word for each
// direction, in the record of the datagram's key:
//
//	31       17   16     15            0
//	+----------+------+----------------+
//	|   tick   | done | bytes passed   |
//	+----------+------+----------------+
//
// The tick is that of the last fragment that passed. A word of 0 says that none did.
const (
	doneAt = 16
	tickAt = 17
)

// Order says how a fragment follows those of its datagram that passed.
type Order uint8

const (
	InOrder Order = iota // it begins where they end
	Early                // one between them and it is missing
	Overlap              // it brings bytes that they brought, or bytes after the last
)

// FragmentWait is how long a fragment may wait for those before it, and a datagram for its
// next fragment before another one may take its identification. The time is ours: long
// beside what reorders packets, short beside a host's 30 s (RFC 791 section 3.2) or more.
const FragmentWait = time.Second

// order is the word of direction d in the record at an index.
func (t *Table) order(at uint32, d wire.Direction) *uint32 {
	k := t.cold.At(at)
	if d == wire.In {
		return &k.first
	}
	return &k.second
}

// MayLead tells whether a first fragment may begin a datagram in the record at an index: the
// record has none that still waits for a fragment.
func (t *Table) MayLead(at uint32, d wire.Direction, tick uint32) bool {
	word := atomic.LoadUint32(t.order(at, d))
	idle := (tick - word>>tickAt) & (1<<(32-tickAt) - 1)
	return word == 0 || word>>doneAt&1 != 0 || uint64(idle) > TicksOf(FragmentWait)
}

// Lead begins a datagram, of whose payload the first fragment has the given place.
func (t *Table) Lead(at uint32, d wire.Direction, p wire.Place, tick uint32) {
	atomic.StoreUint32(t.order(at, d), wordOf(p, tick))
}

func wordOf(p wire.Place, tick uint32) uint32 {
	word := tick<<tickAt | uint32(p.To)
	if !p.More {
		word |= 1 << doneAt
	}
	return word
}

// Follow passes a later fragment of the datagram in the record at an index if it is in
// order. Of two workers that call Follow for equal fragments, one gets InOrder.
func (t *Table) Follow(at uint32, d wire.Direction, p wire.Place, tick uint32) Order {
	for {
		word := atomic.LoadUint32(t.order(at, d))
		if o := orderOf(word, p); o != InOrder || atomic.CompareAndSwapUint32(t.order(at, d), word, wordOf(p, tick)) {
			return o
		}
	}
}

// Order is what Follow would answer, and passes nothing.
func (t *Table) Order(at uint32, d wire.Direction, p wire.Place) Order {
	return orderOf(atomic.LoadUint32(t.order(at, d)), p)
}

func orderOf(word uint32, p wire.Place) Order {
	switch passed := int(word & 0xffff); {
	case word == 0 || word>>doneAt&1 == 0 && p.From > passed:
		return Early
	case word>>doneAt&1 != 0 || p.From < passed:
		return Overlap
	}
	return InOrder
}
