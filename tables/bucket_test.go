package tables

import (
	"math/rand/v2"
	"testing"
	"unsafe"

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

// The assembly and its twin find tags in the same lanes. Where tags are equal, each may take another candidate.
func TestCandidatesAndTheirTwin(t *testing.T) {
	buckets := make([]bucket, 64)
	for i := range buckets {
		for s := range slots {
			if rand.IntN(4) > 0 {
				buckets[i].fill(s, tagOf(rand.Uint64N(40)<<48), rand.Uint32())
			}
		}
	}
	base := aligned(unsafe.Slice((*byte)(unsafe.Pointer(&buckets[0])), 64*bucketSize), 64)
	count := uint32(63) // whole buckets from base on
	for range 2_000 {
		var l lanes
		for i := range l.hash {
			l.hash[i], l.bucket[i] = rand.Uint64N(40)<<48|rand.Uint64()>>16, rand.Uint32N(count)
		}
		todo := rand.Uint64() & rand.Uint64()
		var at, twin [Burst]uint32
		found := candidates(base, &l, &at, todo)
		exact := candidatesPortable(base, &l, &twin, todo)
		require.Zero(t, found&^exact, "the twin may take a tag for one that differs in its lowest bit, not the other way")
		for i := range Burst {
			if found>>i&1 == 1 {
				requireSlot(t, base, &l, i, at[i])
			}
			if todo>>i&1 == 0 {
				require.Zero(t, at[i], "a lane that is not asked for is left alone")
			}
		}
		for i := range Burst {
			b := (*bucket)(unsafe.Add(base, uintptr(l.bucket[i])*bucketSize))
			has := false
			for s := range slots {
				has = has || b.tag(s) == tagOf(l.hash[i])
			}
			require.Equal(t, has && todo>>i&1 == 1, found>>i&1 == 1)
		}
	}
}

func requireSlot(t *testing.T, base unsafe.Pointer, l *lanes, i int, at uint32) {
	b := (*bucket)(unsafe.Add(base, uintptr(l.bucket[i])*bucketSize))
	for s := range slots {
		if b.tag(s) == tagOf(l.hash[i]) {
			require.Equal(t, b.at[s], at, "the first slot with the tag")
			return
		}
	}
	require.Fail(t, "no slot has the tag", "lane %d", i)
}
