package ctl

import (
	"errors"
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel which process is at the other end of a connection.
func peerOf(conn net.Conn) (p peer, err error) {
	asked, is := conn.(syscall.Conn)
	if !is {
		return peer{}, errors.ErrUnsupported
	}
	raw, err := asked.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	failed := raw.Control(func(fd uintptr) {
		var is *unix.Ucred
		if is, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			p = peer{known: true, process: is.Pid, user: is.Uid, groups: append(groupsOf(fd), is.Gid)}
		}
	})
	return p, errors.Join(failed, err)
}

// groupsOf are a peer's supplementary groups.
func groupsOf(fd uintptr) []uint32 {
	for room := uint32(32); ; { // grows to the size that the kernel asks for
		groups, size := make([]uint32, room), room*4
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == 0:
			return groups[:size/4]
		case errno != unix.ERANGE || size/4 <= room:
			return nil
		}
		room = size / 4
	}
}
