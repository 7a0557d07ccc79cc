package tables_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables"
	"nitrocard/tables/oracle"
)

// guarded is a small table with a Grace, its oracle, and readers that keep what they found until they pass.
type guarded struct {
	*testing.T
	table  *tables.Cuckoo[key2, wide]
	grace  *tables.Grace
	oracle *oracle.Grace
	index  map[key2]uint32    // of the entries in the table
	holds  [3]map[uint32]key2 // by reader; nil: at rest
}

const guardedCapacity = 24

func newGuarded(t *testing.T, seed uint64) *guarded {
	g := &guarded{
		T: t, table: newTable[key2, wide](t, guardedCapacity, seed), grace: tables.NewGrace(3),
		oracle: oracle.NewGrace(), index: map[key2]uint32{},
	}
	g.table.Guard(g.grace)
	return g
}

func (g *guarded) pass(i int) {
	g.grace.Reader(i).Pass()
	g.oracle.Pass(i)
	g.holds[i] = map[uint32]key2{}
}

func (g *guarded) rest(i int) {
	g.grace.Reader(i).Rest()
	g.oracle.Rest(i)
	g.holds[i] = nil
}

// look makes reader i look a burst of keys up, and keep the indexes.
func (g *guarded) look(i int, first uint64) {
	if g.holds[i] == nil {
		return
	}
	var keys [tables.Burst]key2
	var at [tables.Burst]uint32
	for n := range keys {
		keys[n] = key2{first + uint64(n), 1}
	}
	hits := g.table.LookupBurst(&keys, len(keys), &at)
	for n, k := range keys {
		want, has := g.index[k]
		require.Equal(g, has, hits>>n&1 == 1, k)
		if has {
			require.Equal(g, want, at[n])
			g.holds[i][want] = k
		}
	}
}

func (g *guarded) insert(k key2) error {
	at, err := g.table.Insert(k, value(k))
	switch err {
	case nil:
		require.True(g, g.oracle.Reuse(at), "index %d is in a reader's sight", at)
		g.index[k] = at
	case tables.ErrFull:
		require.GreaterOrEqual(g, len(g.index)+g.oracle.Waiting(), guardedCapacity, "an index that never was removed is free")
	default:
		require.ErrorIs(g, err, tables.ErrExists)
		require.Equal(g, g.index[k], at)
	}
	return err
}

// insertSoon inserts a key at the latest when every reader has passed twice.
func (g *guarded) insertSoon(k key2) {
	for try := 0; g.insert(k) != nil; try++ {
		require.Less(g, try, 2, "every reader has passed twice")
		for i := range g.holds {
			g.pass(i)
		}
	}
}

// pair inserts a key and another one together, unless one of them is there.
func (g *guarded) pair(k key2) {
	var p tables.Pair[key2, wide]
	for i, k := range [2]key2{k, {k[0], 2}} {
		if _, has := g.index[k]; has {
			return
		}
		p.Entries[i].Key, p.Entries[i].Value, p.Hashes[i] = k, value(k), g.table.Hash(&k)
	}
	if !g.table.Reserve(&p) {
		require.Greater(g, len(g.index)+g.oracle.Waiting(), guardedCapacity-2, "two indexes that never were removed are free")
		return
	}
	require.NoError(g, g.table.AddPair(&p))
	for i, at := range p.At {
		require.True(g, g.oracle.Reuse(at), "index %d is in a reader's sight", at)
		g.index[p.Entries[i].Key] = at
	}
}

func (g *guarded) remove(k key2) {
	at, has := g.index[k]
	require.Equal(g, has, g.table.Remove(k))
	if has {
		delete(g.index, k)
		g.oracle.Remove(at)
	}
}

// check holds that each reader still sees, at each index it keeps, the entry that it found or zero.
func (g *guarded) check() {
	for _, holds := range g.holds {
		for at, k := range holds {
			if v := *g.table.At(at); v != (wide{}) {
				require.Equal(g, value(k), v, "index %d", at)
			}
		}
	}
	require.Equal(g, g.table.Cap(), g.table.Len()+g.table.Free(), "no entry is lost")
}

// play does what a byte string says, two bytes a step.
func (g *guarded) play(program []byte) {
	for ; len(program) >= 2; program = program[2:] {
		i, k := int(program[0]>>4)%len(g.holds), key2{uint64(program[1] % 64), 1 + uint64(program[1]>>7)}
		switch program[0] % 8 {
		case 0, 1:
			_ = g.insert(k)
		case 2:
			g.pair(key2{k[0], 1})
		case 3, 4:
			g.remove(k)
		case 5:
			g.look(i, 0)
		case 6:
			g.pass(i)
		case 7:
			g.rest(i)
		}
		g.check()
	}
}

// Whatever readers and writer do, no index that a reader may hold becomes another entry's, and none is lost: after two rounds
// in which every reader passes, each index without an entry is free again.
func TestGuardAgainstOracle(t *testing.T) {
	r := oracle.Random(t)
	for range 30 {
		g := newGuarded(t, r.Uint64())
		program := make([]byte, 2000)
		for i := range program {
			program[i] = byte(r.Uint32())
		}
		g.play(program)
		for n := uint64(100); len(g.index) < guardedCapacity; n++ {
			g.insertSoon(key2{n, 1})
		}
	}
}

func FuzzGuard(f *testing.F) {
	f.Add(uint64(1), []byte{6, 0, 0, 1, 5, 0, 3, 1, 0, 2, 6, 0, 0, 2})
	f.Fuzz(func(t *testing.T, seed uint64, program []byte) {
		newGuarded(t, seed).play(program[:min(len(program), 2000)])
	})
}

// A worker that still counts in a removed entry spoils neither the next entry nor the list of free ones.
func TestAReaderWritesToWhatIsRemoved(t *testing.T) {
	g := newGuarded(t, 1)
	for n := range uint64(guardedCapacity) {
		g.insertSoon(key2{n, 1})
	}
	g.pass(0)
	g.look(0, 0)
	var held []uint32
	for n := range uint64(guardedCapacity) {
		held = append(held, g.index[key2{n, 1}])
		g.remove(key2{n, 1})
	}
	for _, at := range held {
		*g.table.At(at) = wide{7, 8, 9}
	}
	require.Equal(t, guardedCapacity, g.table.Free())
	for n := range uint64(guardedCapacity) {
		k := key2{n, 2}
		g.insertSoon(k)
		got, ok := g.table.Get(k)
		require.True(t, ok)
		require.Equal(t, value(k), got)
	}
}
