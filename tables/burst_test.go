package tables

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"nitrocard/tables/oracle"
)

// Every way to compare keys is ==, also where the differences of two words could cancel each other.
func TestKeysAreEqualWordByWord(t *testing.T) {
	odd := []uint64{0, 1, 1 << 63, ^uint64(0), ^uint64(1)}
	for range 20_000 {
		words := 1 + rand.IntN(maxWords)
		entry, keys := make([]uint64, words), make([]uint64, Burst*words)
		for i := range entry {
			entry[i] = odd[rand.IntN(len(odd))]
		}
		lane := rand.IntN(Burst)
		key := keys[lane*words : (lane+1)*words]
		copy(key, entry)
		for range rand.IntN(3) {
			key[rand.IntN(words)] = odd[rand.IntN(len(odd))]
		}
		x := index{entries: unsafe.Pointer(&entry[0]), words: words}
		var at [Burst]uint32
		want := uint64(0)
		if slices.Equal(entry, key) {
			want = 1 << lane
		}
		got := x.equalBurst(unsafe.Pointer(&keys[0]), 1<<lane, &at)
		require.Equal(t, want, got, "entry %x, key %x", entry, key)
		require.Equal(t, want != 0, equal(x.entries, unsafe.Pointer(&key[0]), words))
	}
}

// ways are the assembly and its twin, where there are both: a table whose hash is portable takes the twins.
func ways(t *testing.T, test func(t *testing.T, aes bool)) {
	for name, aes := range map[string]bool{"aes": true, "portable": false} {
		if !aes || useAES {
			t.Run(name, func(t *testing.T) { test(t, aes) })
		}
	}
}

// Two keys are compared the same way by assembly and its twin, in each of the first n lanes and no other.
func TestUnequalLanes(t *testing.T) {
	type entry struct{ key, value [2]uint64 }
	r := oracle.Random(t)
	ways(t, func(t *testing.T, aes bool) {
		for range 2000 {
			var entries [8]entry
			var keys [Burst][2]uint64
			var at [Burst]uint32
			for i := range entries {
				entries[i].key = [2]uint64{r.Uint64N(3), r.Uint64N(3) << 63}
			}
			n, want := 1+r.IntN(Burst), uint64(0)
			for i := range keys {
				keys[i], at[i] = [2]uint64{r.Uint64N(3), r.Uint64N(3) << 63}, r.Uint32N(uint32(len(entries)))
				if i < n && keys[i] != entries[at[i]].key {
					want |= 1 << i
				}
			}
			x := index{entries: unsafe.Pointer(&entries), stride: unsafe.Sizeof(entries[0]), words: 2, keys: hasher{aes: aes}}
			require.Equal(t, want, x.unequal2(unsafe.Pointer(&keys), n, &at))
		}
	})
}

// A lane's candidate is in a slot with its tag, in the first bucket that has one; a lane that has none is missing, and has some
// entry's index all the same, as its key is compared with those of the others.
func TestCandidates(t *testing.T) {
	r := oracle.Random(t)
	ways(t, func(t *testing.T, aes bool) {
		for _, capacity := range []int{100, 300_000} { // in the larger, buckets have more neighbors than a tag can name
			c, err := New[[2]uint64, uint64](capacity, r.Uint64())
			require.NoError(t, err)
			c.keys.aes = aes
			for range 200 {
				requireCandidates(t, &c.index, r)
			}
			c.Close()
		}
	})
}

func requireCandidates(t *testing.T, x *index, r *rand.Rand) {
	var hash [Burst]uint64
	var at [Burst]uint32
	n := 1 + r.IntN(Burst)
	for i := range hash {
		hash[i], at[i] = oneOfFew(r)|r.Uint64()>>16, x.cap
		scatter(x.bucket(x.home(hash[i])), x.cap, r)
		scatter(x.bucket(x.other(x.home(hash[i]), tagOf(hash[i]))), x.cap, r)
	}
	missing := x.candidates(&hash, n, &at)
	for i := range n {
		want := withTag(x, hash[i])
		require.Equal(t, want == nil, missing>>i&1 == 1, "lane %d of %d", i, n)
		if want != nil {
			require.Contains(t, want, at[i], "lane %d of %d", i, n)
		}
		require.Less(t, at[i], x.cap)
	}
	require.Zero(t, missing>>n)
	for i := n; i < Burst; i++ {
		require.Equal(t, x.cap, at[i], "a lane that is not asked for is left alone")
	}
}

// oneOfFew is a hash with one of 40 tags, and nothing below.
func oneOfFew(r *rand.Rand) uint64 { return r.Uint64N(40) * 0x9e37_79b9_7f4a_7c15 >> 48 << 48 }

// scatter puts a few tags into a bucket, and a version that is no index.
func scatter(b *bucket, indexes uint32, r *rand.Rand) {
	*b = bucket{version: r.Uint64() | 1<<31}
	for s := range slots {
		if r.IntN(4) > 0 {
			b.fill(s, tagOf(oneOfFew(r)), r.Uint32N(indexes))
		}
	}
}

// withTag are the indexes beside a hash's tag in its first bucket, or in its second if there are none.
func withTag(x *index, hash uint64) (all []uint32) {
	for _, i := range []uint32{x.home(hash), x.other(x.home(hash), tagOf(hash))} {
		for s := range slots {
			if b := x.bucket(i); b.tag(s) == tagOf(hash) {
				all = append(all, b.at[s])
			}
		}
		if all != nil {
			return all
		}
	}
	return nil
}

// Two keys may have one tag of 15 bits, and each is found in whatever slot it lies. Here all keys have one tag and one pair
// of buckets.
func TestKeysWithOneTag(t *testing.T) {
	c, err := New[[2]uint64, uint64](2*slots, 1)
	require.NoError(t, err)
	defer c.Close()
	n := 2 * slots
	var keys [Burst][2]uint64
	copy(keys[:], crowd(c, n))
	for i := range n {
		_, err := c.Insert(keys[i], uint64(i))
		require.NoError(t, err)
	}
	var at [Burst]uint32
	require.Equal(t, uint64(1)<<n-1, c.LookupBurst(&keys, n, &at))
	for i := range n {
		require.EqualValues(t, i, *c.At(at[i]))
	}
	last := keys[n-1]
	require.True(t, c.Remove(last))
	require.Zero(t, c.LookupBurst(&[Burst][2]uint64{last}, 1, &at), "fifteen others have its tag")
}
