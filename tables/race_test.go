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

// churned is a table at 95 % load, of which a writer replaces one half, by keys that readers ask for too.
type churned struct {
	table   *tables.Cuckoo[key2, wide]
	stays   uint64 // keys below are never removed
	entries uint64
	done    atomic.Bool
	reads   atomic.Int64
}

// value belongs to a key: whatever else a reader gets is another's, or torn.
func value(k key2) wide { return wide{k[0] * 3, k[0] * 5, k[0] * 7} }

func (c *churned) write(r *rand.Rand, steps int) (err error) {
	defer c.done.Store(true)
	var changing []key2
	for i := c.stays; i < c.entries; i++ {
		changing = append(changing, key2{i, i})
	}
	for s := 0; (s < steps || c.reads.Load() < 1000) && err == nil; s++ {
		i := r.IntN(len(changing))
		c.table.Remove(changing[i])
		for err = tables.ErrExists; err != nil; {
			if err == tables.ErrFull {
				runtime.Gosched() // for a moment: readers hold what was removed
			}
			n := c.stays + r.Uint64N(2*c.entries-c.stays)
			changing[i] = key2{n, n}
			_, err = c.table.Insert(changing[i], value(changing[i]))
		}
	}
	return err
}

// read returns what it found wrong, "" for nothing.
func (c *churned) read(r *rand.Rand) string {
	for !c.done.Load() {
		n := r.Uint64N(2 * c.entries)
		k := key2{n, n}
		v, ok := c.table.Get(k)
		switch {
		case ok && v != value(k):
			return "a torn value"
		case !ok && n < c.stays:
			return "a vanished entry"
		}
		c.reads.Add(1)
	}
	return ""
}

// Readers beside a writer that evicts all the time: nothing is torn, and nothing that stays is ever missing.
func TestReadersBesideAWriter(t *testing.T) {
	steps := 1_000_000
	if tables.RaceDetector || testing.Short() {
		steps = 100_000
	}
	bothHashes(t, func(t *testing.T) {
		r := oracle.Random(t)
		const entries = 972 // 95 % of 1,024 slots
		c := &churned{table: newTable[key2, wide](t, entries, r.Uint64()), stays: entries / 2, entries: entries}
		for i := range uint64(entries) {
			_, err := c.table.Insert(key2{i, i}, value(key2{i, i}))
			require.NoError(t, err)
		}
		var readers sync.WaitGroup
		wrong := make([]string, 2)
		for i := range wrong {
			own := rand.New(rand.NewPCG(r.Uint64(), 0))
			readers.Go(func() { wrong[i] = c.read(own) })
		}
		err := c.write(r, steps)
		readers.Wait()
		require.NoError(t, err)
		require.Equal(t, []string{"", ""}, wrong)
		require.Greater(t, c.table.Moves(), uint64(steps)*11/10, "every replacement empties a slot, and many move others")
	})
}

// asked is a reader of a guarded table that looks for keys which stay. Where it may trust a miss it has none.
func (c *churned) asked(r *rand.Rand, reader *tables.Reader) (trusted int, wrong string) {
	defer reader.Rest()
	var keys [tables.Burst]key2
	var at [tables.Burst]uint32
	for !c.done.Load() {
		reader.Pass()
		for i := range keys {
			n := r.Uint64N(c.stays)
			keys[i] = key2{n, n}
		}
		before := c.table.Stirs()
		hits := c.table.LookupBurst(&keys, len(keys), &at)
		if before&1 == 0 && before == c.table.Stirs() {
			if trusted++; hits != ^uint64(0) {
				return trusted, "a miss that was to be trusted"
			}
		}
		for i := range keys {
			if found, ok := c.table.Find(&keys[i]); !ok || *c.table.Key(found) != keys[i] {
				return trusted, "a vanished entry"
			}
		}
		c.reads.Add(1)
	}
	return trusted, ""
}

// Find misses nothing that stays beside a writer that evicts all the time, and neither does LookupBurst where Stirs says so.
func TestMissesThatReadersMayTrust(t *testing.T) {
	r := oracle.Random(t)
	const entries = 940 // of 972, so that the writer need not wait for readers in each step
	c := &churned{table: newTable[key2, wide](t, 972, r.Uint64()), stays: entries / 2, entries: entries}
	grace := tables.NewGrace(2)
	c.table.Guard(grace)
	for i := range uint64(entries) {
		_, err := c.table.Insert(key2{i, i}, value(key2{i, i}))
		require.NoError(t, err)
	}
	var readers sync.WaitGroup
	wrong, trusted := make([]string, 2), make([]int, 2)
	for i := range wrong {
		own := rand.New(rand.NewPCG(r.Uint64(), 0))
		readers.Go(func() { trusted[i], wrong[i] = c.asked(own, grace.Reader(i)) })
	}
	err := c.write(r, 4_000)
	readers.Wait()
	require.NoError(t, err)
	require.Equal(t, []string{"", ""}, wrong)
	require.NotZero(t, trusted[0]+trusted[1])
}
