package pipeline

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever is taken at what times, the sum is at most what came meanwhile, what a full bucket
// had, and one quantum, which may be owed.
func TestABucketNeverGivesMoreThanItsRate(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	const start, depth, most = int64(1e18), int64(1e6), int64(5e4)
	var b bucket
	taken := int64(0)
	for now := start; now < start+1e9; now += r.Int64N(4e4) {
		if !b.conforms(now) {
			continue
		}
		cost := 1 + r.Int64N(most)
		b.take(now, cost, depth)
		taken += cost
		require.LessOrEqual(t, taken, now-start+depth+most)
	}
	require.Greater(t, taken, int64(5e8), "who wants more than the rate gets about the rate")
}

// What is left unused is kept up to the depth, and no longer.
func TestAFullBucketIsNoFuller(t *testing.T) {
	var b bucket
	require.EqualValues(t, 100, b.left(1e18, 100))
	b.take(1e18, 300, 100)
	require.EqualValues(t, -200, b.left(1e18, 100))
	require.False(t, b.conforms(1e18+199))
	require.True(t, b.conforms(1e18+200))
	b.take(1e18+1e9, 0, 100)
	require.EqualValues(t, 100, b.left(1e18+1e9, 100))
}

// A clock that is set back closes no bucket for the time between.
func TestABucketAfterTheClockWentBack(t *testing.T) {
	var b bucket
	b.take(2e18, 1000, 0)
	require.True(t, b.conforms(1e18))
	b.take(1e18, 500, 0)
	require.EqualValues(t, -500, b.left(1e18, 0))
}

// Under other figures a debt is worth as much, credits are the same part of all, and a bucket that begins
// to bound is full.
func TestABucketUnderOtherFigures(t *testing.T) {
	for _, c := range []struct {
		left, want int64
		was, is    fill
	}{
		{-600, -300, fill{10, 100}, fill{20, 100}},
		{-600, -1200, fill{10, 100}, fill{5, 100}},
		{50, 200, fill{10, 100}, fill{5, 400}},
		{-600, 100, fill{10, 100}, fill{0, 100}},
		{-600, 100, fill{0, 0}, fill{10, 100}},
	} {
		var b bucket
		b.spent.Store(1e18 - c.left)
		b.become(1e18, c.was, c.is)
		require.Equal(t, c.want, b.left(1e18, c.is.depth))
	}
}

// Workers that take at once take from one bucket.
func TestWorkersShareABucket(t *testing.T) {
	var b bucket
	b.take(1e18, 0, 0)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 1000 {
				b.take(1e18, 7, 0)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, -28000, b.left(1e18, 0))
}
