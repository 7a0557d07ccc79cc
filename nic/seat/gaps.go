package seat

import "math/bits"

// Gaps is a histogram of times, in ns. A bucket is a sixteenth of a power of two wide, so
// a quantile is at most 6 % too long.
type Gaps struct {
	buckets [gapBuckets]uint64
	n, max  uint64
}

const gapBuckets = 61 * 16

// Add counts one time.
func (g *Gaps) Add(ns int64) {
	v := uint64(max(ns, 0))
	g.buckets[gapBucket(v)]++
	g.n++
	g.max = max(g.max, v)
}

// gapBucket is the bucket of v: v itself below 32; above, v's exponent and first five
// bits.
func gapBucket(v uint64) int {
	shift := max(bits.Len64(v)-5, 0)
	return shift<<4 + int(v>>shift)
}

// gapEnd is the longest time in a bucket.
func gapEnd(bucket int) uint64 {
	shift := max(bucket>>4-1, 0)
	return uint64(bucket-shift<<4+1)<<shift - 1
}

// quantile is the time that the part q of all times does not exceed: q is 0.99 for p99.
// quantile is 0 if there are no times.
func (g *Gaps) quantile(q float64) uint64 {
	rank, seen := uint64(q*float64(g.n)), uint64(0)
	for i, n := range g.buckets {
		if seen += n; seen > rank {
			return min(gapEnd(i), g.max)
		}
	}
	return g.max
}

// GapView is quantiles of the time from one turn of a worker over its ports to the next,
// in microseconds: how long a frame may wait.
type GapView struct {
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99_9"`
	P9999 float64 `json:"p99_99"`
	Max   float64 `json:"max"`
}

// View is g's quantiles for people.
func (g *Gaps) View() GapView {
	us := func(q float64) float64 { return float64(g.quantile(q)) / 1e3 }
	return GapView{us(0.50), us(0.99), us(0.999), us(0.9999), float64(g.max) / 1e3}
}

// Merge adds the times of h.
func (g *Gaps) Merge(h *Gaps) {
	for i, n := range h.buckets {
		g.buckets[i] += n
	}
	g.n += h.n
	g.max = max(g.max, h.max)
}
