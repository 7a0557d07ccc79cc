package afpacket

import (
	"bytes"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/internal/gso"
	"nitrocard/pmd/pmdtest"
)

func TestMain(m *testing.M) { pmdtest.Isolate(m) }

// plug opens a port on one end of a new cable.
func plug(t testing.TB) (pmd.Port, netlink.Link, netlink.Link) {
	link, peer := pmdtest.Veth(t)
	p, err := Open(link.Attrs().Name)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return p, link, peer
}

func TestDriver(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair {
		p, link, peer := plug(t)
		wire := pmdtest.NewWire(t, peer)
		return &pmdtest.Pair{
			Port: p, Max: pmdtest.MTU + 14,
			Give: wire.Give, Take: wire.Take,
			Down:   func() { require.NoError(t, netlink.LinkSetDown(link)) },
			Up:     func() { require.NoError(t, netlink.LinkSetUp(link)) },
			Remove: func() { require.NoError(t, netlink.LinkDel(link)) },
		}
	})
}

func TestKernel(t *testing.T) {
	pmdtest.Kernel(t, func(t *testing.T) pmdtest.End {
		p, _, peer := plug(t)
		return pmdtest.End{Port: p, Link: peer}
	})
}

func TestMergedFramesPassWhole(t *testing.T) {
	pmdtest.Merged(t, func(t *testing.T) pmdtest.End {
		p, _, peer := plug(t)
		return pmdtest.End{Port: p, Link: peer}
	})
}

func TestMergedFramesInATunnelPassAsBundles(t *testing.T) {
	pmdtest.Bundles(t, func(t *testing.T) pmdtest.End {
		p, _, peer := plug(t)
		return pmdtest.End{Port: p, Link: peer}
	})
}

// A merged frame in a tunnel reaches a port at the other end of the cable as it was sent, if
// that port lends merged frames, and else as its packets.
func TestABundleArrivesAsItsMergedFrame(t *testing.T) {
	from, _, peer := plug(t)
	if !bundles() {
		t.Skip("this kernel takes no datagrams to be cut from packet sockets")
	}
	to, err := Open(peer.Attrs().Name)
	require.NoError(t, err)
	t.Cleanup(func() { to.Close() })
	inner := wiretest.TCP("10.0.1.5:40000", "10.0.2.5:80").Payload(strings.Repeat("nitrocard", 4000)).Bytes()
	whole := wiretest.VXLAN("172.16.0.11", "172.16.0.12", 5001, inner).Bytes()
	segment, ok := 0, true
	send := func(packets int) (got [][]byte) {
		frame := bytes.Clone(whole)
		var f pmd.Frame
		f.LendMerged(frame, 0, len(frame), 1400)
		require.Equal(t, 26, f.Packets())
		require.Equal(t, 1, from.Tx([]*pmd.Frame{&f}))
		pmdtest.Until(t, "it arrived", func() bool {
			var b pmd.Burst
			to.Rx(&b)
			for i := range b.N {
				segment, ok = b.Frames[i].Segment(), ok && b.Frames[i].Merged() == (b.Merged>>i&1 == 1)
				if b.Frames[i].Bytes()[12] == 8 { // the kernel may greet by IPv6
					got = append(got, bytes.Clone(b.Frames[i].Bytes()))
				}
			}
			return len(got) == packets
		})
		require.True(t, ok)
		return got
	}
	for i, packet := range send(26) {
		inner := packet[pmd.OuterHead+wire.VXLANLen:]
		require.Equal(t, "nitrocard"[i*1400%9:], string(inner[54:])[:9-i*1400%9], "packet %d", i)
	}
	to.(pmd.Merging).LendMerged(true)
	got := send(1)
	require.Equal(t, 1400, segment)
	require.Len(t, got[0], len(whole))
	require.Equal(t, whole[wire.OuterLen+54:], got[0][wire.OuterLen+54:])
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	pmdtest.NeedNamespace(t)
	_, err := Open("nope")
	require.EqualError(t, err, "afpacket:nope: there is no such network interface here; `ip link` lists those that are")
}

