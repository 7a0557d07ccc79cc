package tables_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables"
)

type (
	gap struct {
		A uint32
		B uint64
	}
	tail struct {
		A uint64
		B uint32
	}
	blank struct {
		A uint32
		_ uint32
	}
	mixed struct {
		A [2]struct{ X, Y uint16 }
		B int32
		C bool
		D [3]byte
	}
	outer struct {
		A  uint64
		In tail
	}
)

func refused[K comparable, V any](t *testing.T, why string) {
	_, err := tables.New[K, V](1, 0)
	require.ErrorContains(t, err, why)
}

func TestKeysAreWholeWords(t *testing.T) {
	refused[uint32, int](t, "uint32 has 4 bytes: a table's key has 8 to 64, in steps of 8")
	refused[[12]byte, int](t, "12 bytes")
	refused[struct{}, int](t, "0 bytes")
	refused[[9]uint64, int](t, "72 bytes")
	refused[string, int](t, "a string")
	refused[*int, int](t, "a ptr")
	refused[any, int](t, "a interface")
	refused[float64, int](t, "a float64") // 0 == -0, and their bytes differ
	refused[gap, int](t, "padding before B")
	refused[tail, int](t, "padding at its end")
	refused[outer, int](t, "padding at its end")
	refused[[2]tail, int](t, "padding at its end")
	refused[blank, int](t, "a blank field") // which == does not compare
}

func TestValuesHoldNoPointers(t *testing.T) {
	refused[uint64, string](t, "value type string has a string")
	refused[uint64, *int](t, "a ptr")
	refused[uint64, struct{ A [2][]int }](t, "a slice in A")
	refused[uint64, func()](t, "a func")
}

func TestTablesOfAnyLayout(t *testing.T) {
	store(t, mixed{B: -1}, struct{}{})
	store(t, mixed{C: true}, [3]byte{1, 2, 3})
	store(t, [16]byte{15: 1}, byte(7)) // bytes, at any alignment
	store(t, int64(-1), 1.5)
	store(t, gap8{1, 2}, tail{1, 2})
	store(t, key8{7: 1}, [100]uint16{99: 1})
}

type gap8 struct{ A, B uint32 }

// store puts one entry in a table, and gets it back in each way.
func store[K, V comparable](t *testing.T, k K, v V) {
	c := newTable[K, V](t, 3, 1)
	at, err := c.Insert(k, v)
	require.NoError(t, err)
	require.Equal(t, v, *c.At(at))
	require.Equal(t, k, *c.Key(at))
	got, ok := c.Get(k)
	require.True(t, ok)
	require.Equal(t, v, got)
	var none K
	_, ok = c.Get(none)
	require.False(t, ok)
}

func TestCapacity(t *testing.T) {
	for _, capacity := range []int{-1, 1<<31 + 1} {
		_, err := tables.New[uint64, int](capacity, 0)
		require.ErrorContains(t, err, "the capacity must be from 0 to 2147483648")
	}
	for _, c := range []struct{ capacity, slots int }{
		{0, 32}, {32, 64}, {33, 128}, {96, 128}, {97, 256}, {972, 1 << 10}, {973, 1 << 11}, {996147, 1 << 20}, {996148, 1 << 21},
	} {
		table := newTable[uint64, uint64](t, c.capacity, 0)
		require.Equal(t, c.slots, table.Slots(), "%d entries", c.capacity)
		require.Equal(t, c.capacity, table.Cap())
		require.GreaterOrEqual(t, table.Memory(), c.slots*8+c.capacity*16, "%d entries", c.capacity)
	}
}
