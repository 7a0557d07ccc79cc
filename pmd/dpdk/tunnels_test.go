//go:build dpdk && cgo && linux

package dpdk

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

// queues opens a device with several queues until the test ends.
func queues(t *testing.T, text string, n int) []*Port {
	all, err := OpenQueues(text, n)
	require.NoError(t, err)
	var ports []*Port
	for _, p := range all {
		ports = append(ports, p.(*Port))
		t.Cleanup(func() { require.NoError(t, p.Close()) })
	}
	return ports
}

// No virtual device looks into tunnels. What several queues are chosen by is
// read back from each, with its driver's words, and all queues work.
func TestQueuesTellWhatChoosesThem(t *testing.T) {
	require.Empty(t, plug(t, unique("net_null")).Detail().Spread)
	null := queues(t, unique("net_null"), 2)
	d := null[1].Detail()
	require.Equal(t, "flow; not the flow in a tunnel: function not implemented", d.Spread)
	require.Equal(t, 2, d.Queues)
	var b pmd.Burst
	null[1].Rx(&b)
	require.Equal(t, pmd.MaxBurst, b.N)
}

// A port that is closed still tells what it was.
func TestAClosedPortTellsWhatChoseItsQueues(t *testing.T) {
	ports, err := OpenQueues(unique("net_null"), 2)
	require.NoError(t, err)
	for _, p := range ports {
		require.NoError(t, p.Close())
	}
	require.Equal(t, 2, ports[0].(*Port).Detail().Queues)
	require.Contains(t, ports[0].(*Port).Detail().Spread, "function not implemented")
}
