//go:build linux

package lab

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// plan is a region of one server with one guest, made by hand.
func plan() *region {
	return &region{
		cards:   []string{"x"},
		foreign: true,
		edge:    edge{vtep: netip.MustParsePrefix("172.16.0.1/24"), mac: net.HardwareAddr{2, 0, 0, 0, 0xed, 0x9e}},
		guests: []guest{{
			Nick: "a1", ENI: "eni-a1", Card: "x", VPC: "vpc-a", VNI: 5001,
			MAC:    net.HardwareAddr{2, 0, 0, 10, 1, 5},
			Addr:   netip.MustParsePrefix("10.0.1.5/24"),
			Router: netip.MustParseAddr("10.0.1.1"),
			Public: netip.MustParseAddr("35.72.2.8"),
			VTEP:   netip.MustParseAddr("172.16.0.11"),
		}},
		public: []announced{{netip.MustParseAddr("35.72.2.8"), net.HardwareAddr{2, 0, 0, 10, 1, 5}, 5001, netip.MustParseAddr("172.16.0.11")}},
	}
}

// aWorld is the hand-made region, built, without a card.
func aWorld(t *testing.T) *world {
	w, err := build(plan())
	require.NoError(t, err)
	t.Cleanup(w.close)
	require.NoError(t, w.serve(t.Context()))
	return w
}

func TestClientReachesTheEdge(t *testing.T) {
	w := aWorld(t)
	_, err := w.client.ping(t.Context(), internetAddr.Addr())
	require.NoError(t, err)
}

// The edge asks the underlay for the server's tunnel end, and gets no answer
// as long as no card owns it. Told the MAC, it sends the client's packet
// there, in a tunnel that our own parser reads.
func TestTheEdgeSendsToTheServerInATunnel(t *testing.T) {
	w := aWorld(t)
	server := w.servers["x"]
	require.NoError(t, w.edges[0].Neighbor(uplink, w.region.guests[0].VTEP, server.LinkMAC(uplink)))
	seen, err := server.Watch(uplink, isIPv4)
	require.NoError(t, err)

	ctx, leave := context.WithCancel(t.Context())
	dialed := make(chan error, 1)
	go func() { dialed <- w.client.connection(netip.MustParseAddrPort("35.72.2.8:80")).knock(ctx) }()
	require.NoError(t, until(t.Context(), "a packet came", func() (bool, error) { return len(seen.Frames()) > 0, nil }))
	leave()
	require.NoError(t, <-dialed, "nobody delivers")
	var p tunneled
	require.True(t, p.read(seen.Stop()[0]))
	require.EqualValues(t, 5001, p.outer.VNI)
	require.Equal(t, "172.16.0.11", p.outer.Dst.String())
	require.Equal(t, "172.16.0.1", p.outer.Src.String())
	require.Equal(t, wire.MAC{2, 0, 0, 10, 1, 5}, p.to)
	require.Equal(t, "203.0.113.9", p.inner.Src.String())
	require.Equal(t, "35.72.2.8:80", destination(p.inner).String())
}

func TestAServersKernelKeepsQuiet(t *testing.T) {
	w := aWorld(t)
	guest := w.guests["a1"]
	require.NoError(t, guest.Sysctl("net/ipv4/neigh/eth0/retrans_time_ms", "50"))
	heard, err := guest.Watch("eth0", func([]byte) bool { return true })
	require.NoError(t, err)
	asked, err := w.servers["x"].Watch("a1", func(f []byte) bool {
		return wire.Ethernet(f).EtherType() == wire.EtherTypeARP
	})
	require.NoError(t, err)

	_, err = guest.visitor().connection(netip.MustParseAddrPort("203.0.113.9:80")).dial(t.Context())
	require.ErrorContains(t, err, "no route to host", "the guest's kernel gives up on its router")
	require.NotEmpty(t, asked.Stop())
	require.Empty(t, heard.Stop())
}

func TestGuestsServePagesBytesAndLines(t *testing.T) {
	w := aWorld(t)
	m, ctx := w.guests["a1"], t.Context()
	self := func(port uint16) connection { return m.visitor().connection(m.private(port)) } // over its own loopback
	text, err := self(webPort).get(ctx)
	require.NoError(t, err)
	require.Equal(t, "This is a1 (eni-a1). Hello, 10.0.1.5.\n", text)
	require.NoError(t, self(webPort).download(ctx, 1<<20))
	require.NoError(t, self(databasePort).upload(ctx, 1<<20))

	talk, err := self(shellPort).talk(ctx)
	require.NoError(t, err)
	defer talk.Close()
	require.NoError(t, talk.hello(ctx, "a1"))
}
