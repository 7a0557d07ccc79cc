package nat

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables"
)

// opens opens a TCP connection of a host's port to one server, established if heard, and tells
// whether it got a port.
func opens(t *testing.T, g *Gateway, from string, port uint16, heard bool) (c connection, ok bool) {
	state := uint32(tcp | opening)
	if heard {
		state |= accepted | established
	}
	return enters(t, g, from, port, wire.ProtoTCP, state)
}

// enters is opens for a connection of any protocol, in a state.
func enters(t *testing.T, g *Gateway, from string, port uint16, proto uint8, state uint32) (c connection, ok bool) {
	g.Lock()
	defer g.Unlock()
	now := flow.TickOf(g.clock())
	k := Key{Src: wiretest.Addr(from).As4(), Dst: wiretest.Addr("203.0.113.9").As4(), SrcPort: port, DstPort: 443, Kind: pipeline.KindOf(proto)}
	c.begin(&k, wiretest.Addr(from), g.ways.Hash(&k))
	if !g.choose(&c, g.place.Load().Pool, now) {
		return c, false
	}
	_, full := g.enter(&c, state, now)
	require.False(t, full)
	return c, true
}

// newGateway is a gateway with one address, at a time that the test owns.
func newGateway(t *testing.T, connections int, now *int64) *Gateway {
	g, err := New(Options{ID: "nat-1", Connections: connections, Workers: 1, Grace: tables.NewGrace(1), Seed: 1, Clock: func() int64 { return *now },
		Place: Place{Pool: []wire.Addr{wiretest.Addr("10.0.1.8")}}})
	require.NoError(t, err)
	t.Cleanup(g.Close)
	return g
}

// NATGW: 55,000 connections per address and destination, from ports 1024 to 65535, each port
// once; a further one gets none, while all are established and heard.
func TestADestinationHas55000Connections(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := newGateway(t, 60_000, &now)
	seen := map[uint16]bool{}
	for i := range 55_000 {
		c, ok := opens(t, g, "10.0.2.8", uint16(i), true)
		require.True(t, ok, i)
		require.False(t, seen[c.Port] || c.Port < 1024)
		seen[c.Port] = true
	}
	_, ok := opens(t, g, "10.0.2.8", 60_000, true)
	require.False(t, ok)
	_, ok = opens(t, g, "10.0.2.9", 1, true)
	require.False(t, ok, "no established connection ends for another one's sake")

	now += int64(2 * patience)
	_, ok = opens(t, g, "10.0.2.9", 1, true)
	require.True(t, ok, "a silent one does, for a host that has fewer")
	_, ok = opens(t, g, "10.0.2.8", 60_001, true)
	require.False(t, ok, "and not for the host that has most")

	now += int64(idle + time.Second)
	g.Age()
	require.Zero(t, g.ways.Len())
	require.Zero(t, g.uses.n, "what was counted is forgotten")
	m := g.Metrics()
	require.EqualValues(t, []uint64{0, 55_000}, []uint64{m.ActiveConnectionCount, m.IdleTimeoutCount})
}

// Each of several addresses has as many connections to a destination. What gets no port beyond them is dropped,
// and counted.
func TestEachAddressHas55000Connections(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 120_000, 1, &now)
	by := map[string]int{}
	for i := range 2 * perDestination {
		c, ok := opens(t, g, fmt.Sprintf("10.0.%d.8", 2+i/60_000), uint16(i%60_000), true)
		require.True(t, ok, i)
		by[c.Addr.String()]++
	}
	require.Equal(t, map[string]int{"10.0.1.8": perDestination, "10.0.1.9": perDestination}, by)
	_, _, v := through(g.Appliance(0), wiretest.TCP("10.0.4.8:1", "203.0.113.9:443").Flags(wire.TCPSyn))
	require.Equal(t, pipeline.NATPortAllocation.String(), v.String())
	m := g.Metrics()
	require.EqualValues(t, []uint64{1, 1}, []uint64{m.ErrorPortAllocation, m.PacketsDropCount})
}

// A scan from one host does not take the ports of another: its unanswered connections give way.
func TestAScanLeavesPortsToOthers(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := newGateway(t, 60_000, &now)
	for i := range 55_000 {
		_, ok := opens(t, g, "10.0.2.8", uint16(i), false)
		require.True(t, ok)
	}
	for i := range 1000 {
		_, ok := opens(t, g, "10.0.2.9", uint16(i), true)
		require.True(t, ok)
	}
	require.EqualValues(t, 1000, g.uses.of(g.uses.host(g.hostOf(wiretest.Addr("10.0.2.9")))))
	require.EqualValues(t, 54_000, g.uses.of(g.uses.host(g.hostOf(wiretest.Addr("10.0.2.8")))))
}

