//go:build dpdk && cgo && linux

package dpdk

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/pmdtest"
)

func TestDriverOverAFPacket(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair {
		link, far := pmdtest.Veth(t)
		// Without these arguments frames above 2 KB are cut. The rings take
		// 5 MB then, of the 8 that most users may lock.
		p := plug(t, fmt.Sprintf("%s,iface=%s,framesz=9216,blocksz=36864,framecnt=256", unique("net_af_packet"), link.Attrs().Name))
		wire := pmdtest.NewWire(t, far)
		return &pmdtest.Pair{Port: p, Max: pmdtest.MTU + 14, OnlyDot1Q: true, Give: wire.Give, Take: wire.Take}
	})
}

func TestDriverOverTap(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair {
		p, link := plugTap(t)
		wire := pmdtest.NewWire(t, link)
		return &pmdtest.Pair{
			Port: p, Max: 1514,
			Give: wire.Give, Take: wire.Take,
			Down: func() { require.NoError(t, netlink.LinkSetDown(link)) },
			Up:   func() { require.NoError(t, netlink.LinkSetUp(link)) },
		}
	})
}

// A tap with several queues: each frame comes once, by one of them.
func TestQueuesShareWhatComes(t *testing.T) {
	pmdtest.NeedNamespace(t)
	name := unique("net_tap")
	ports := queues(t, name+",iface="+name, 2)
	link, err := netlink.LinkByName(name)
	require.NoError(t, err)
	kernel := pmdtest.NewWire(t, link)
	var got [2]int
	var b pmd.Burst
	drain := func() {
		for i, p := range ports {
			for p.Rx(&b); b.N > 0; p.Rx(&b) {
				for _, f := range b.Frames[:b.N] {
					if len(f.Bytes()) == 60+64 { // and none of the kernel's own
						got[i]++
					}
				}
			}
		}
	}
	for i := range 256 {
		frame := wiretest.UDP(fmt.Sprintf("10.0.0.1:%d", 1000+i), "10.0.0.2:9").Payload(strings.Repeat("x", 60+64-42)).Bytes()
		pmdtest.Until(t, "the kernel takes a frame", func() bool { drain(); return kernel.Give(frame) })
	}
	pmdtest.Until(t, "all frames", func() bool { drain(); return got[0]+got[1] >= 256 })
	require.Equal(t, 256, got[0]+got[1])
	require.NotZero(t, got[0])
	require.NotZero(t, got[1])
}

func plugTap(t *testing.T) (*Port, netlink.Link) {
	pmdtest.NeedNamespace(t)
	f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		pmdtest.Missing(t, err.Error())
	}
	f.Close()
	name := unique("net_tap")
	p := plug(t, name+",iface="+name)
	link, err := netlink.LinkByName(name)
	require.NoError(t, err)
	require.Equal(t, pmd.Info{Name: "dpdk:" + name, Driver: "dpdk", MAC: wire.MAC(link.Attrs().HardwareAddr), MTU: 1500}, p.Info())
	return p, link
}
