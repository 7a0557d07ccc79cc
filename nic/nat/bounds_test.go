package nat

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A host that begins datagrams and never ends them takes 256 places, and leaves the others theirs;
// and the places are free again after a while, whichever way the datagrams went.
func TestAHostHasABoundOfDatagrams(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 10_000, 1, &now)
	a := g.Appliance(0)
	begin := func(host string, id int) []byte {
		pieces := wiretest.UDP(host+":9", "203.0.113.9:53").ID(uint16(id)).Size(300).Fragments(104)
		_, _, v := throughBytes(a, pieces[0])
		require.Equal(t, pipeline.Sent, v)
		return pieces[1]
	}
	for i := range 300 {
		_, _, v := throughBytes(a, begin("10.0.2.8", i))
		require.Equal(t, i < hostDatagrams, v == pipeline.Sent, i)
	}
	require.Equal(t, hostDatagrams, g.datagrams)
	h, _, v := throughBytes(a, begin("10.0.2.9", 1))
	require.Equal(t, []any{pipeline.Sent, uint8(wire.LaterFragment)}, []any{v, uint8(h.Frag)}, "another host has its own")

	h, _, _ = through(a, wiretest.UDP("10.0.2.10:9", "203.0.113.9:53"))
	back := wiretest.UDP("203.0.113.9:53", fmt.Sprintf("%s:%d", h.Src, h.SrcPort)).Size(300)
	for i := range 300 {
		pieces := back.ID(uint16(i)).Fragments(104)
		throughBytes(a, pieces[0])
		_, _, v := throughBytes(a, pieces[1])
		require.Equal(t, i < hostDatagrams, v == pipeline.Sent, i)
	}

	now += int64(together + time.Second)
	g.Age()
	require.Zero(t, g.datagrams)
	for i := range hostDatagrams {
		_, _, v := throughBytes(a, begin("10.0.2.8", i))
		require.Equal(t, pipeline.Sent, v)
	}
}

// In a small table the datagrams of one host leave a new connection its place, and other hosts
// their datagrams.
func TestDatagramsLeaveConnectionsTheirPlaces(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 64, 1, &now)
	a := g.Appliance(0)
	for host := range 20 {
		for id := range hostDatagrams {
			piece := wiretest.UDP(fmt.Sprintf("10.0.2.%d:9", 8+host), "203.0.113.9:53").ID(uint16(id)).Size(300).Fragments(104)[0]
			_, _, v := throughBytes(a, piece)
			require.Equal(t, pipeline.Sent, v)
			most := min((host+1)*g.ways.Cap()/32, g.ways.Cap()/8)
			require.LessOrEqual(t, g.datagrams, most)
		}
	}
	for port := range 20 {
		_, _, v := through(a, wiretest.UDP(fmt.Sprintf("10.0.3.8:%d", 1+port), "203.0.113.9:53"))
		require.Equal(t, pipeline.Sent, v)
	}
}

// A SYN+ACK from inside begins no connection, not even in the place of one that is over, whose
// segment it counts as.
func TestASYNACKFromInsideBeginsNothing(t *testing.T) {
	now := int64(1_780_000_000e9)
	a := insideOf(t, 100, 1, &now).Appliance(0)
	out := wiretest.TCP("10.0.2.8:40000", "203.0.113.9:443")
	first, _, _ := through(a, out.Flags(wire.TCPSyn))
	through(a, out.Flags(wire.TCPRst|wire.TCPAck))
	h, _, v := through(a, out.Flags(wire.TCPSyn|wire.TCPAck))
	require.Equal(t, []any{pipeline.Sent, first.SrcPort}, []any{v, h.SrcPort}, "of the connection that is over")
	require.EqualValues(t, 1, a.metrics.ConnectionAttemptCount)

	second, _, _ := through(a, out.Flags(wire.TCPSyn))
	require.NotEqual(t, first.SrcPort, second.SrcPort, "a SYN begins another")
	require.EqualValues(t, 2, a.metrics.ConnectionAttemptCount)
}
