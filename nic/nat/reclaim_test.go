package nat

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables"
)

// A full gateway whose connections have all ended has room for as many at once, although nobody sent a packet
// meanwhile: the worker tells it the time, tick by tick.
func TestAFullGatewayHasRoomWhenItsConnectionsHaveEnded(t *testing.T) {
	const room = 40
	now := int64(1_780_000_000e9)
	grace := tables.NewGrace(1)
	g, err := New(Options{Connections: room, Workers: 1, Grace: grace, Seed: 1, Clock: func() int64 { return now }, Place: Place{
		Pool: []wire.Addr{wiretest.Addr("10.0.1.8")}, Inside: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}})
	require.NoError(t, err)
	t.Cleanup(g.Close)
	a, worker := g.Appliance(0), grace.Reader(0)
	open := func(port int) pipeline.Verdict {
		worker.Pass()
		_, _, v := through(a, wiretest.UDP(fmt.Sprintf("10.0.2.8:%d", port), "203.0.113.9:53"))
		return v
	}
	for round := range 3 {
		for i := range room {
			require.Equal(t, pipeline.Sent, open(1000*round+1+i))
		}
		require.Equal(t, pipeline.NATPortAllocation, open(999))
		now += int64(idle + time.Second)
		for range 3 {
			now += int64(time.Second)
			worker.Pass()
			a.Passed(&pipeline.Passed{}, flow.TickOf(now))
		}
	}
}
