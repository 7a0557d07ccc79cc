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
		return &pmdtest.Pair{
			Port: p, Max: pmdtest.MTU + 14, OnlyDot1Q: true,
			Give: wire.Give, Take: wire.Take,
			Remove: func() { require.NoError(t, netlink.LinkDel(link)) },
		}
	})
}

func TestDriverOverTap(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair {
		p, link := plugTap(t)
		wire := pmdtest.NewWire(t, link)
		return &pmdtest.Pair{
			Port: p, Max: 1514,
			Give: wire.Give, Take: wire.Take,
			Down:   func() { require.NoError(t, netlink.LinkSetDown(link)) },
			Up:     func() { require.NoError(t, netlink.LinkSetUp(link)) },
			Remove: func() { require.NoError(t, netlink.LinkDel(link)) },
		}
	})
}

// An interface that is deleted takes its device along, which opens anew then.
func TestADeletedTapOpensAnew(t *testing.T) {
	pmdtest.NeedNamespace(t)
	name := unique("net_tap")
	for range 3 {
		for _, p := range queues(t, name+",iface="+name, 2) {
			if link, err := netlink.LinkByName(name); err == nil {
				require.NoError(t, p.Link())
				require.NoError(t, netlink.LinkDel(link))
			}
			require.ErrorIs(t, p.Link(), pmd.ErrGone)
			var b pmd.Burst
			p.Rx(&b)
			p.Tx([]*pmd.Frame{new(pmd.Frame)})
			require.NoError(t, p.Close())
		}
	}
}

// MAC and MTU that others give the interface are the port's.
func TestTheInterfaceChanges(t *testing.T) {
	tap, tapLink := plugTap(t)
	link, far := pmdtest.Veth(t)
	require.NoError(t, netlink.LinkSetMTU(link, 1500))
	both := queues(t, unique("net_af_packet")+",qpairs=2,framesz=9216,blocksz=36864,framecnt=64,iface="+link.Attrs().Name, 2)
	packet := both[0]
	change := func(p *Port, link netlink.Link, mtu, carried int) {
		t.Helper()
		mac := wire.MAC{2, 0, 0, byte(mtu >> 8), byte(mtu), 1}
		require.NoError(t, netlink.LinkSetHardwareAddr(link, mac[:]))
		require.NoError(t, netlink.LinkSetMTU(link, mtu))
		p.Link()
		require.Equal(t, [2]any{mac, carried}, [2]any{p.Info().MAC, p.Info().MTU})
	}
	change(tap, tapLink, 1400, 1400)
	change(tap, tapLink, 9000, int(tap.dev.c.mtu)) // more, DPDK's driver does not send
	change(packet, link, 1400, 1400)
	change(packet, link, 9000, 9000)
	require.Equal(t, packet.Info(), both[1].Info())
	kernel := pmdtest.NewWire(t, far)
	for _, queue := range both {
		send(t, queue, pattern(9014))
		pmdtest.Until(t, "a frame longer than any before", func() (heard bool) {
			kernel.Take(func(f []byte) { heard = heard || len(f) == 9014 })
			return heard
		})
	}
}

// With places as long as the lab asks net_af_packet for, each frame of a kernel's comes whole, up
// to the longest of a guest's MTU.
func TestLongFramesOfAKernelComeWhole(t *testing.T) {
	link, far := pmdtest.Veth(t)
	p := plug(t, unique("net_af_packet")+",framesz=9216,blocksz=36864,framecnt=512,iface="+link.Attrs().Name)
	kernel := pmdtest.NewWire(t, far)
	for _, n := range []int{1514, 2040, 2100, 3000, 9015} {
		require.True(t, kernel.Give(pattern(n)))
		pmdtest.Until(t, fmt.Sprintf("a frame of %d bytes", n), func() (came bool) {
			var b pmd.Burst
			p.Rx(&b)
			for _, f := range b.Frames[:b.N] {
				came = came || f.Len() == n
			}
			return came
		})
	}
	require.Zero(t, p.Stats().RxTooLong)
}

// The kernel puts the fragments of a datagram together before net_af_packet has them, since the
// driver joins its queues with PACKET_FANOUT_FLAG_DEFRAG (packet(7)). A whole datagram that is
// longer than a frame is lost, and counted.
func TestTheKernelPutsFragmentsTogether(t *testing.T) {
	link, far := pmdtest.Veth(t)
	p := plug(t, unique("net_af_packet")+",framesz=9216,blocksz=36864,framecnt=512,iface="+link.Attrs().Name)
	kernel := pmdtest.NewWire(t, far)
	datagram := wiretest.UDP("10.0.0.1:1000", "10.0.0.2:9")
	for _, f := range datagram.Size(8000).Fragments(1480) {
		require.True(t, kernel.Give(f))
	}
	var b pmd.Burst
	pmdtest.Until(t, "the datagram in one frame", func() bool { p.Rx(&b); return b.N == 1 && b.Frames[0].Len() == len(datagram.Size(8000).Bytes()) })
	for _, f := range datagram.Size(9500).Fragments(1480) {
		require.True(t, kernel.Give(f))
	}
	pmdtest.Until(t, "the long datagram is lost", func() bool { p.Rx(&b); return p.Stats().RxTooLong == 1 })
	require.EqualValues(t, 1, p.Stats().RxPackets)
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
