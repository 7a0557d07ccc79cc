package bay

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// A bay that comes is for the worker that receives from the fewest queues; a port
// of several queues counts for each worker that has one of them.
func TestBaysGoToTheWorkerWithTheFewestQueues(t *testing.T) {
	b := New(3, func(f func()) { f() }, slog.New(slog.DiscardHandler))
	require.Empty(t, b.MakeRoom([]string{"a", "b"}))
	require.Equal(t, []int{1, 1, 1}, b.loads())
	b.Attach(b.Of("a"), pmd.Join([]pmd.Port{mem.New(mem.Options{}), mem.New(mem.Options{})}), nil)
	loads := b.loads()
	require.Equal(t, 4, loads[0]+loads[1]+loads[2])
	b.MakeRoom([]string{"a", "b", "c"})
	require.Equal(t, lightest(loads), b.Of("c").first)
	gone := b.MakeRoom([]string{"b"})
	require.Len(t, gone, 2)
	require.Nil(t, b.Of("a"))
	require.Equal(t, "uplink, b", b.Names())
}
