package flow

import (
	"testing"

	"nitrocard/nic/wire"

	"github.com/stretchr/testify/require"

	"nitrocard/tables/oracle"
)

// A listing in chunks while connections come and go: one that stays is shown
// exactly once.
func TestWalkWhileThingsChange(t *testing.T) {
	const capacity, chunk = 2000, 37
	random := oracle.Random(t)
	r := newRig(t, capacity)
	stays := map[Key]int{}
	for i := range capacity - 100 {
		k := key(1, wire.ProtoTCP, i)
		r.open(Opening{Key: k, TCPFlags: syn})
		if i%2 == 0 {
			stays[k] = 0
		}
	}
	shown := map[Key]bool{}
	for from, more := uint32(0), true; more; {
		visited := 0
		from, more = r.Walk(from, chunk, func(at uint32, k *Key, c *Conn) {
			visited++
			require.Equal(t, *k, *r.key(at))
			require.Same(t, c, r.Conn(at))
			if n, ok := stays[*k]; ok {
				stays[*k] = n + 1
			}
			shown[*k] = true
		})
		require.LessOrEqual(t, visited, chunk)
		for range 20 { // between chunks some of the others end and new ones begin
			k := key(1, wire.ProtoTCP, random.IntN(capacity)|1)
			if at, ok := r.lookup(&k); ok {
				r.remove(at)
			} else {
				r.tryOpen(Opening{Key: k, TCPFlags: syn})
			}
		}
	}
	for k, n := range stays {
		require.Equal(t, 1, n, k)
	}
	require.Greater(t, len(shown), len(stays))
}

func TestWalkOfNothing(t *testing.T) {
	r := newRig(t, 10)
	for _, from := range []uint32{0, 10, 1 << 31} {
		_, more := r.Walk(from, 100, func(uint32, *Key, *Conn) { t.Fatal("an empty table shows a connection") })
		require.False(t, more)
	}
}

// A listing costs what the table has had, and not what the table has room for.
func TestWalkOfFewInALargeTable(t *testing.T) {
	const few, chunk = 5, 2
	r := newRig(t, 100_000)
	for i := range few {
		r.open(Opening{Key: key(1, wire.ProtoTCP, i), TCPFlags: syn})
	}
	calls, shown := 0, 0
	for from, more := uint32(0), true; more; calls++ {
		from, more = r.Walk(from, chunk, func(uint32, *Key, *Conn) { shown++ })
	}
	require.Equal(t, []int{few, (few + chunk - 1) / chunk}, []int{shown, calls})
}
