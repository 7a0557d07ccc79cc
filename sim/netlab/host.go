//go:build linux

package netlab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Host is a machine of the lab: a network namespace with a loopback and,
// until cables are plugged in, nothing else. Its methods may be called from
// any goroutine.
type Host struct {
	Name string

	mu    sync.RWMutex // of ns: commands may still enter while the host is let go
	ns    netns.NsHandle
	links *netlink.Handle
}

// NewHost makes a host that forwards nothing and speaks IPv4 only, until
// SpeakIPv6, so that every packet in the lab is one somebody meant to send.
func NewHost(name string) (*Host, error) {
	h := &Host{Name: name}
	if err := h.unshare(); err != nil {
		return nil, fmt.Errorf("host %s: %w", name, err)
	}
	for _, err := range []error{
		h.up("lo"),
		h.Sysctl("net/ipv4/ip_forward", "0"), // inherited from the machine, where it may be on
		h.Sysctl("net/ipv6/conf/all/disable_ipv6", "1"),
		h.Sysctl("net/ipv6/conf/default/disable_ipv6", "1"),
	} {
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // no IPv6 in the kernel: so much the better
			h.Close()
			return nil, fmt.Errorf("host %s: %w", name, err)
		}
	}
	return h, nil
}

// unshare makes the namespace on a thread that then returns to its own.
func (h *Host) unshare() error {
	return onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("making a network namespace: %w", err)
		}
		var err error
		if h.ns, err = current(); err != nil {
			return err
		}
		h.links, err = netlink.NewHandleAt(h.ns)
		return err
	})
}

// Close lets the host go. Its links vanish when the last process or socket
// in it does.
func (h *Host) Close() {
	if h.links != nil {
		h.links.Close()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ns.Close()
}

// Do runs f on a thread inside the host. What f makes there (sockets,
// processes) stays there; goroutines that f starts do not.
func (h *Host) Do(f func() error) error {
	return onThread(func() error {
		if err := h.enter(); err != nil {
			return fmt.Errorf("entering host %s: %w", h.Name, err)
		}
		return f()
	})
}

// enter moves the thread into the host.
func (h *Host) enter() error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return netns.Set(h.ns)
}

// onThread runs f on a thread of its own and brings the thread back to the
// namespace it had. A thread that cannot return ends with its goroutine.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := current()
		if err != nil {
			done <- err
			return
		}
		defer home.Close()
		err = f()
		if netns.Set(home) == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// current holds the thread's namespace. netns.Get would look for the thread
// by number, which a /proc of other PID namespaces does not know.
func current() (netns.NsHandle, error) {
	ns, err := netns.GetFromPath("/proc/thread-self/ns/net")
	if err != nil {
		return ns, fmt.Errorf("holding a network namespace: %w", err)
	}
	return ns, nil
}

// Start starts a process inside the host.
func (h *Host) Start(c *exec.Cmd) error { return h.Do(c.Start) }

// Forward makes a router of the host, before its cables are plugged in. The router tells
// nobody of shorter ways (redirects, RFC 792): in the lab none of them is open to a guest.
func (h *Host) Forward() error {
	if h.HasIPv6() {
		if err := h.Sysctl("net/ipv6/conf/all/forwarding", "1"); err != nil {
			return err
		}
	}
	return errors.Join(
		h.Sysctl("net/ipv4/ip_forward", "1"),
		h.Sysctl("net/ipv4/conf/all/send_redirects", "0"),
		h.Sysctl("net/ipv4/conf/default/send_redirects", "0"))
}

// Sysctl sets one of the host's own settings, such as net/ipv4/ip_forward.
func (h *Host) Sysctl(name, value string) error {
	return h.Do(func() error {
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0); err != nil {
			return fmt.Errorf("setting %s=%s: %w", name, value, err)
		}
		return nil
	})
}
