package tables_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"nitrocard/tables"
)

// Tables of these sizes are 87.5 % full, the load of a table that is never resized.
var sizes = []struct {
	name     string
	capacity int
}{{"1k", 896}, {"64k", 57_344}, {"1M", 917_504}, {"4M", 3_670_016}}

func BenchmarkKey16(b *testing.B) { bench(b, func(n uint64) key2 { return key2{n, 7} }) }
func BenchmarkKey40(b *testing.B) { bench(b, func(n uint64) key5 { return key5{n, 1, 2, 3, 4} }) }

// bench runs every operation over uniformly random keys.
func bench[K comparable](b *testing.B, key func(uint64) K) {
	for _, s := range sizes {
		b.Run(s.name, func(b *testing.B) {
			t := filled(b, s.capacity, key)
			there, absent := queries(s.capacity, key, 0), queries(s.capacity, key, uint64(s.capacity))
			b.Run("Lookup", func(b *testing.B) { benchLookup(b, t, there) })
			b.Run("Get", func(b *testing.B) { benchGet(b, t, there) })
			for _, n := range []int{32, 64} {
				b.Run(fmt.Sprint("Burst", n), func(b *testing.B) { benchBurst(b, t, there, n) })
			}
			b.Run("BurstAbsent64", func(b *testing.B) { benchBurst(b, t, absent, 64) })
			b.Run("RemoveInsert", func(b *testing.B) { benchReplace(b, t, there) })
			b.Run("Insert", func(b *testing.B) { benchInsert(b, s.capacity, key) })
			b.Run("GoMap", func(b *testing.B) { benchMap(b, s.capacity, key, there) })
		})
	}
}

func filled[K comparable](b *testing.B, capacity int, key func(uint64) K) *tables.Cuckoo[K, [6]uint64] {
	t := newTable[K, [6]uint64](b, capacity, 1)
	for i := range uint64(capacity) {
		if _, err := t.Insert(key(i), [6]uint64{i}); err != nil {
			b.Fatal(err)
		}
	}
	return t
}

// queries returns bursts of random keys numbered from first on, enough that they repeat only after the caches forgot them.
func queries[K comparable](capacity int, key func(uint64) K, first uint64) [][tables.Burst]K {
	r := rand.New(rand.NewPCG(1, 2))
	q := make([][tables.Burst]K, max(64, min(capacity, 1<<20)/tables.Burst))
	for i := range q {
		for j := range q[i] {
			q[i][j] = key(first + r.Uint64N(uint64(capacity)))
		}
	}
	return q
}

func benchLookup[K comparable, V any](b *testing.B, t *tables.Cuckoo[K, V], q [][tables.Burst]K) {
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		if _, ok := t.Lookup(&q[i/tables.Burst%len(q)][i%tables.Burst]); !ok {
			b.Fatal("missing")
		}
	}
}

func benchGet[K comparable, V any](b *testing.B, t *tables.Cuckoo[K, V], q [][tables.Burst]K) {
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		if _, ok := t.Get(q[i/tables.Burst%len(q)][i%tables.Burst]); !ok {
			b.Fatal("missing")
		}
	}
}

// benchBurst counts keys, not bursts.
func benchBurst[K comparable, V any](b *testing.B, t *tables.Cuckoo[K, V], q [][tables.Burst]K, n int) {
	b.ReportAllocs()
	var at [tables.Burst]uint32
	var hits uint64
	for i := 0; i < b.N; i += n {
		hits |= t.LookupBurst(&q[i/n%len(q)], n, &at)
	}
	sink = hits
}

// benchReplace removes an entry and inserts it again, in a table that stays full.
func benchReplace[K comparable, V any](b *testing.B, t *tables.Cuckoo[K, V], q [][tables.Burst]K) {
	b.ReportAllocs()
	var v V
	for i := 0; i < b.N; i++ {
		k := q[i/tables.Burst%len(q)][i%tables.Burst]
		t.Remove(k)
		if _, err := t.Insert(k, v); err != nil {
			b.Fatal(err)
		}
	}
}

// benchInsert fills a table from empty to its capacity, again and again.
func benchInsert[K comparable](b *testing.B, capacity int, key func(uint64) K) {
	b.ReportAllocs()
	var t *tables.Cuckoo[K, [6]uint64]
	for i := 0; i < b.N; i++ {
		if i%capacity == 0 {
			b.StopTimer()
			if t == nil {
				t = newTable[K, [6]uint64](b, capacity, 1)
			}
			for _, k := range t.All() {
				t.Remove(k)
			}
			b.StartTimer()
		}
		if _, err := t.Insert(key(uint64(i%capacity)), [6]uint64{}); err != nil {
			b.Fatal(err)
		}
	}
}

// benchMap is the lookup in Go's map, for comparison.
func benchMap[K comparable](b *testing.B, capacity int, key func(uint64) K, q [][tables.Burst]K) {
	m := make(map[K]uint32, capacity)
	for i := range uint64(capacity) {
		m[key(i)] = uint32(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, ok := m[q[i/tables.Burst%len(q)][i%tables.Burst]]; !ok {
			b.Fatal("missing")
		}
	}
}

var sink uint64 // keeps results alive
