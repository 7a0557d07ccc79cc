package tables

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"nitrocard/tables/oracle"
)

// crowd returns n keys whose home is bucket 0 and whose tag is one and the same: all of them have the same two buckets.
func crowd[V any](c *Cuckoo[[2]uint64, V], n int) (keys [][2]uint64) {
	for i := uint64(0); len(keys) < n; i++ {
		k := [2]uint64{i, i}
		if h := c.hash(unsafe.Pointer(&k)); tagOf(h) == 0x8000 && c.home(h) == 0 {
			keys = append(keys, k)
		}
	}
	return keys
}

// A key for which eviction finds no way is refused, though the table has room: nothing moves, nothing is lost, and other keys
// still fit.
func TestNoWayToAnEmptySlot(t *testing.T) {
	c, err := New[[2]uint64, uint64](90, 1)
	require.NoError(t, err)
	defer c.Close()
	keys := crowd(c, 2*slots+1)
	last := keys[2*slots]
	for i, k := range keys[:2*slots] {
		_, err := c.Insert(k, uint64(i))
		require.NoError(t, err)
	}
	moves, stirs := c.Moves(), c.Stirs()
	_, err = c.Insert(last, 99)
	require.ErrorIs(t, err, ErrFull)
	require.Equal(t, []uint64{moves, stirs}, []uint64{c.Moves(), c.Stirs()})
	require.Equal(t, []int{2 * slots, c.Cap() - 2*slots}, []int{c.Len(), c.Free()})
	for i, k := range keys[:2*slots] {
		v, ok := c.Get(k)
		require.True(t, ok)
		require.EqualValues(t, i, v)
	}
	_, ok := c.Get(last)
	require.False(t, ok)

	other := [2]uint64{}
	for c.home(c.hash(unsafe.Pointer(&other))) < 2 {
		other[0]++
	}
	_, err = c.Insert(other, 1)
	require.NoError(t, err)
	require.True(t, c.Remove(keys[0]))
	_, err = c.Insert(last, 99)
	require.NoError(t, err, "the slot that became empty")
}

// Stirs stands still while inserts move nothing, and is even between two inserts however many entries they move.
func TestStirsCountsMoves(t *testing.T) {
	c, err := New[[2]uint64, uint64](972, 1)
	require.NoError(t, err)
	defer c.Close()
	moved := 0
	for i := range uint64(972) {
		stirs, moves := c.Stirs(), c.Moves()
		_, err := c.Insert([2]uint64{i, 1}, i)
		require.NoError(t, err)
		if c.Moves() == moves {
			require.Equal(t, stirs, c.Stirs(), "entry %d", i)
			continue
		}
		moved++
		require.Equal(t, stirs+2, c.Stirs(), "entry %d", i)
	}
	require.Less(t, moved, 972/2, "few inserts move an entry")
	require.NotZero(t, moved)
	require.True(t, c.Remove([2]uint64{5, 1}))
	require.Equal(t, uint64(2*moved), c.Stirs(), "Remove moves nothing")
}

// Tables stay usable at their capacity, whatever part of the slots that is: each entry that goes makes room for another.
func TestFullTablesOfEverySize(t *testing.T) {
	steps := 20_000
	if raceDetector || testing.Short() {
		steps = 1000
	}
	r := oracle.Random(t)
	for _, capacity := range []int{1, 30, 31, 32, 96, 224, 480, 972, 1945} {
		c, err := New[[2]uint64, uint64](capacity, r.Uint64())
		require.NoError(t, err)
		live := make([]uint64, capacity)
		for i := range live {
			live[i] = uint64(i)
			_, err := c.Insert([2]uint64{live[i], 3}, live[i])
			require.NoError(t, err, "capacity %d", capacity)
		}
		for next := uint64(capacity); next < uint64(capacity+steps); next++ {
			i := r.IntN(capacity)
			require.True(t, c.Remove([2]uint64{live[i], 3}))
			live[i] = next
			_, err := c.Insert([2]uint64{next, 3}, next)
			require.NoError(t, err, "capacity %d", capacity)
		}
		for _, n := range live {
			at, ok := c.Lookup(&[2]uint64{n, 3})
			require.True(t, ok && *c.At(at) == n, "capacity %d, key %d", capacity, n)
		}
		c.Close()
	}
}

// An entry that moves to and fro between its two buckets is never missed by Get or Find. Seven neighbors with its tag and
// long values keep a reader at the first bucket for as long as a move takes.
func TestAnEntryThatMovesAllTheTime(t *testing.T) {
	type long [62]uint64
	c, err := New[[2]uint64, long](90, 1)
	require.NoError(t, err)
	defer c.Close()
	c.Guard(NewGrace(0))
	for _, k := range crowd(c, slots) {
		_, err = c.Insert(k, long{61: k[0]})
		require.NoError(t, err)
	}
	from, to := c.bucket(0), c.bucket(1)
	k, tag := *c.Key(from.at[slots-1]), from.tag(slots-1)

	rounds := uint64(15_000)
	if raceDetector || testing.Short() {
		rounds = 300
	}
	for name, found := range map[string]func() bool{
		"Get":  func() bool { v, ok := c.Get(k); return ok && v[61] == k[0] },
		"Find": func() bool { at, ok := c.Find(&k); return ok && *c.Key(at) == k },
	} {
		var reader sync.WaitGroup
		var looks, missed atomic.Uint64
		var done atomic.Bool
		reader.Go(func() {
			for ; !done.Load(); looks.Add(1) {
				if !found() {
					missed.Add(1)
				}
			}
		})
		for round := uint64(1); round < rounds && missed.Load() == 0; round++ {
			for range 200 {
				to.fill(slots-1, tag, from.at[slots-1]) // as shift does
				from.clear(slots - 1)
				from, to = to, from
			}
			for looks.Load() < round {
				runtime.Gosched() // a look may end only while nothing moves
			}
		}
		done.Store(true)
		reader.Wait()
		require.Zero(t, missed.Load(), name)
	}
}

// Keys as senders choose them, one after the other, spread over buckets and tags as evenly as chance does.
func TestKeysInARowSpread(t *testing.T) {
	ways(t, func(t *testing.T, aes bool) {
		const buckets, each = 1024, 64
		for word := range 2 {
			for shift := 0; shift < 64; shift += 16 {
				x := index{words: 2, mask: buckets - 1, keys: newHasher(7)}
				x.keys.aes = aes
				var in [buckets]int
				tags := map[uint64]int{}
				for i := range uint64(buckets * each) {
					k := [2]uint64{}
					k[word] = i << shift
					h := x.hash(unsafe.Pointer(&k))
					in[x.home(h)]++
					tags[tagOf(h)]++
				}
				chi := 0.0
				for _, n := range in {
					chi += float64((n-each)*(n-each)) / each
				}
				require.InDelta(t, buckets, chi, 6*45.3, "word %d, shift %d: chi square of the buckets", word, shift) // 45.3 = sqrt(2*1024)
				require.Greater(t, len(tags), 26_000, "word %d, shift %d: of 32,768 tags, 28,300 are expected", word, shift)
			}
		}
	})
}
