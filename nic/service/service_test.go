package service_test

import (
	"context"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/wire"
)

// While the card runs, another thread serves, and wakes the worker that sleeps.
func TestServicesAnswerWhileTheCardRuns(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.card.Run(ctx) }()
	for range 3 {
		require.True(t, r.guest.Inject(r.udp("10.0.1.5:4000", "169.254.169.123:123", question())))
		<-r.sent
		require.Len(t, r.guest.Sent(), 1)
	}
	cancel()
	require.NoError(t, <-ended)
}

// FuzzServices sends any payload to each service: nothing panics, and an answer is a sound
// frame for the ENI that asked.
func FuzzServices(f *testing.F) {
	r := newRig(f)
	m, err := dhcpv4.NewDiscovery(nictest.MACA1[:])
	require.NoError(f, err)
	f.Add(uint8(0), m.ToBytes())
	f.Add(uint8(1), []byte{1, 2, 3, 4, 0, 1, 0, 4, 0, 3, 0, 1})
	f.Add(uint8(2), question())
	m6, err := dhcpv6.NewSolicit(nictest.MACA1[:])
	require.NoError(f, err)
	f.Add(uint8(1), m6.ToBytes())
	for _, name := range []string{"ip-10-0-1-5.ec2.internal.", "5.1.0.10.in-addr.arpa.", reverse6("2001:db8:a:1::5"), "ec2-35-72-2-8.compute-1.amazonaws.com."} {
		asked, err := asksFor(name, dns.TypeANY).SetEdns0(4096, true).Pack()
		require.NoError(f, err)
		f.Add(uint8(3), asked)
		f.Add(uint8(5), asked)
	}
	ways := [][2]string{
		{"0.0.0.0:68", "255.255.255.255:67"}, {"[fe80::5]:546", "[ff02::1:2]:547"}, {"10.0.1.5:4000", "169.254.169.123:123"},
		{"10.0.1.5:4000", "169.254.169.253:53"}, {"10.0.1.5:68", "10.0.1.1:67"},
		{"[2001:db8:a:1::5]:4000", "[fd00:ec2::253]:53"}, {"[2001:db8:a:1::5]:4000", "[fd00:ec2::123]:123"},
	}
	f.Fuzz(func(t *testing.T, which uint8, payload []byte) {
		if len(payload) > 1400 {
			return
		}
		r.TB = t
		r.now += 1e9 / 512 // within the ENI's allowance
		way := ways[int(which)%len(ways)]
		for _, frame := range r.ask(r.udp(way[0], way[1], payload)) {
			var h wire.Headers
			require.Equal(t, wire.NoFault, wire.Parse(frame, &h))
			require.Contains(t, []wire.MAC{nictest.MACA1, wire.Broadcast}, wire.Ethernet(frame).Dst())
			r.datagram([][]byte{frame})
		}
	})
}