// A scan by UDP does not either, though a datagram says of no connection how it stands: what nobody
// answered gives way at once, and what was answered stays.
func TestAScanByUDPLeavesPortsToOthers(t *testing.T) {
	for state, gets := range map[uint32]bool{steady: true, steady | answered: false} {
		now := int64(1_780_000_000e9)
		g := newGateway(t, 60_000, &now)
		for i := range 55_000 {
			_, ok := enters(t, g, "10.0.2.8", uint16(i), wire.ProtoUDP, state)
			require.True(t, ok)
		}
		_, ok := enters(t, g, "10.0.2.9", 1, wire.ProtoUDP, steady)
		require.Equal(t, gets, ok, "%x", state)
	}
}

// For whom a connection gives way where ports or places are used up: for nobody as long as it is
// heard; for its own host if a RST from outside may have ended it; for all if it is over.
func TestForWhomAConnectionGivesWay(t *testing.T) {
	const heard = tcp | opening | accepted | established
	for what, c := range map[string]struct {
		state uint32
		// whether it gives way: to its own host, to one that has nothing, to one that has as many;
		// then after a while
		at, later [3]bool
	}{
		"established":                    {heard, [3]bool{}, [3]bool{false, true, false}},
		"unanswered":                     {tcp | opening, [3]bool{false, true, false}, [3]bool{false, true, false}},
		"reset from outside":             {heard | reset, [3]bool{true, false, false}, [3]bool{true, true, true}},
		"half closed, reset":             {heard | finInside | reset, [3]bool{true, false, false}, [3]bool{true, true, true}},
		"reset from inside":              {heard | resetBy(true), [3]bool{true, true, true}, [3]bool{true, true, true}},
		"refused":                        {tcp | opening | reset, [3]bool{true, true, true}, [3]bool{true, true, true}},
		"closed":                         {heard | finInside | finOutside, [3]bool{true, true, true}, [3]bool{true, true, true}},
		"a datagram's, answered":         {steady | answered, [3]bool{}, [3]bool{false, true, false}},
		"a datagram's, of nobody's care": {steady, [3]bool{false, true, false}, [3]bool{false, true, false}},
	} {
		now := int64(1_780_000_000e9)
		g := newGateway(t, 100, &now)
		for i := range 2 {
			enters(t, g, "10.0.2.7", uint16(i), wire.ProtoTCP, c.state)
			enters(t, g, "10.0.2.9", uint16(i), wire.ProtoTCP, c.state)
		}
		k := Key{Src: wiretest.Addr("10.0.2.7").As4(), Dst: wiretest.Addr("203.0.113.9").As4(), SrcPort: 1, DstPort: 443, Kind: pipeline.KindOf(wire.ProtoTCP)}
		at, ok := g.ways.Lookup(&k)
		require.True(t, ok)
		yields := func() (to [3]bool) {
			for i, host := range []string{"10.0.2.7", "10.0.2.8", "10.0.2.9"} {
				to[i] = g.yields(at, g.claimant(wiretest.Addr(host)), flow.TickOf(now))
			}
			return to
		}
		require.Equal(t, c.at, yields(), what)
		now += int64(patience + time.Second)
		require.Equal(t, c.later, yields(), "%s, later", what)
	}
}

// A host that has most finds no connection that has to go for its own, and so may look but a few times a tick, for
// a place as for a port. Others find one meanwhile.
func TestAHostLooksInVainAFewTimes(t *testing.T) {
	now := int64(1_780_000_000e9)
	g, send := smallGateway(t, &now)
	for i := range 64 {
		require.Equal(t, pipeline.Sent, send("10.0.2.8", 1+i))
	}
	vain := func(host string) uint8 {
		own, _ := g.vain(wiretest.Addr(host), flow.TickOf(now))
		return *own
	}
	for i := range 100 {
		require.Equal(t, pipeline.NATPortAllocation, send("10.0.2.8", 1000+i))
		require.EqualValues(t, min(1+i, mostVain), vain("10.0.2.8"))
	}
	require.Zero(t, vain("10.0.2.9"))
	send("10.0.2.9", 1) // whose place is free with the next burst
	require.Equal(t, pipeline.Sent, send("10.0.2.9", 1))
	now += 70e6
	require.Zero(t, vain("10.0.2.8"))
}
