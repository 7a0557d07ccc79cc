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

// The comparison in assembly and its twin find the same lanes equal, whichever are asked for.
func TestEqual2AsItsTwin(t *testing.T) {
	type entry struct{ key, value [2]uint64 }
	r := oracle.Random(t)
	for range 2000 {
		var entries [8]entry
		var keys [Burst][2]uint64
		var at [Burst]uint32
		for i := range entries {
			entries[i].key = [2]uint64{r.Uint64N(3), r.Uint64N(3) << 63}
		}
		for i := range keys {
			keys[i], at[i] = [2]uint64{r.Uint64N(3), r.Uint64N(3) << 63}, r.Uint32N(uint32(len(entries)))
		}
		todo, base, stride := r.Uint64(), unsafe.Pointer(&entries), unsafe.Sizeof(entries[0])
		want := equal2Portable(base, stride, unsafe.Pointer(&keys), &at, todo)
		require.Equal(t, want, equal2(base, stride, unsafe.Pointer(&keys), &at, todo))
		require.Zero(t, want&^todo)
	}
}

// Tags of 15 bits are equal now and then: the key is found in whatever slot it is. All keys have one tag and one pair of buckets here.
func TestKeysWithOneTag(t *testing.T) {
	c, err := New[[2]uint64, uint64](2*slots, 1)
	require.NoError(t, err)
	defer c.Close()
	var keys [Burst][2]uint64
	n := 0
	for i := uint64(0); n < 2*slots; i++ {
		k := [2]uint64{i, i}
		if h := c.hash(unsafe.Pointer(&k)); tagOf(h) == 0x8000 && c.home(h) == 0 {
			keys[n] = k
			n++
		}
	}
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
