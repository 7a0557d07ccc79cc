//go:build dpdk && cgo && linux

package dpdk

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/pmdtest"
)

// guest opens a port for a guest, and the guest's own end: a virtio device
// in this process.
func guest(t testing.TB) (port, virtio *Port) {
	socket := filepath.Join(t.TempDir(), "guest.sock")
	port = plug(t, unique("net_vhost")+",iface="+socket)
	require.ErrorIs(t, port.Link(), pmd.ErrDown, "before the guest is there")
	virtio = plug(t, unique("net_virtio_user")+",path="+socket+",queue_size=256")
	pmdtest.Until(t, "up", func() bool { return port.Link() == nil })
	return port, virtio
}

func TestDriverOverVhost(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair {
		port, virtio := guest(t)
		return peer(port, virtio)
	})
}

// Frames pass through a guest that is a card itself, in the memory that they
// arrived in, and more of them than its rings hold.
func TestAGuestForwards(t *testing.T) {
	port, virtio := guest(t)
	in, far := cable(t)
	var b pmd.Burst
	for i := range 2000 {
		send(t, far, pattern(60+i%1400))
		in.Rx(&b)
		require.Equal(t, 1, virtio.Tx([]*pmd.Frame{&b.Frames[0]}))
		require.Equal(t, pattern(60+i%1400), receive(t, port))
	}
	require.EqualValues(t, 2000, virtio.Stats().TxPackets)
}

// A guest that is killed and comes back finds its port as it was.
func TestAGuestLeavesAndComesBack(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "guest.sock")
	port := plug(t, unique("net_vhost")+",iface="+socket)
	for range 3 {
		virtio, err := Open(unique("net_virtio_user") + ",path=" + socket)
		require.NoError(t, err)
		pmdtest.Until(t, "up", func() bool { return port.Link() == nil })
		send(t, virtio, pattern(100))
		require.Equal(t, pattern(100), receive(t, port))
		require.NoError(t, virtio.Close())
		pmdtest.Until(t, "down", func() bool { return port.Link() == pmd.ErrDown })
		require.Zero(t, port.Tx([]*pmd.Frame{new(pmd.Frame)}), "to nobody")
	}
}

// A card that was killed leaves its socket. The next one takes its place, and
// not that of a card that runs.
func TestASocketThatNobodyServesIsTakenOver(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "guest.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	_, err = Open(unique("net_vhost") + ",iface=" + socket)
	require.ErrorContains(t, err, "iface="+socket+": another process serves this socket")
	require.NoError(t, l.Close())
	plug(t, unique("net_vhost")+",iface="+socket)
}

// Without its socket no guest finds a port: it opens anew.
func TestAPortWithoutItsSocketIsGone(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "guest.sock")
	name := unique("net_vhost") + ",iface=" + socket
	p, err := Open(name)
	require.NoError(t, err)
	require.ErrorIs(t, p.Link(), pmd.ErrDown)
	require.NoError(t, os.Remove(socket))
	require.ErrorIs(t, p.Link(), pmd.ErrGone)
	require.NoError(t, p.Close())
	require.ErrorIs(t, plug(t, name).Link(), pmd.ErrDown)
}

// A guest's end connects once: when its host went, it opens anew.
func TestAGuestWhoseHostWentOpensAnew(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "guest.sock")
	host, guest := unique("net_vhost")+",iface="+socket, unique("net_virtio_user")+",path="+socket
	for range 2 {
		port, err := Open(host)
		require.NoError(t, err)
		virtio, err := Open(guest)
		require.NoError(t, err)
		pmdtest.Until(t, "up", func() bool { return port.Link() == nil && virtio.Link() == nil })
		send(t, port, pattern(100))
		require.Equal(t, pattern(100), receive(t, virtio))
		require.NoError(t, port.Close())
		pmdtest.Until(t, "gone", func() bool { return virtio.Link() == pmd.ErrGone })
		require.NoError(t, virtio.Close())
	}
}
