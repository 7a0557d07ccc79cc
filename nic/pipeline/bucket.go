package pipeline

import (
	"sync/atomic"
	"time"
)

// bucket is a token bucket that all workers share, in one word. The word is the time until which
// what was taken has used up the rate: the generic cell rate algorithm (ITU-T I.371, annex A). So
// nobody refills a bucket, and a bucket that nobody takes from costs nothing. The zero value is
// full.
type bucket struct{ spent atomic.Int64 } // in ns since 1970

// longestDebt is how far ahead of the clock a bucket may be, in ns. A bucket that is further ahead was
// taken from before somebody set the clock back.
const longestDebt = int64(time.Hour)

// conforms tells whether something may be taken at the time now.
func (b *bucket) conforms(now int64) bool {
	ahead := b.spent.Load() - now
	return ahead <= 0 || ahead > longestDebt
}

// take takes what comes in cost ns, however much is left, so that a frame of any length passes once
// nothing is owed. A full bucket has what comes in depth ns.
func (b *bucket) take(now, cost, depth int64) {
	for {
		was := b.spent.Load()
		from := max(was, now-depth)
		if was-now > longestDebt {
			from = now
		}
		if b.spent.CompareAndSwap(was, from+cost) {
			return
		}
	}
}

// forgive has the bucket owe no more than most ns. While another worker takes, forgive leaves it to that one.
func (b *bucket) forgive(now, most int64) {
	if was := b.spent.Load(); was-now > most {
		b.spent.CompareAndSwap(was, now+most)
	}
}

// fill is what a bucket counts by: what comes in a second, 0 if the bucket bounds nothing, and what a
// full one has, in ns.
type fill struct{ rate, depth int64 }

// become has the bucket count by other figures. What is owed is worth as much as before, so a higher
// rate pays it sooner. What is left is the same part of a full bucket. A bucket that begins to bound
// is full.
func (b *bucket) become(now int64, was, is fill) {
	left := float64(b.left(now, was.depth))
	switch {
	case was.rate == 0 || is.rate == 0:
		b.spent.Store(0)
		return
	case left < 0:
		left *= float64(was.rate) / float64(is.rate)
	default:
		left *= float64(is.depth) / float64(was.depth)
	}
	b.spent.Store(now - int64(left))
}

// left is what comes in how many ns is left at the time now; below zero: owed.
func (b *bucket) left(now, depth int64) int64 { return min(now-b.spent.Load(), depth) }
