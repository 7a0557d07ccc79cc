package tables_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables"
	"nitrocard/tables/oracle"
)

type (
	key1 [1]uint64
	key2 [2]uint64
	key3 [3]uint64
	key5 [5]uint64
	key8 [8]uint64

	wide struct{ A, B, C uint64 } // the same in all three, or torn
)

// bothHashes runs a test with the fast hash and with the portable one.
func bothHashes(t *testing.T, test func(t *testing.T)) {
	if tables.HasAES() {
		t.Run("aes", test)
	}
	t.Run("portable", func(t *testing.T) { tables.Portable(t); test(t) })
}

func newTable[K comparable, V any](t testing.TB, capacity int, seed uint64) *tables.Cuckoo[K, V] {
	c, err := tables.New[K, V](capacity, seed)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestStory(t *testing.T) {
	c := newTable[key2, uint32](t, 100, 1)
	k := key2{1, 2}

	at, err := c.Insert(k, 7)
	require.NoError(t, err)
	found, ok := c.Lookup(&k)
	require.True(t, ok)
	require.Equal(t, at, found)
	require.Equal(t, k, *c.Key(at))

	*c.At(at) = 8 // in place, seen by everyone after
	v, ok := c.Get(k)
	require.True(t, ok)
	require.EqualValues(t, 8, v)

	again, err := c.Insert(k, 9)
	require.ErrorIs(t, err, tables.ErrExists)
	require.Equal(t, at, again, "the index of the entry that is there")
	require.EqualValues(t, 8, *c.At(at), "which is left alone")
	require.Equal(t, 1, c.Len())

	require.True(t, c.Remove(k))
	require.False(t, c.Remove(k))
	require.Zero(t, *c.At(at), "a free entry's value is zero")
	_, ok = c.Lookup(&k)
	require.False(t, ok)
	require.Zero(t, c.Len())
}

func TestEmptyTables(t *testing.T) {
	bothHashes(t, func(t *testing.T) {
		c := newTable[key2, uint32](t, 0, 1)
		var keys [tables.Burst]key2
		var at [tables.Burst]uint32
		_, ok := c.Lookup(&keys[0])
		require.False(t, ok)
		_, ok = c.Get(keys[0])
		require.False(t, ok)
		for _, n := range []int{-1, 0, 1, tables.Burst, tables.Burst + 1} {
			require.Zero(t, c.LookupBurst(&keys, n, &at), "n = %d", n)
		}
		_, err := c.Insert(keys[0], 1)
		require.ErrorIs(t, err, tables.ErrFull)
		require.False(t, c.Remove(keys[0]))
		require.Zero(t, c.Len())
		require.Zero(t, c.Cap())
	})
}

func TestLookupBurstLooksAtFirstNKeysOnly(t *testing.T) {
	bothHashes(t, func(t *testing.T) {
		c := newTable[key2, uint32](t, 1, 1)
		var keys [tables.Burst]key2 // all equal, all in the table
		var at [tables.Burst]uint32
		_, err := c.Insert(keys[0], 1)
		require.NoError(t, err)
		for n := range tables.Burst {
			require.Equal(t, uint64(1)<<n-1, c.LookupBurst(&keys, n, &at), "n = %d", n)
		}
		require.Equal(t, ^uint64(0), c.LookupBurst(&keys, tables.Burst, &at))
		require.Equal(t, ^uint64(0), c.LookupBurst(&keys, tables.Burst+1, &at))
	})
}

// Every table takes as many entries as it was made for, and none is lost: at the load just below which the buckets double, too.
func TestFillsToCapacity(t *testing.T) {
	bothHashes(t, func(t *testing.T) {
		r := oracle.Random(t)
		for _, capacity := range []int{1, 7, 16, 32, 96, 97, 224, 480, 972, 1945, 31129, 249036} {
			t.Run(fmt.Sprint(capacity), func(t *testing.T) {
				c := newTable[key2, uint64](t, capacity, r.Uint64())
				base := r.Uint64()
				for i := range uint64(capacity) {
					_, err := c.Insert(key2{base, i}, i)
					require.NoError(t, err, "entry %d", i)
				}
				_, err := c.Insert(key2{base, uint64(capacity)}, 0)
				require.ErrorIs(t, err, tables.ErrFull)
				for i := range uint64(capacity) {
					at, ok := c.Lookup(&key2{base, i})
					require.True(t, ok && *c.At(at) == i, "entry %d", i)
				}
			})
		}
		c := newTable[key2, uint64](t, 31129, 1)
		require.Equal(t, 31129, c.Slots()*95/100, "this capacity is 95 % of the slots")
	})
}

// twins holds a table and its oracle, and compares them step by step.
type twins[K comparable] struct {
	*testing.T
	table  *tables.Cuckoo[K, wide]
	oracle *oracle.Table[K, wide]
}

func (w *twins[K]) insert(k K, n uint64) {
	v := wide{n, n, n}
	at, err := w.table.Insert(k, v)
	switch {
	case w.oracle.Has(k):
		require.ErrorIs(w, err, tables.ErrExists)
		require.Equal(w, w.oracle.At[k], at)
	case w.oracle.Full():
		require.ErrorIs(w, err, tables.ErrFull)
	default:
		require.NoError(w, err)
		w.oracle.Insert(k, v, at)
	}
}

func (w *twins[K]) remove(k K) {
	if had := w.oracle.Remove(k); had != w.table.Remove(k) {
		require.FailNow(w, "Remove", "the entry was there: %v", had)
	}
}

// lookup looks a burst up in every way there is.
func (w *twins[K]) lookup(keys *[tables.Burst]K, n int) {
	var at [tables.Burst]uint32
	hits := w.table.LookupBurst(keys, n, &at)
	require.Zero(w, hits>>n)
	for i := range n {
		want, has := w.oracle.Entries[keys[i]]
		one, ok := w.table.Lookup(&keys[i])
		got, read := w.table.Get(keys[i])
		if ok != has || read != has || hits>>i&1 == 1 != has {
			require.FailNow(w, "found", "key %v: is there %v, Lookup %v, Get %v, LookupBurst %b",
				keys[i], has, ok, read, hits>>i&1)
		}
		if !has {
			continue
		}
		if one != w.oracle.At[keys[i]] || at[i] != one || *w.table.At(one) != want || got != want || *w.table.Key(one) != keys[i] {
			require.FailNow(w, "entry", "key %v: at %d, for Lookup %d, LookupBurst %d; value %v, for Get %v",
				keys[i], w.oracle.At[keys[i]], one, at[i], want, got)
		}
	}
}

// whole compares all entries, and what the table says of itself.
func (w *twins[K]) whole() {
	seen := map[K]uint32{}
	for at, k := range w.table.All() {
		seen[k] = at
	}
	require.Equal(w, w.oracle.At, seen)
	require.Equal(w, len(seen), w.table.Len())
	require.Equal(w, w.table.Cap(), w.table.Len()+w.table.Free(), "no entry is lost")
}

// A quarter of a million random steps over few keys and a full table, for each size of key and each hash: as many evictions
// as there can be.
func TestAgainstOracle(t *testing.T) {
	bothHashes(t, func(t *testing.T) {
		t.Run("8 B", func(t *testing.T) { churn(t, func(n uint64) key1 { return key1{n} }) })
		t.Run("16 B", func(t *testing.T) { churn(t, func(n uint64) key2 { return key2{n, ^n} }) })
		t.Run("24 B", func(t *testing.T) { churn(t, func(n uint64) key3 { return key3{1, n, 3} }) })
		t.Run("40 B", func(t *testing.T) { churn(t, func(n uint64) key5 { return key5{1, 2, 3, 4, n} }) })
		t.Run("64 B", func(t *testing.T) { churn(t, func(n uint64) key8 { return key8{n << 32} }) })
	})
}

func churn[K comparable](t *testing.T, key func(uint64) K) {
	const capacity = 972 // 95 % of 1,024 slots
	steps := 250_000
	if tables.RaceDetector {
		steps = 5_000
	}
	r := oracle.Random(t)
	w := &twins[K]{t, newTable[K, wide](t, capacity, r.Uint64()), oracle.NewTable[K, wide](capacity)}
	for step := range uint64(steps) {
		switch r.IntN(16) {
		case 0, 1, 2, 3, 4, 5:
			w.remove(key(r.Uint64N(2 * capacity)))
		case 6:
			var keys [tables.Burst]K
			for i := range keys {
				keys[i] = key(r.Uint64N(2 * capacity))
			}
			w.lookup(&keys, r.IntN(tables.Burst+1))
		default:
			w.insert(key(r.Uint64N(2*capacity)), step)
		}
		if step%25_000 == 0 {
			w.whole()
		}
	}
	w.whole()
}

// What was hashed once is found, inserted and removed as what is hashed each time; the index of one
// key takes no other key out.
func TestAKeyHashedOnceIsThatKey(t *testing.T) {
	bothHashes(t, func(t *testing.T) {
		r := oracle.Random(t)
		c := newTable[key5, uint64](t, 200, r.Uint64())
		var keys [tables.Burst]key5
		var hashes [tables.Burst]tables.Hash
		var at [tables.Burst]uint32
		for i := range keys {
			keys[i] = key5{r.Uint64(), uint64(i)}
		}
		require.Zero(t, c.LookupHashBurst(&keys, &hashes, tables.Burst, &at))
		var alone [tables.Burst]tables.Hash
		c.HashBurst(&keys, &alone, tables.Burst)
		require.Equal(t, hashes, alone)
		for i := range keys {
			require.Equal(t, c.Hash(&keys[i]), hashes[i])
			_, err := c.Insert(keys[i], uint64(i))
			require.NoError(t, err)
		}
		require.Equal(t, ^uint64(0), c.LookupHashBurst(&keys, &hashes, tables.Burst, &at))
		for i := range keys {
			found, ok := c.LookupHashed(hashes[i], &keys[i])
			require.Equal(t, []any{at[i], true, uint64(i)}, []any{found, ok, *c.At(found)})
			c.RemoveAt(found, hashes[i]^1<<60) // no entry has this index and another hash
			require.Equal(t, tables.Burst-i, c.Len())
			c.RemoveAt(found, hashes[i])
			_, ok = c.Lookup(&keys[i])
			require.False(t, ok)
			require.Equal(t, tables.Burst-i-1, c.Len())
		}
	})
}
