package seat

import (
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables/oracle"
)

func TestBucketsFollowOneAnother(t *testing.T) {
	for v, e := uint64(0), 0; e < 64; e++ {
		for range 32 {
			require.Equal(t, gapBucket(v)+1, gapBucket(gapEnd(gapBucket(v))+1), "%d", v)
			v = max(v+1, gapEnd(gapBucket(v))+1)
		}
		v = max(v, 1<<e)
		require.LessOrEqual(t, v, gapEnd(gapBucket(v)))
		if bits.Len64(v) > 62 {
			break
		}
	}
	require.Less(t, gapBucket(1<<64-1), gapBuckets)
}

func TestQuantilesAreThoseOfTheTimes(t *testing.T) {
	rnd := oracle.Random(t)
	var g Gaps
	var times []uint64
	for range 10_000 {
		v := rnd.Uint64() >> (1 + rnd.IntN(60))
		times = append(times, v)
		g.Add(int64(v))
	}
	slices.Sort(times)
	for _, q := range []float64{0, 0.5, 0.99, 0.999, 0.9999} {
		want := times[int(q*float64(len(times)))]
		require.GreaterOrEqual(t, g.quantile(q), want, "%v", q)
		require.LessOrEqual(t, g.quantile(q), want+want/16, "%v", q)
	}
	require.Equal(t, times[len(times)-1], g.quantile(1))
	require.Equal(t, float64(times[len(times)-1])/1e3, g.View().Max)
}

func TestNoTimesHaveNoQuantile(t *testing.T) {
	require.Equal(t, GapView{}, new(Gaps).View())
}
