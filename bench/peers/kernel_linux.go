package main

import (
	"os"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// dieWithParent has the kernel end a child with the thread that starts it,
// which is the main one.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// isolate moves this thread, and what it starts, to a network namespace of its
// own, without IPv6: nobody is to send anything that is not measured.
func isolate() error {
	if _, err := netns.New(); err != nil {
		return err
	}
	return os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
}

// send sends a frame so many times by a link.
func send(link netlink.Link, frame []byte, times int) error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for range times {
		if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: link.Attrs().Index}); err != nil {
			return err
		}
	}
	return nil
}
