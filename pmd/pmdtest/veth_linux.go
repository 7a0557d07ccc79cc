package pmdtest

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"nitrocard/pmd"
)

// MTU is that of the links that the suite makes: their longest frame is
// pmd.MaxFrame.
const MTU = pmd.MaxFrame - 14 - 4

// made numbers the links of a test run.
var made atomic.Uint32

// Veth makes a cable between two new interfaces that are up and have no
// address.
func Veth(t testing.TB) (port, peer netlink.Link) {
	t.Helper()
	NeedNamespace(t)
	os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0) // less noise; the suite bears the rest
	n := made.Add(1)
	v := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: fmt.Sprintf("port%d", n), MTU: MTU},
		PeerName:  fmt.Sprintf("peer%d", n), PeerMTU: MTU,
	}
	require.NoError(t, netlink.LinkAdd(v))
	t.Cleanup(func() { netlink.LinkDel(v) })
	return up(t, v.Name), up(t, v.PeerName)
}

func up(t testing.TB, name string) netlink.Link {
	t.Helper()
	link, err := netlink.LinkByName(name)
	require.NoError(t, err)
	require.NoError(t, netlink.LinkSetUp(link))
	return link
}

// Wire is the other end of a cable: a packet socket, used as simply as can be.
type Wire struct {
	fd  int
	buf []byte
}

// NewWire opens the end of a cable at an interface.
func NewWire(t testing.TB, link netlink.Link) *Wire {
	t.Helper()
	all := uint16(unix.ETH_P_ALL)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	w := &Wire{fd, make([]byte, 1<<16)}
	t.Cleanup(w.Close)
	require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1))
	for _, buffer := range []int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
		require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, buffer, 8<<20))
	}
	require.NoError(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all<<8 | all>>8, Ifindex: link.Attrs().Index}))
	return w
}

// Close leaves the cable's end to the kernel alone. It may be closed again.
func (w *Wire) Close() {
	if w.fd >= 0 {
		unix.Close(w.fd)
		w.fd = -1
	}
}

// Give sends a frame.
func (w *Wire) Give(frame []byte) bool {
	_, err := unix.Write(w.fd, frame)
	return err == nil
}

// Take passes what has arrived to fn.
func (w *Wire) Take(fn func(frame []byte)) {
	for {
		n, err := unix.Read(w.fd, w.buf)
		if err != nil {
			return
		}
		fn(w.buf[:n])
	}
}
