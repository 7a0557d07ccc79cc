package tables_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables"
)

type pair struct {
	a uint64
	b uint8
}

// An array is zero at first, and each index has a place of its own.
func TestArray(t *testing.T) {
	a, err := tables.NewArray[pair](1000)
	require.NoError(t, err)
	defer a.Close()
	require.Equal(t, 1000, a.Len())
	require.GreaterOrEqual(t, a.Memory(), 16000)
	for i := range uint32(1000) {
		require.Zero(t, *a.At(i))
		*a.At(i) = pair{uint64(i), uint8(i)}
	}
	for i := range uint32(1000) {
		require.Equal(t, pair{uint64(i), uint8(i)}, *a.At(i))
	}
	require.Panics(t, func() { a.At(1000) }, "past the end")
}

func TestArrayOfNothing(t *testing.T) {
	a, err := tables.NewArray[uint64](0)
	require.NoError(t, err)
	require.Zero(t, a.Len())
	a.Close()
}

func TestArrayThatCannotBe(t *testing.T) {
	_, err := tables.NewArray[[]byte](1)
	require.ErrorContains(t, err, "has a slice")
	_, err = tables.NewArray[uint64](-1)
	require.ErrorContains(t, err, "0 to")
	_, err = tables.NewArray[uint64](math.MaxInt)
	require.ErrorContains(t, err, "0 to")
	_, err = tables.NewArray[uint64](1 << 55)
	require.ErrorContains(t, err, "the system gives no memory")
}
