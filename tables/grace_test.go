package tables_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables"
	"nitrocard/tables/oracle"
)

// An index is given out again when both readers have passed since its entry was removed: not sooner, not later.
func TestAnIndexWaitsForReaders(t *testing.T) {
	for _, c := range []struct {
		sentence string
		after    func(a, b *tables.Reader)
		free     bool
	}{
		{"nobody has passed", func(_, _ *tables.Reader) {}, false},
		{"one has", func(a, _ *tables.Reader) { a.Pass() }, false},
		{"one has, twice", func(a, _ *tables.Reader) { a.Pass(); a.Pass() }, false},
		{"both have", func(a, b *tables.Reader) { a.Pass(); b.Pass() }, true},
		{"one has, and one rests", func(a, b *tables.Reader) { b.Rest(); a.Pass() }, true},
		{"one rests, and one has not passed", func(_, b *tables.Reader) { b.Rest() }, false},
		{"both rest", func(a, b *tables.Reader) { a.Rest(); b.Rest() }, true},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			table, g := newTable[key2, wide](t, 2, 1), tables.NewGrace(2)
			table.Guard(g)
			a, b := g.Reader(0), g.Reader(1)
			a.Pass()
			b.Pass()
			_, err := table.Insert(key2{1}, wide{1, 1, 1})
			require.NoError(t, err)
			was, err := table.Insert(key2{2}, wide{2, 2, 2})
			require.NoError(t, err)

			require.True(t, table.Remove(key2{2}))
			require.Zero(t, *table.At(was), "what is removed is zero at once")
			_, err = table.Insert(key2{3}, wide{3, 3, 3})
			require.ErrorIs(t, err, tables.ErrFull, "the other index waits")
			require.Equal(t, table.Cap(), table.Len()+table.Free())

			c.after(a, b)
			at, err := table.Insert(key2{3}, wide{3, 3, 3})
			if !c.free {
				require.ErrorIs(t, err, tables.ErrFull)
				return
			}
			require.NoError(t, err)
			require.Equal(t, was, at)
		})
	}
}

// A reader that passes is not in the way for long: two turns later the index is free, whatever else is removed meanwhile.
func TestIndexesComeBackWhileOthersGo(t *testing.T) {
	table, g := newTable[key1, wide](t, 4, 1), tables.NewGrace(1)
	table.Guard(g)
	r := g.Reader(0)
	for i := range uint64(1000) {
		r.Pass()
		_, err := table.Insert(key1{i}, wide{i, i, i})
		require.NoError(t, err, "step %d", i)
		if i > 0 {
			require.True(t, table.Remove(key1{i - 1}))
		}
	}
	require.Equal(t, table.Cap(), table.Len()+table.Free(), "no entry is lost")
}

// readBursts looks bursts up and returns what it found wrong, "" for nothing.
func (c *churned) readBursts(r *rand.Rand, reader *tables.Reader) string {
	var keys [tables.Burst]key2
	var at [tables.Burst]uint32
	defer reader.Rest()
	for !c.done.Load() {
		reader.Pass()
		for i := range keys {
			n := 1 + r.Uint64N(2*c.entries)
			keys[i] = key2{n, n}
		}
		hits := c.table.LookupBurst(&keys, tables.Burst, &at)
		for range 3 { // and keeps its indexes for a while
			for i := range keys {
				if hits>>i&1 == 0 {
					continue
				}
				v, want := c.table.At(at[i]), value(keys[i])
				got := wide{atomic.LoadUint64(&v.A), atomic.LoadUint64(&v.B), atomic.LoadUint64(&v.C)}
				if got.A != want.A && got.A != 0 || got.B != want.B && got.B != 0 || got.C != want.C && got.C != 0 {
					return "another's value"
				}
			}
		}
		reader.Pass()
		c.reads.Add(1)
		runtime.Gosched() // the writer waits for all of them
	}
	return ""
}

// Readers of bursts beside a writer that evicts and replaces all the time: what they hold is theirs or nobody's until they pass.
func TestBurstsBesideAWriter(t *testing.T) {
	steps := 50_000
	if tables.RaceDetector || testing.Short() {
		steps = 10_000
	}
	bothHashes(t, func(t *testing.T) {
		r := oracle.Random(t)
		const entries, spare = 908, 64 // 95 % of 1,024 slots
		c := &churned{table: newTable[key2, wide](t, entries+spare, r.Uint64()), stays: 8, entries: entries}
		g := tables.NewGrace(2)
		c.table.Guard(g)
		for i := range uint64(entries) {
			_, err := c.table.Insert(key2{i, i}, value(key2{i, i}))
			require.NoError(t, err)
		}
		var readers sync.WaitGroup
		wrong := make([]string, 2)
		for i := range wrong {
			own, reader := rand.New(rand.NewPCG(r.Uint64(), 0)), g.Reader(i)
			readers.Go(func() { wrong[i] = c.readBursts(own, reader) })
		}
		err := c.write(r, steps)
		readers.Wait()
		require.NoError(t, err)
		require.Equal(t, []string{"", ""}, wrong)
	})
}
