package afpacket

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Two cards on one interface would both receive, and so both forward, each frame.
// So a card claims its interface: it listens at an abstract Unix socket named
// after the interface's index. The kernel keeps such names apart by network
// namespace, and frees them with the process. Anybody may take such a name first;
// so a name counts if its holder may have packet sockets: root, this user, or a user
// who has one on the interface (/proc/net/packet).

// claims are this process's, by name: it may open an interface anew before its
// last port there is closed.
var claims = struct {
	sync.Mutex
	held map[string]*claim
}{held: map[string]*claim{}}

// claim is an interface's, held by ports of this process.
type claim struct {
	name  string
	fd    int // -1: a stranger without rights has the name
	ports int
}

// claimed claims an interface for a port. The error says who has it.
func claimed(index int) (*claim, error) {
	claims.Lock()
	defer claims.Unlock()
	name := fmt.Sprintf("@nitrocard/interface/%d", index)
	if ns, err := os.Readlink("/proc/thread-self/ns/net"); err == nil { // one process may have ports in several
		name += "/" + strings.Trim(ns, "net:[]")
	}
	c := claims.held[name]
	if c == nil {
		fd, err := listen(name, index)
		if err != nil {
			return nil, err
		}
		c = &claim{name: name, fd: fd}
		claims.held[name] = c
	}
	c.ports++
	return c, nil
}

// release gives up a port's claim.
func (c *claim) release() {
	claims.Lock()
	defer claims.Unlock()
	if c.ports--; c.ports > 0 {
		return
	}
	delete(claims.held, c.name)
	if c.fd >= 0 {
		unix.Close(c.fd)
	}
}

// listen takes a name.
func listen(name string, index int) (fd int, err error) {
	if fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return -1, err
	}
	address := &unix.SockaddrUnix{Name: name}
	if err = unix.Bind(fd, address); err == nil {
		if err = unix.Listen(fd, 1); err == nil {
			return fd, nil
		}
	}
	defer unix.Close(fd)
	if !errors.Is(err, unix.EADDRINUSE) {
		return -1, fmt.Errorf("the name %s: %w", name, err)
	}
	return -1, heldBy(address, index)
}

// heldBy says who has a name, nil if nobody who counts. A name at which nobody listens
// is no card's: a card listens at once. A name whose holder cannot be asked counts if
// there is a packet socket on the interface.
func heldBy(address *unix.SockaddrUnix, index int) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	users := packetUsers(index)
	err = unix.Connect(fd, address)
	for range 10 { // 100 ms for a card between its bind and its listen
		if !errors.Is(err, unix.ECONNREFUSED) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		err = unix.Connect(fd, address)
	}
	if err != nil {
		if len(users) == 0 || errors.Is(err, unix.ECONNREFUSED) {
			return nil
		}
		return errors.New("another card seems to have this interface; give each card interfaces of its own")
	}
	peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return err
	}
	if peer.Uid != 0 && int(peer.Uid) != os.Geteuid() && !users[peer.Uid] {
		return nil
	}
	return fmt.Errorf("another card has this interface, process %d of user %s; give each card interfaces of its own", peer.Pid, userName(peer.Uid))
}

// packetUsers are the users who have packet sockets on an interface.
func packetUsers(index int) map[uint32]bool {
	users := map[uint32]bool{}
	f, err := os.Open("/proc/thread-self/net/packet")
	if err != nil {
		return users
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		const iface, uid = 4, 7 // sk RefCnt Type Proto Iface R Rmem User Inode
		if fields := strings.Fields(lines.Text()); len(fields) > uid && fields[iface] == strconv.Itoa(index) {
			if id, err := strconv.ParseUint(fields[uid], 10, 32); err == nil {
				users[uint32(id)] = true
			}
		}
	}
	return users
}

// userName is a user's name, or the number of one without.
func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
