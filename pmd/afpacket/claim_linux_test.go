package afpacket

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/pmd/pmdtest"
)

// nobody is a user without rights.
const nobody = 65534

// taken takes an interface's name as another process of a user would, until the
// test ends.
func taken(t *testing.T, index int, uid int) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with its user
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
			done <- errno
			return
		}
		c, err := claimed(index)
		if err == nil {
			delete(claims.held, c.name)
			t.Cleanup(func() { unix.Close(c.fd) })
		}
		done <- err
	}()
	err := <-done
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) {
		pmdtest.Missing(t, fmt.Sprintf("becoming user %d: %v", uid, err))
	}
	require.NoError(t, err)
}

// Of two cards on one interface the second says who has it, and works once the
// first has gone.
func TestAnInterfaceIsOneCards(t *testing.T) {
	link, _ := pmdtest.Veth(t)
	c, err := claimed(link.Attrs().Index)
	require.NoError(t, err)
	delete(claims.held, c.name) // as if another process held it
	_, err = Open(link.Attrs().Name)
	require.EqualError(t, err, fmt.Sprintf("afpacket:%s: another card has this interface, process %d of user %s; give each card interfaces of its own",
		link.Attrs().Name, os.Getpid(), userName(uint32(os.Geteuid()))))
	require.NoError(t, unix.Close(c.fd))
	p, err := Open(link.Attrs().Name)
	require.NoError(t, err)
	again, err := Open(link.Attrs().Name)
	require.NoError(t, err, "a port that is opened anew while its last one still closes")
	require.NoError(t, p.Close())
	require.NotEmpty(t, claims.held)
	require.NoError(t, again.Close())
	require.Empty(t, claims.held)
}

// A name at which nobody listens is no card's, whoever has packet sockets.
func TestANameAloneTakesNoInterface(t *testing.T) {
	link, _ := pmdtest.Veth(t)
	c, err := claimed(link.Attrs().Index)
	require.NoError(t, err)
	address, err := unix.Getsockname(c.fd)
	require.NoError(t, err)
	c.release()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Bind(fd, address))
	watcher, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.ETH_P_ALL<<8)
	require.NoError(t, err)
	defer unix.Close(watcher)
	require.NoError(t, unix.Bind(watcher, &unix.SockaddrLinklayer{Protocol: unix.ETH_P_ALL << 8, Ifindex: link.Attrs().Index}))
	p, err := Open(link.Attrs().Name)
	require.NoError(t, err)
	require.NoError(t, p.Close())
}

// Who has no right to packet sockets keeps no card away by taking its
// interface's name.
func TestAStrangerTakesNoInterface(t *testing.T) {
	link, _ := pmdtest.Veth(t)
	if os.Getuid() != 0 {
		t.Skip("only root becomes another user")
	}
	taken(t, link.Attrs().Index, nobody)
	p, err := Open(link.Attrs().Name)
	require.NoError(t, err)
	require.NoError(t, p.Close())
}
