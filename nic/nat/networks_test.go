package nat

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables"
)

// smallGateway is a gateway with room for 64 connections, and what sends a datagram from a host's
// port through it.
func smallGateway(t *testing.T, now *int64) (g *Gateway, send func(host string, port int) pipeline.Verdict) {
	grace := tables.NewGrace(1)
	g, err := New(Options{Connections: 64, Workers: 1, Grace: grace, Seed: 1, Clock: func() int64 { return *now }, Place: Place{
		Pool: []wire.Addr{wiretest.Addr("10.0.1.8")}, Inside: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("2001:db8:a::/48")}}})
	require.NoError(t, err)
	t.Cleanup(g.Close)
	return g, func(host string, port int) pipeline.Verdict {
		grace.Reader(0).Pass()
		a := wiretest.Addr(host)
		to := wiretest.Addr("203.0.113.9")
		if !a.Is4() {
			to = to.Converted()
		}
		_, _, v := through(g.Appliance(0), wiretest.UDP(end(a, uint16(port)), end(to, 53)))
		return v
	}
}

// An ENI to which EC2 delegated a /80 sends from as many addresses as it likes. All of them count
// as one host, which leaves a newcomer a place, of either family. In one /80 hosts have an address
// each, and the same holds.
func TestAHostOfManyAddressesIsOneHost(t *testing.T) {
	for _, c := range []struct {
		newcomer, many string
		ports          int
	}{{"10.0.2.5", "2001:db8:a:0:1::1:%x", 1}, {"2001:db8:a:0:2::5", "2001:db8:a:0:1::1:%x", 1}, {"2001:db8:a:0:1::5", "2001:db8:a:0:1::1:%x", 100}} {
		now := int64(1_780_000_000e9)
		_, send := smallGateway(t, &now)
		for i := range 200 {
			send(fmt.Sprintf(c.many, i/c.ports), 9+i)
		}
		got := 0
		for i := range 20 {
			if send(c.newcomer, 1+i) == pipeline.Sent {
				got++
			}
		}
		require.Greater(t, got, 5, c.newcomer)
	}
}

// Nor do they take the places of a host that is silent for a while and has less than all of them.
func TestAHostOfManyAddressesTakesNoPlaces(t *testing.T) {
	now := int64(1_780_000_000e9)
	g, send := smallGateway(t, &now)
	host := g.uses.host(g.hostOf(wiretest.Addr("10.0.2.5")))
	for i := range 10 {
		require.Equal(t, pipeline.Sent, send("10.0.2.5", 1+i))
	}
	for i := range 2000 {
		if i == 1000 {
			now += int64(patience + time.Second)
		}
		send(fmt.Sprintf("2001:db8:a:0:1::1:%x", i), 9)
	}
	require.EqualValues(t, 10, g.uses.of(host))
	now += int64(2 * idle)
	g.Age()
	for _, n := range g.networks.list.All() {
		require.Zero(t, n)
	}
}

// Their datagrams in fragments have the places of one host.
func TestAHostOfManyAddressesHasOneBoundOfDatagrams(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 10_000, 1, &now)
	for i := range 2 * hostDatagrams {
		first := wiretest.UDP(fmt.Sprintf("[2001:db8:a::%x]:9", 1+i), "[64:ff9b::cb00:7109]:53").ID(7).Size(300).Fragments(104)[0]
		_, _, v := throughBytes(g.Appliance(0), first)
		require.Equal(t, pipeline.Sent, v)
	}
	require.Equal(t, hostDatagrams, g.datagrams)
}
