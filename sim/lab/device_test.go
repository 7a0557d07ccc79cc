//go:build dpdk && linux

package lab

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/dpdk"
	"nitrocard/pmd/mem"
	"nitrocard/pmd/pmdtest"
)

// tapped is a running card whose guest eni-a1 is on DPDK's net_tap.
type tapped struct {
	*testing.T
	card   *nic.Card
	uplink *mem.Port
}

const tapName = "dtap-a1"

func newTapped(t *testing.T) *tapped {
	if f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil {
		pmdtest.Missing(t, err.Error())
	} else {
		f.Close()
	}
	config, err := vpc.Load("../../nic/testdata/region.yaml")
	require.NoError(t, err)
	config.Placement.Edge.UnderlayMac = wire.MAC{2, 0, 0, 0, 0, 1}
	x := &tapped{T: t, uplink: mem.New(mem.Options{})}
	x.card, err = nic.New(config, nic.Options{Card: "x", Workers: 2})
	require.NoError(t, err)
	require.NoError(t, x.card.Attach(nic.Uplink, func() (pmd.Port, error) { return x.uplink, nil }))
	require.NoError(t, x.card.Attach("eni-a1", func() (pmd.Port, error) { return dpdk.Open("net_tap7,iface=" + tapName) }))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.card.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return x
}

// reached waits until a request from the internet comes out of an interface.
func (x *tapped) reached(link netlink.Link) {
	e := x.card.Policy().ENI("eni-a1")
	inner := wiretest.TCP("203.0.113.9:40000", "35.72.2.8:80").Flags(wire.TCPSyn).MACs(wire.MAC{2, 0, 0, 0, 0xed, 0x9e}, e.MAC)
	request := wiretest.VXLAN("172.16.0.1", "172.16.0.11", e.VNI, inner.Bytes()).MACs(wire.MAC{2, 0, 0, 0, 0, 1}, wire.MAC{2, 0, 0, 0, 0, 0x11}).Bytes()
	guest := pmdtest.NewWire(x, link)
	pmdtest.Until(x, "the guest is reached", func() (heard bool) {
		x.uplink.Inject(request)
		guest.Take(func(f []byte) { heard = heard || wire.Ethernet(f).Dst() == e.MAC })
		return heard
	})
}

// The interface of a guest on DPDK is deleted while the card runs: it is back
// a moment later, and so is the guest.
func TestADPDKDeviceThatWasDeletedIsBack(t *testing.T) {
	x := newTapped(t)
	for range 3 {
		link, err := netlink.LinkByName(tapName)
		require.NoError(t, err)
		x.reached(link)
		require.NoError(t, netlink.LinkDel(link))
		require.Eventually(t, func() bool {
			fresh, err := netlink.LinkByName(tapName)
			return err == nil && fresh.Attrs().Index != link.Attrs().Index
		}, patience, 10*time.Millisecond)
	}
}
