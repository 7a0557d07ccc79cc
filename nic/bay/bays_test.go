package bay

import (
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// A bay that comes is for the worker that receives from the fewest queues; a port
// of several queues counts for each worker that has one of them.
func TestBaysGoToTheWorkerWithTheFewestQueues(t *testing.T) {
	var mu sync.Mutex
	mu.Lock()
	b := New(Options{Mutex: &mu, Workers: 3, Stand: func(f func()) { f() }, Log: slog.New(slog.DiscardHandler)})
	require.Empty(t, b.MakeRoom([]string{"a", "b"}))
	require.Equal(t, []int{1, 1, 1}, b.loads())
	require.NoError(t, b.Attach("a", func() (pmd.Port, error) {
		return pmd.Join([]pmd.Port{mem.New(mem.Options{}), mem.New(mem.Options{})}), nil
	}))
	loads := b.loads()
	require.Equal(t, 4, loads[0]+loads[1]+loads[2])
	b.MakeRoom([]string{"a", "b", "c"})
	require.Equal(t, lightest(loads), b.Of("c").first)
	gone := b.MakeRoom([]string{"b"})
	require.Len(t, gone, 2)
	require.Nil(t, b.Of("a"))
	require.Equal(t, "uplink, b", b.Names())
}

// merging is a port that notes how it was told to lend merged frames.
type merging struct {
	pmd.Port
	tunneled bool
}

func (m *merging) LendMerged(tunneled bool) { m.tunneled = tunneled }

// Merged frames in a tunnel are for the uplink alone: a guest's own tunnel is its payload.
func TestTheUplinkAloneLendsTunnelsMerged(t *testing.T) {
	var mu sync.Mutex
	mu.Lock()
	b := New(Options{Mutex: &mu, Workers: 1, Stand: func(f func()) { f() }, Log: slog.New(slog.DiscardHandler)})
	require.Empty(t, b.MakeRoom([]string{"a"}))
	for place, tunneled := range map[string]bool{Uplink: true, "a": false} {
		port := &merging{Port: mem.New(mem.Options{}), tunneled: !tunneled}
		require.NoError(t, b.Attach(place, func() (pmd.Port, error) { return port, nil }))
		require.Equal(t, tunneled, port.tunneled, place)
	}
}
