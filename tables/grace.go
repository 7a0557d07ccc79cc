package tables

import (
	"math"
	"sync/atomic"
)

// Grace knows when what a table's writer has taken away is out of every reader's sight, so that it may be used again. Each reader says
// now and then that it holds no index (Pass, or Rest before it sleeps); that is all it does, and it never waits. The writer
// never waits either: what is not free yet is left for later.
//
// It counts generations. One ends when every reader has said so in it, and what was taken away in one is free when the one after
// it has ended: all have passed since, also those who had passed in the first before it was taken away.
//
// A Grace is for one table.
type Grace struct {
	now     atomic.Uint64
	readers []Reader
}

// Reader is one of a Grace's readers. It belongs to one goroutine at a time.
type Reader struct {
	seen  atomic.Uint64 // generation in which it passed last, or resting
	grace *Grace
	_     [48]byte // a cache line of its own: it is written by one thread and read by all
}

// resting is in every generation.
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

// Reader is reader number i.
func (g *Grace) Reader(i int) *Reader { return &g.readers[i] }

// Pass says that the reader holds no index from before. It begins a reader's work after Rest, too.
func (r *Reader) Pass() {
	if now := r.grace.now.Load(); r.seen.Load() != now {
		r.seen.Store(now)
	}
}

// Rest says that the reader holds no index, and will not look into the table before its next Pass.
func (r *Reader) Rest() { r.seen.Store(resting) }

// turn ends a generation if every reader has passed in it. It is the writer's.
func (g *Grace) turn() bool {
	now := g.now.Load()
	for i := range g.readers {
		if seen := g.readers[i].seen.Load(); seen != now && seen != resting {
			return false
		}
	}
	g.now.Store(now + 1)
	return true
}