func TestOpenWithoutRightsSaysWhichIsMissing(t *testing.T) {
	link, _ := pmdtest.Veth(t)
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with its rights
		var none [2]unix.CapUserData
		if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
			done <- err
			return
		}
		_, err := Open(link.Attrs().Name)
		done <- err
	}()
	require.ErrorContains(t, <-done, "CAP_NET_RAW")
}

func TestInfoIsTheInterfaces(t *testing.T) {
	p, link, _ := plug(t)
	name := link.Attrs().Name
	require.Equal(t, pmd.Info{Name: "afpacket:" + name, Driver: "afpacket",
		MAC: wire.MAC(link.Attrs().HardwareAddr), MTU: pmdtest.MTU, Merged: true, Bundle: bundles()}, p.Info())
}

// experimental is a frame of n bytes that no kernel wants.
func experimental(n int) []byte {
	return append([]byte("\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x88\xb5"), make([]byte, n-14)...)
}

// give sends a frame count times, and receive polls until all are counted.
func give(t *testing.T, w *pmdtest.Wire, frame []byte, count int) {
	for range count {
		pmdtest.Until(t, "room", func() bool { return w.Give(frame) })
	}
}

func receive(t *testing.T, p pmd.Port, count int) pmd.Stats {
	var b pmd.Burst
	pmdtest.Until(t, "everything counted", func() bool {
		p.Rx(&b)
		s := p.Stats()
		return s.RxPackets+s.RxMissed == uint64(count)
	})
	p.Rx(&b) // gives back the last slots
	return p.Stats()
}

// A frame does not wait for others: each is received before the next is sent.
func TestAFrameDoesNotWaitForOthers(t *testing.T) {
	p, _, peer := plug(t)
	wire := pmdtest.NewWire(t, peer)
	for i := range 100 {
		give(t, wire, experimental(114), 1)
		require.EqualValues(t, i+1, receive(t, p, i+1).RxPackets)
	}
}

// What this host sends by the interface is not what arrives there.
func TestWhatTheHostSendsIsNotReceived(t *testing.T) {
	p, link, peer := plug(t)
	give(t, pmdtest.NewWire(t, link), experimental(214), 3)
	give(t, pmdtest.NewWire(t, peer), experimental(114), 1)
	var b pmd.Burst
	pmdtest.Until(t, "a frame arrives", func() bool {
		p.Rx(&b)
		return b.N > 0
	})
	require.Len(t, b.Frames[0].Bytes(), 114)
}

// What comes while nobody polls for 200 ms, at 100,000 frames a second, waits.
func TestTheRingKeepsWhatComesInAStall(t *testing.T) {
	p, _, peer := plug(t)
	wire := pmdtest.NewWire(t, peer)
	const stall, part = 20000, 500 // a kernel that puts its work off has room for parts
	for given := part; given <= stall; given += part {
		give(t, wire, experimental(1514), part)
		last := status(p.(*Port).rx.slot(given - 1))
		pmdtest.Until(t, "the ring keeps them", func() bool { return atomic.LoadUint32(last) != unix.TP_STATUS_KERNEL })
	}
	require.Equal(t, [2]uint64{stall, 0}, [2]uint64{receive(t, p, stall).RxPackets, p.Stats().RxMissed})
}

// small opens a port with the least ring, and tells how many frames that keeps.
func small(t *testing.T) (p *Port, wire *pmdtest.Wire, room int) {
	link, peer := pmdtest.Veth(t)
	opened, err := OpenRing(link.Attrs().Name, 1)
	require.NoError(t, err)
	t.Cleanup(func() { opened.Close() })
	p = opened.(*Port)
	return p, pmdtest.NewWire(t, peer), p.rx.slots
}

// What the ring has no room for is counted, and the rest is received: each
// round fills all its slots.
func TestAFullRingCountsWhatItMissed(t *testing.T) {
	p, wire, room := small(t)
	const rounds = 3
	for i := range rounds {
		give(t, wire, experimental(1014), 2*room)
		s := receive(t, p, (i+1)*2*room)
		require.EqualValues(t, (i+1)*room, s.RxMissed)
	}
}

