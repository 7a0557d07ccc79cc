package tap

import (
	"bytes"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"nitrocard/pmd"
)

// Link asks the interface through its other end, so that it is found in
// whichever namespace it is: the kernel calls that end writable while the
// interface is up.
func (p *Port) Link() error {
	var request unix.Ifreq
	if err := unix.IoctlIfreq(p.fd, unix.TUNGETIFF, &request); err != nil {
		return pmd.ErrGone
	}
	p.look(&request)
	fds := []unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLOUT}}
	unix.Poll(fds, 0)
	switch {
	case fds[0].Revents&(unix.POLLERR|unix.POLLNVAL) != 0:
		return pmd.ErrGone
	case fds[0].Revents&unix.POLLOUT == 0:
		return pmd.ErrDown
	}
	return nil
}

// look keeps Info true: MTU and MAC may change under an open port, and in another
// namespace than ours. The MAC is told here, the MTU only by a socket of the
// interface's own namespace. r has the interface's name.
func (p *Port) look(r *unix.Ifreq) {
	info := *p.info.Load()
	if unix.IoctlIfreq(p.fd, unix.SIOCGIFHWADDR, r) == nil {
		copy(info.MAC[:], hardwareAddr(r))
	}
	p.follow()
	here := unix.IoctlIfreq(p.socket, unix.SIOCGIFHWADDR, r) == nil && bytes.Equal(info.MAC[:], hardwareAddr(r))
	if here && unix.IoctlIfreq(p.socket, unix.SIOCGIFMTU, r) == nil {
		info.MTU = int(int32(r.Uint32()))
	}
	if info != *p.info.Load() {
		p.info.Store(&info)
	}
}

// follow has the socket be one of the namespace that the interface is in. Where
// the system does not let this process in there, the MTU stays what it was before
// the move; frames are none the shorter for that (Info.Max).
func (p *Port) follow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	ns, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(p.fd), unix.TUNGETDEVNETNS, 0)
	if errno != 0 {
		return // before Linux 5.2, or of somebody else's user namespace
	}
	defer unix.Close(int(ns))
	var is unix.Stat_t
	if unix.Fstat(int(ns), &is) != nil || is.Ino == p.namespace {
		return
	}
	if fd, err := socketIn(int(ns)); err == nil {
		unix.Close(p.socket)
		p.socket = fd
	}
	p.namespace = is.Ino // not again each time, where it may not
}

// socketIn makes a socket in a network namespace, on a thread that ends with it:
// no other code runs there.
func socketIn(ns int) (fd int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = unix.Setns(ns, unix.CLONE_NEWNET); err == nil {
			fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		}
	}()
	<-done
	return fd, err
}

// hardwareAddr is the address in a sockaddr behind the name (netdevice(7)),
// for which Ifreq has no method.
func hardwareAddr(r *unix.Ifreq) []byte {
	const at = unix.IFNAMSIZ + 2 // past the name, and the address's family
	return (*[unsafe.Sizeof(*r)]byte)(unsafe.Pointer(r))[at : at+6]
}
