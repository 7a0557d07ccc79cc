package tables

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// tag returns a random tag: few different ones, so that many are equal, and some that differ in the lowest bit only.
func tag() uint64 { return tagOf(rand.Uint64N(6) << 48) }

func TestBucketTags(t *testing.T) {
	for range 10_000 {
		var b bucket
		var tags [slots]uint64
		for s := range tags {
			if rand.IntN(3) > 0 {
				tags[s] = tag()
				b.fill(s, tags[s], uint32(s))
			}
		}
		marked := func(marks uint64) (set [slots]bool) {
			for ; marks != 0; marks &= marks - 1 {
				set[slotOf(marks)] = true
			}
			return set
		}
		want := tag()
		found, empty := marked(b.match(want)), marked(b.empty())
		for s := range tags {
			require.Equal(t, tags[s], b.tag(s))
			require.Equal(t, tags[s] == 0, empty[s])
			if tags[s] == want {
				require.True(t, found[s], "an equal tag is a candidate")
			}
			if tags[s] == 0 {
				require.False(t, found[s], "an empty slot never is")
			}
		}
		version := b.version
		b.clear(3)
		require.Zero(t, b.tag(3))
		require.NotEqual(t, version, b.version)
	}
}
