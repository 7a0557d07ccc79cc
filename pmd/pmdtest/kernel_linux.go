package pmdtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"nitrocard/pmd"
)

// End is a port and the link of the kernel that it talks to.
type End struct {
	Port pmd.Port
	Link netlink.Link
}

// mtu of the stacks: small, so that what they merge has many segments.
const mtu = 1500

// Kernel tests a driver between two Linux stacks that leave checksums and
// segments to it. open makes one end.
func Kernel(t *testing.T, open func(t *testing.T) End) {
	for _, c := range []struct {
		name  string
		over  func(s *Stack, n int) netlink.Link // device n of 1 and 2 that carries the addresses
		extra int                                // bytes that it adds to a frame of the MTU
	}{
		{"plain", func(s *Stack, _ int) netlink.Link { return s.Link }, 0},
		{"VLAN", vlan, 4},
		{"VXLAN", vxlan(false), 0},
		{"VXLAN with outer checksum", vxlan(true), 0},
		{"VXLAN in VXLAN", vxlanInVXLAN, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := open(t), open(t)
			one, two := NewStack(t, a.Link, mtu), NewStack(t, b.Link, mtu)
			one.Address(c.over(one, 1), "10.0.0.1/24")
			two.Address(c.over(two, 2), "10.0.0.2/24")
			r := start(t, a.Port, b.Port)
			streams(t, one, two)
			datagrams(t, one, two)
			r.finished(t, 14+mtu+c.extra)
			require.NotZero(t, a.Port.Stats().Mended)
			require.NotZero(t, b.Port.Stats().Mended)
		})
	}
}

// Merged tests a driver between two such stacks whose merged frames pass whole.
func Merged(t *testing.T, open func(t *testing.T) End) {
	whole(t, open, false, func(s *Stack, _ int) netlink.Link { return s.Link })
}

// Bundles tests a driver between two such stacks whose merged frames, in a tunnel, pass as
// bundles.
func Bundles(t *testing.T, open func(t *testing.T) End) { whole(t, open, true, vxlan(false)) }

func whole(t *testing.T, open func(t *testing.T) End, tunneled bool, over func(s *Stack, n int) netlink.Link) {
	a, b := open(t), open(t)
	one, two := NewStack(t, a.Link, mtu), NewStack(t, b.Link, mtu)
	one.Address(over(one, 1), "10.0.0.1/24")
	two.Address(over(two, 2), "10.0.0.2/24")
	for _, p := range []pmd.Port{a.Port, b.Port} {
		require.True(t, p.Info().Merged)
		if tunneled && !p.Info().Bundle {
			t.Skip("this kernel takes no datagrams to be cut from packet sockets") // not to be installed: no failure under CI
		}
		p.(pmd.Merging).LendMerged(tunneled)
	}
	r := start(t, a.Port, b.Port)
	streams(t, one, two)
	datagrams(t, one, two)
	r.end()
	require.NoError(t, r.unsound)
	require.Greater(t, r.longest, 10*mtu, "no merged frame was lent")
	for _, p := range []pmd.Port{a.Port, b.Port} {
		s := p.Stats()
		require.Greater(t, s.RxPackets, uint64(32<<20/mtu), "counts are of packets, not of frames")
		require.Greater(t, s.TxPackets, uint64(32<<20/mtu))
		require.Zero(t, s.TxDropped)
	}
}

func vlan(s *Stack, _ int) netlink.Link {
	dev := &netlink.Vlan{LinkAttrs: netlink.LinkAttrs{Name: "tagged", ParentIndex: s.Link.Attrs().Index, MTU: mtu}, VlanId: 7}
	err := s.conf.LinkAdd(dev)
	if errors.Is(err, unix.EOPNOTSUPP) {
		s.t.(*testing.T).Skip("this kernel was built without VLAN devices") // not to be installed: no failure under CI
	}
	require.NoError(s.t, err)
	require.NoError(s.t, s.conf.LinkSetUp(dev))
	return dev
}

func vxlan(sum bool) func(s *Stack, n int) netlink.Link {
	return func(s *Stack, n int) netlink.Link {
		return s.tunnel(s.Link, n, netlink.Vxlan{LinkAttrs: netlink.LinkAttrs{Name: "tunnel"}, VxlanId: 5001, UDPCSum: sum})
	}
}

// vxlanInVXLAN has the outer tunnel with a checksum and the inner one without.
func vxlanInVXLAN(s *Stack, n int) netlink.Link {
	return s.tunnel(vxlan(true)(s, n), n, netlink.Vxlan{LinkAttrs: netlink.LinkAttrs{Name: "inner"}, VxlanId: 7})
}

// tunnel puts a tunnel over a device, which gets an address of its own for it.
func (s *Stack) tunnel(over netlink.Link, n int, dev netlink.Vxlan) netlink.Link {
	net24 := fmt.Sprintf("172.16.%d.", dev.VxlanId%256)
	s.Address(over, fmt.Sprintf("%s%d/24", net24, n))
	dev.MTU, dev.Port = min(over.Attrs().MTU, mtu)-50, 4789
	dev.SrcAddr, dev.Group = net.ParseIP(fmt.Sprint(net24, n)), net.ParseIP(fmt.Sprint(net24, 3-n))
	s.Add(&dev)
	return &dev
}

// streams sends 32 MiB each way over one TCP connection.
func streams(t *testing.T, one, two *Stack) {
	t.Helper()
	l := two.Listen("10.0.0.2:80")
	client := one.Dial("tcp4", "10.0.0.2:80")
	server, err := l.Accept()
	require.NoError(t, err)
	defer server.Close()
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		sent, got, sending := sha256.New(), sha256.New(), make(chan error, 1)
		go func() {
			random := io.LimitReader(rand.NewChaCha8([32]byte{1}), 32<<20)
			_, err := io.Copy(way[0], io.TeeReader(random, sent))
			sending <- errors.Join(err, way[0].(*net.TCPConn).CloseWrite())
		}()
		way[1].SetReadDeadline(time.Now().Add(patience))
		_, err := io.Copy(got, way[1])
		require.NoError(t, err)
		require.NoError(t, <-sending)
		require.Equal(t, sent.Sum(nil), got.Sum(nil))
	}
}

// datagrams sends UDP datagrams that the kernel merges because it was asked
// to (UDP_SEGMENT, udp(7)); each must arrive as itself.
func datagrams(t *testing.T, one, two *Stack) {
	t.Helper()
	const size, count, last = 1000, 20, 333
	server := two.ListenUDP("10.0.0.2:53")
	client := one.Dial("udp4", "10.0.0.2:53").(*net.UDPConn)
	raw, err := client.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, size)
	}))
	require.NoError(t, err)
	sent := make([]byte, (count-1)*size+last)
	for i := range sent {
		sent[i] = byte(i / size * 3)
	}
	_, err = client.Write(sent)
	require.NoError(t, err)

	server.SetDeadline(time.Now().Add(patience))
	var got []byte
	buf := make([]byte, 2*size)
	for i := range count {
		n, _, err := server.ReadFrom(buf)
		require.NoError(t, err, "datagram %d", i)
		got = append(got, buf[:n]...)
	}
	require.True(t, bytes.Equal(sent, got))
}
