//go:build linux

package lab

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Packets of a connection are told from those of others by its source alone.
func TestAConnectionKnowsItsPackets(t *testing.T) {
	v := visitor{addr: clientAddr.Addr(), ports: new(sourcePorts)}
	c := v.connection(netip.MustParseAddrPort("35.72.2.8:80"))
	require.Equal(t, "203.0.113.9:20000", c.from.String())
	require.Equal(t, "203.0.113.9:20001", v.connection(c.to).from.String())
	for _, p := range []struct {
		frame       wiretest.Packet
		sent, opens bool
	}{
		{wiretest.TCP("203.0.113.9:20000", "35.72.2.8:80").Flags(wire.TCPSyn), true, true},
		{wiretest.TCP("203.0.113.9:20000", "10.0.1.5:80").Flags(wire.TCPAck), true, false},
		{wiretest.TCP("203.0.113.9:20001", "10.0.1.5:80").Flags(wire.TCPSyn), false, false},
		{wiretest.UDP("203.0.113.9:20000", "10.0.1.5:80"), false, false},
	} {
		require.Equal(t, p.sent, c.sent(p.frame.Bytes()))
		require.Equal(t, p.opens, c.opens(p.frame.Bytes()))
	}
	answer := wiretest.TCP("35.72.2.8:80", "203.0.113.9:20000").Flags(wire.TCPAck).Bytes()
	require.True(t, c.answered(wiretest.VXLAN("172.16.0.11", "172.16.0.1", 5001, answer).Bytes(), 5001))
	require.False(t, c.answered(wiretest.VXLAN("172.16.0.11", "172.16.0.1", 5002, answer).Bytes(), 5001), "another customer's")
	require.False(t, c.answered(answer, 5001), "in no tunnel")
}

// A late packet of an earlier visit to the guest is its own; one of a visit to
// another is not.
func TestAnEarTellsVisitsApart(t *testing.T) {
	w := aWorld(t)
	a1 := w.guests["a1"]
	e, err := (&story{stage: &stage{world: w}}).listen(a1)
	require.NoError(t, err)
	defer e.Stop()
	link, err := a1.server.Raw("a1")
	require.NoError(t, err)
	defer link.Close()
	arrives := func(c connection) {
		require.NoError(t, link.Send(wiretest.TCP(c.from.String(), "10.0.1.5:80").Flags(wire.TCPAck).MACs(wire.MAC{2}, wire.MAC(a1.MAC)).Bytes()))
	}
	elsewhere := netip.MustParseAddrPort("54.168.7.7:80")
	visits := []connection{w.client.connection(a1.public(webPort)), w.client.connection(elsewhere), w.client.connection(a1.public(webPort))}
	arrives(visits[2])
	arrives(visits[0])
	require.NoError(t, e.heardOnlyItsOwn(t.Context(), visits))
	arrives(visits[1])
	require.NoError(t, until(t.Context(), "it arrived", func() (bool, error) { return e.hears(visits[1]), nil }))
	require.EqualError(t, e.heardOnlyItsOwn(t.Context(), visits), "a1 saw a packet of the visit from 203.0.113.9:20001 to 54.168.7.7:80")
}
