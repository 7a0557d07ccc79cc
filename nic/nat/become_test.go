package nat

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A gateway loses an address while a burst is under way: what the burst opens has an address that is left,
// because nothing would end a connection from the lost one any more.
func TestAnAddressIsLostDuringABurst(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 100, 1, &now)
	pool, clock := g.place.Load().Pool, g.clock
	become := func(pool []wire.Addr) {
		p := *g.place.Load()
		p.Pool = pool
		g.Become(p)
	}
	for i := range 8 { // hosts that share two addresses
		become(pool)
		g.clock = func() int64 { // which the burst asks after it has the place
			become(pool[1:])
			return now
		}
		h, _, v := through(g.Appliance(0), wiretest.UDP(fmt.Sprintf("10.0.2.%d:9", 4+i), "203.0.113.9:53"))
		require.Equal(t, []any{pipeline.Sent, pool[1]}, []any{v, h.Src})
		g.clock = clock
	}
}

// Until the connections from a lost address have ended, an answer to one of them is no packet from inside, though the
// gateway does not have the address any more.
func TestAnAnswerToALostAddressStaysOutside(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 100, 1, &now)
	a := g.Appliance(0)
	begun, _, v := through(a, wiretest.UDP("10.0.2.5:9", "203.0.113.9:53"))
	require.Equal(t, pipeline.Sent, v)
	g.place.Store(&Place{Inside: g.place.Load().Inside})
	_, _, v = through(a, wiretest.UDP("203.0.113.9:53", fmt.Sprint(begun.Src, ":", begun.SrcPort)))
	require.Equal(t, pipeline.NATUnknown, v)
}

// A gateway gives up an address: the connections from it go on, and no other begins there. Once the address is gone, they
// are over (EC2 API, UnassignPrivateNatGatewayAddress).
func TestConnectionsGoOnFromAnAddressThatIsGivenUp(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 100, 1, &now)
	a, both := g.Appliance(0), g.place.Load().Pool
	begun, _, v := through(a, wiretest.UDP("10.0.2.5:9", "203.0.113.9:53"))
	require.Equal(t, pipeline.Sent, v)
	p := *g.place.Load()
	p.Pool, p.Leaving = nil, []wire.Addr{begun.Src}
	for _, other := range both {
		if other != begun.Src {
			p.Pool = append(p.Pool, other)
		}
	}
	g.Become(p)
	h, _, v := through(a, wiretest.UDP("10.0.2.5:9", "203.0.113.9:53"))
	require.Equal(t, []any{pipeline.Sent, begun.Src, begun.SrcPort}, []any{v, h.Src, h.SrcPort})
	h, _, v = through(a, wiretest.UDP("203.0.113.9:53", fmt.Sprint(begun.Src, ":", begun.SrcPort)))
	require.Equal(t, []any{pipeline.Sent, wiretest.Addr("10.0.2.5")}, []any{v, h.Dst})
	h, _, v = through(a, wiretest.UDP("10.0.2.5:10", "203.0.113.9:53"))
	require.Equal(t, []any{pipeline.Sent, p.Pool[0]}, []any{v, h.Src})

	p.Leaving = nil
	g.Become(p)
	h, _, v = through(a, wiretest.UDP("10.0.2.5:9", "203.0.113.9:53"))
	require.Equal(t, []any{pipeline.Sent, p.Pool[0]}, []any{v, h.Src})
}

// To look at a large gateway's few connections takes one look, and so does to end them.
func TestALookAtFewConnections(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 100_000, 1, &now)
	_, _, v := through(g.Appliance(0), wiretest.UDP("10.0.2.5:9", "203.0.113.9:53"))
	require.Equal(t, pipeline.Sent, v)
	seen, _, more := g.Look(nil, 0)
	require.Len(t, seen, 1)
	require.False(t, more)
	calls := 0
	g.call = func(f func()) { calls++; f() }
	p := *g.place.Load()
	p.Pool = []wire.Addr{wiretest.Addr("10.0.1.99")}
	g.Become(p)
	require.Equal(t, 1, calls)
	seen, _, _ = g.Look(nil, 0)
	require.Empty(t, seen)
}
