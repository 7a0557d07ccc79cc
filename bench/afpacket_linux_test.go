package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"nitrocard/nic"
	"nitrocard/pmd"
	"nitrocard/pmd/afpacket"
	"nitrocard/pmd/pmdtest"
)

func TestMain(m *testing.M) { pmdtest.Isolate(m) }

// BenchmarkAFPacket is the whole card between two veth links: frames of a
// known connection from the uplink's ring, through every stage, into the
// guest's. What the guest's kernel does with them counts, because it does that
// on the sender's thread: they are for another MAC than its link's, so it
// frees them soon. What it costs to put them into the ring does not count.
func BenchmarkAFPacket(b *testing.B) {
	card, edge, guest := cabled(b)
	region := Region{ENIs: 1}
	policy := card.Policy()
	frame := func(f []byte, err error) []byte { require.NoError(b, err); return f }

	edge.Give(frame(region.request(policy, template{0, true, FrameSize})))
	pollUntil(b, card, 1)
	guest.Give(frame(region.answer(policy, template{0, true, FrameSize})))
	pollUntil(b, card, 2)
	guest.Close() // a socket that keeps frames would cost its sender, too

	data := frame(region.request(policy, template{0, false, FrameSize}))
	best := pmdtest.Best(b, func() time.Duration {
		for range pmdtest.Round {
			edge.Give(data)
		}
		taken, start := 0, time.Now()
		for n := card.Poll(start.UnixNano()); n > 0; n = card.Poll(time.Now().UnixNano()) {
			taken += n
		}
		took := time.Since(start)
		require.Positive(b, taken)
		return took / time.Duration(taken)
	})
	up := card.Ports()[0]
	require.Less(b, up.Received-up.Sent, up.Received/100+1, "dropped: %v", up.Dropped)
	b.ReportMetric(pmdtest.Mpps(best[0]), "Mpps")
}

// cabled is a card on two veth links, and their other ends.
func cabled(b *testing.B) (card *nic.Card, edge, guest *pmdtest.Wire) {
	cfg, err := Region{ENIs: 1}.Config()
	require.NoError(b, err)
	card, err = nic.New(cfg, nic.Options{Seed: 1})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, card.Close()) })
	attach := func(name string, mac []byte) *pmdtest.Wire {
		port, peer := pmdtest.Veth(b)
		require.NoError(b, netlink.LinkSetHardwareAddr(port, mac))
		require.NoError(b, card.Attach(name, func() (pmd.Port, error) { return afpacket.Open(port.Attrs().Name) }))
		return pmdtest.NewWire(b, peer)
	}
	return card, attach(nic.Uplink, uplinkMAC[:]), attach("eni-0", []byte{2, 0, 0, 0, 0xaa, 1})
}

// pollUntil polls until the card has sent so many frames on.
func pollUntil(b *testing.B, card *nic.Card, frames uint64) {
	for end := time.Now().Add(patience); ; card.Poll(0) {
		sent := uint64(0)
		for _, p := range card.Ports() {
			sent += p.Sent
		}
		if sent >= frames {
			return
		}
		require.True(b, time.Now().Before(end), "%+v", card.Drops())
	}
}