// Who sends only frames that no port carries does not keep the worker from its other ports:
// one Rx looks at no more than pmd.MaxLooks of them.
func TestLostFramesHoldNoWorker(t *testing.T) {
	p, link, peer := plug(t)
	require.NoError(t, netlink.LinkSetMTU(link, 9600))
	require.NoError(t, netlink.LinkSetMTU(peer, 9600))
	wire := pmdtest.NewWire(t, peer)
	const lost = 2*pmd.MaxLooks + 1
	for i := range lost + 1 {
		give(t, wire, experimental([]int{9500, 114}[i/lost]), 1)
		last := status(p.(*Port).rx.slot(i))
		pmdtest.Until(t, "it waits in the ring", func() bool { return atomic.LoadUint32(last) != unix.TP_STATUS_KERNEL })
	}
	var b pmd.Burst
	for _, want := range []struct{ lent, lost int }{{0, pmd.MaxLooks}, {0, 2 * pmd.MaxLooks}, {1, lost}} {
		p.Rx(&b)
		require.Equal(t, want.lent, b.N)
		require.EqualValues(t, want.lost, p.Stats().RxTooLong)
	}
}

// So is a frame longer than a slot that the kernel has no memory to keep.
func TestALongFrameWithoutMemoryIsMissed(t *testing.T) {
	p, wire, room := small(t)
	require.NoError(t, unix.SetsockoptInt(p.rxFd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1))
	give(t, wire, experimental(9000), room)
	s := receive(t, p, room)
	require.Positive(t, s.RxPackets)
	require.Positive(t, s.RxMissed)
}

// Frames keep their order, whether they fit into a slot or not.
func TestLongFramesKeepTheirPlace(t *testing.T) {
	p, _, peer := plug(t)
	wire := pmdtest.NewWire(t, peer)
	const frames = 300
	length := func(i int) int { return []int{64, 8000, 1514, 4000, 2000}[i%5] + i }
	for i := range frames {
		give(t, wire, experimental(length(i)), 1)
	}
	var b pmd.Burst
	got := 0
	pmdtest.Until(t, "all received", func() bool {
		p.Rx(&b)
		for i := range b.N {
			require.Equal(t, length(got), b.Frames[i].Len())
			got++
		}
		return got == frames
	})
}

func TestANewInterfaceOfTheOldNameIsAnother(t *testing.T) {
	p, link, _ := plug(t)
	require.NoError(t, netlink.LinkDel(link))
	another := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: link.Attrs().Name}, PeerName: "other"}
	require.NoError(t, netlink.LinkAdd(another))
	defer netlink.LinkDel(another)
	require.ErrorIs(t, p.Link(), pmd.ErrGone)
}

func TestARenamedInterfaceIsTheSame(t *testing.T) {
	p, link, _ := plug(t)
	require.NoError(t, netlink.LinkSetName(link, "renamed"))
	pmdtest.Until(t, "up", func() bool { return p.Link() == nil }) // the kernel tells of a carrier a moment late
}

func TestAPulledCableIsDown(t *testing.T) {
	p, _, peer := plug(t)
	require.NoError(t, netlink.LinkSetDown(peer))
	pmdtest.Until(t, "down", func() bool { return p.Link() == pmd.ErrDown })
	require.NoError(t, netlink.LinkSetUp(peer))
	pmdtest.Until(t, "up", func() bool { return p.Link() == nil })
}

