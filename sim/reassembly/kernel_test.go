//go:build linux

package reassembly

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/nic/nictest"
	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/sim/netlab"
)

// marks is the port to which datagrams go that tell that all before them have arrived.
const marks = 5002

// kernel is a guest's, with sockets at its ports.
type kernel struct {
	testing.TB
	link    *netlab.Raw
	sockets map[uint16]*net.UDPConn
	marked  int
}

// arrival is a datagram that a socket got.
type arrival struct {
	port uint16
	text string
}

func newKernel(t testing.TB) *kernel {
	peer, host := newHost(t, "peer"), newHost(t, "guest")
	mac := nictest.MACA1
	from, to := netlab.End{Host: peer, Name: "eth0"}, netlab.End{Host: host, Name: "eth0", MAC: mac[:]}
	require.NoError(t, netlab.Cable(from, to, 1500))
	require.NoError(t, netlab.OwnQueue(from, to)) // no frame is lost to other tests' floods
	require.NoError(t, host.Address("eth0", netip.MustParsePrefix(guest+"/24")))
	require.NoError(t, host.OnLink(netip.MustParsePrefix("0.0.0.0/0"), "eth0"))
	require.NoError(t, host.Sysctl("net/ipv4/ipfrag_max_dist", "0")) // any number of other fragments may come between
	if host.HasIPv6() {
		require.NoError(t, host.SpeakIPv6("eth0"))
		require.NoError(t, host.Address("eth0", netip.MustParsePrefix(guest6+"/64")))
		require.NoError(t, host.OnLink(netip.MustParsePrefix("::/0"), "eth0"))
	}
	k := &kernel{TB: t, sockets: map[uint16]*net.UDPConn{}}
	var err error
	k.link, err = peer.Raw("eth0")
	require.NoError(t, err)
	t.Cleanup(func() { k.link.Close() })
	for _, port := range []uint16{allowed, denied, marks} {
		require.NoError(t, host.Do(func() (err error) {
			k.sockets[port], err = net.ListenUDP("udp", &net.UDPAddr{Port: int(port)})
			return err
		}))
		t.Cleanup(func() { k.sockets[port].Close() })
	}
	ready := func() bool {
		return k.mark(nictest.Client, guest, 50*time.Millisecond) && (!host.HasIPv6() || k.mark(nictest.Client6, guest6, 50*time.Millisecond))
	}
	require.Eventually(t, ready, ample.Time, time.Millisecond, "the guest's kernel takes packets of each family")
	return k
}

func newHost(t testing.TB, name string) *netlab.Host {
	h, err := netlab.NewHost(name)
	require.NoError(t, err)
	t.Cleanup(h.Close)
	return h
}

// get is what the guest's sockets get of frames.
func (k *kernel) get(frames [][]byte) (all []arrival) {
	for _, f := range frames {
		copy(f, nictest.MACA1[:])
		require.NoError(k, k.link.Send(f))
	}
	require.True(k, k.mark(nictest.Client, guest, ample.Time), "the mark came")
	for _, port := range []uint16{allowed, denied} {
		for {
			text, ok := k.next(port)
			if !ok {
				break
			}
			all = append(all, arrival{port, text})
		}
	}
	return all
}

// next is the next datagram that a socket has; ok is false if there is none.
func (k *kernel) next(port uint16) (text string, ok bool) {
	raw, err := k.sockets[port].SyscallConn()
	require.NoError(k, err)
	buf := make([]byte, 1<<16)
	require.NoError(k, raw.Read(func(fd uintptr) bool {
		n, _, err := unix.Recvfrom(int(fd), buf, syscall.MSG_DONTWAIT)
		text, ok = string(buf[:max(n, 0)]), err == nil
		return true
	}))
	return text, ok
}

// mark sends a datagram to an address of the guest, behind all others, and tells whether it came in time.
func (k *kernel) mark(from, to string, patience time.Duration) bool {
	k.marked++
	want := fmt.Sprintf("mark %d", k.marked)
	p := wiretest.UDP(end(from, 9), end(to, marks)).Payload(want).MACs(nictest.EdgeRouter, nictest.MACA1)
	require.NoError(k, k.link.Send(p.Bytes()))
	require.NoError(k, k.sockets[marks].SetReadDeadline(time.Now().Add(patience)))
	buf := make([]byte, 100)
	for {
		n, err := k.sockets[marks].Read(buf)
		if err != nil || string(buf[:n]) == want {
			return err == nil
		}
	}
}
