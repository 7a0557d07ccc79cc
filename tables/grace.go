package tables

import (
	"math"
	"sync/atomic"
)

// Grace knows when a removed entry is out of every reader's sight, so that its index may be used again. Each reader says now
// and then that it holds no index: Pass, or Rest before it sleeps. Neither readers nor writer ever wait: the writer leaves
// an index that is not free yet for a later Insert.
//
// A Grace counts generations. A generation ends when every reader has passed in it. An index removed in one generation is
// free when the next generation has ended:
//
//	           generation 7            generation 8            generation 9
//	reader A   ──pass─────────────────────────pass─────────────
//	reader B   ─────────────────pass──────────────────pass─────
//	writer     ────────remove 5──────────────────────────────── 5 is free
//
// Reader A passed in generation 7 before the Remove and may have found index 5 after its pass, so the end of generation 7
// is too early. In generation 8 every reader passes after the Remove.
//
// Several tables may share a Grace, if the same threads read them. Each table counts the generations that it saw end, so
// that it is no matter which table's writer ended one, and writers need no lock in common.
type Grace struct {
	now     atomic.Uint64
	readers []Reader
}

// Reader is one of a Grace's readers. It belongs to one goroutine at a time.
type Reader struct {
	seen  atomic.Uint64 // generation of the reader's last pass, or resting
	grace *Grace
	_     [48]byte // a cache line for each Reader, which one thread writes and the writer reads
}

// resting stands for every generation.
const resting = math.MaxUint64

// NewGrace makes a Grace for n readers, all at rest.
func NewGrace(n int) *Grace {
	g := &Grace{readers: make([]Reader, n)}
	for i := range g.readers {
		g.readers[i].grace = g
		g.readers[i].seen.Store(resting)
	}
	return g
}

// Reader returns reader i, from 0 to n-1.
func (g *Grace) Reader(i int) *Reader { return &g.readers[i] }

// Pass says that the reader holds no index from before the call. Pass also ends a Rest.
func (r *Reader) Pass() {
	if now := r.grace.now.Load(); r.seen.Load() != now {
		r.seen.Store(now)
	}
}

// Rest says that the reader holds no index and calls Pass before it looks into the table again.
func (r *Reader) Rest() { r.seen.Store(resting) }

// advance ends the generation if every reader has passed in it; ended tells whether. advance is for the writer.
func (g *Grace) advance() (ended bool) {
	now := g.now.Load()
	for i := range g.readers {
		if seen := g.readers[i].seen.Load(); seen != now && seen != resting {
			return false
		}
	}
	g.now.CompareAndSwap(now, now+1) // or another table's writer has ended the generation at this moment
	return true
}