// MAC and MTU that others give the interface are the port's, and it sends what
// they let pass: the slots it was opened with are too small for the last.
func TestTheInterfaceChanges(t *testing.T) {
	link, peer := pmdtest.Veth(t)
	require.NoError(t, netlink.LinkSetMTU(link, 1500))
	p, err := Open(link.Attrs().Name)
	require.NoError(t, err)
	defer p.Close()
	there := pmdtest.NewWire(t, peer)
	mac := wire.MAC{2, 0, 0, 0xca, 0xfe, 1}
	require.NoError(t, netlink.LinkSetHardwareAddr(link, mac[:]))
	for _, mtu := range []int{1500, 1000, 1500, pmdtest.MTU} {
		require.NoError(t, netlink.LinkSetMTU(link, mtu))
		pmdtest.Until(t, "up", func() bool { return p.Link() == nil })
		require.Equal(t, pmd.Info{Name: p.Info().Name, Driver: "afpacket", MAC: mac, MTU: mtu, Merged: true, Bundle: bundles()}, p.Info())
		there.Take(func([]byte) {})
		before := p.Stats()
		for n, passes := range map[int]bool{mtu + 14: true, mtu + 15: false} {
			f := make([]byte, n)
			copy(f, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x88\xb5")
			var frame pmd.Frame
			frame.Lend(f, 0, n)
			require.Equal(t, 1, p.Tx([]*pmd.Frame{&frame}))
			if passes {
				pmdtest.Until(t, "it arrives", func() (arrived bool) {
					there.Take(func(got []byte) { arrived = arrived || len(got) == n })
					return arrived
				})
			}
		}
		after := p.Stats()
		require.Equal(t, [2]uint64{1, 1}, [2]uint64{after.TxPackets - before.TxPackets, after.TxDropped - before.TxDropped}, "MTU %d", mtu)
	}
}

// An idle worker that sleeps on a link that is down must not spin.
func TestADownLinkDoesNotWakeTheWorker(t *testing.T) {
	p, link, _ := plug(t)
	require.NoError(t, netlink.LinkSetDown(link))
	fds := []unix.PollFd{{Fd: int32(p.(pmd.Waiter).Fd()), Events: unix.POLLIN}}
	var b pmd.Burst
	pmdtest.Until(t, "asleep", func() bool {
		p.Rx(&b)
		n, err := unix.Poll(fds, 0)
		return n == 0 && err == nil
	})
}

// Where only the first of a merged frame's bundles finds room, Tx tells which packets had none
// and counts these alone: the card and its port say the same of each packet.
func TestASecondBundleWithoutRoomIsNotTaken(t *testing.T) {
	opened, _, _ := plug(t)
	p := opened.(*Port)
	far := narrow(t, p)
	inner := wiretest.TCP("10.0.1.5:40000", "10.0.2.5:80").Payload(strings.Repeat("x", 64*1000)).Bytes()
	frame := wiretest.VXLAN("172.16.0.11", "172.16.0.12", 5001, inner).Bytes()
	var first, merged pmd.Frame
	first.Lend(inner, 0, 114)
	merged.LendMerged(frame, 0, len(frame), 1000)
	require.Equal(t, 64, merged.Packets())
	require.Equal(t, 1, p.Tx([]*pmd.Frame{&first, &merged}))
	n, buf := 1, make([]byte, 1<<17)
	for n == 1 {
		var err error
		n, err = unix.Read(far, buf)
		require.NoError(t, err)
	}
	arrived := (n - gso.HeaderLen - pmd.OuterHead + 1061) / 1062 // VXLAN, Ethernet, IPv4, TCP, payload
	require.Equal(t, 64-arrived, merged.Packets())
	s := p.Stats()
	require.Equal(t, []int{1 + arrived, 64 - arrived, 0}, []int{int(s.TxPackets), int(s.TxFull), int(s.TxDropped)})
}

// narrow has a port send its merged frames by a socket with room for one of them, behind others
// of one byte, and returns the socket's far end.
func narrow(t *testing.T, p *Port) (far int) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Close(p.bulk))
	p.bulk, far = ends[0], ends[1]
	t.Cleanup(func() { unix.Close(far) })
	for err == nil {
		_, err = unix.Write(p.bulk, []byte{0})
	}
	require.ErrorIs(t, err, unix.EAGAIN)
	_, err = unix.Read(far, make([]byte, 1))
	require.NoError(t, err)
	return far
}
