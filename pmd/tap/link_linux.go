package tap

import (
	"bytes"
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

// look keeps Info true: MTU and MAC may change under an open port. The MAC is
// told here, the MTU only in the interface's own namespace; one that was moved
// to another keeps the MTU it had. r has the interface's name.
func (p *Port) look(r *unix.Ifreq) {
	info := *p.info.Load()
	if unix.IoctlIfreq(p.fd, unix.SIOCGIFHWADDR, r) == nil {
		copy(info.MAC[:], hardwareAddr(r))
	}
	here := unix.IoctlIfreq(p.socket, unix.SIOCGIFHWADDR, r) == nil && bytes.Equal(info.MAC[:], hardwareAddr(r))
	if here && unix.IoctlIfreq(p.socket, unix.SIOCGIFMTU, r) == nil {
		info.MTU = int(int32(r.Uint32()))
	}
	if info != *p.info.Load() {
		p.info.Store(&info)
	}
}

// hardwareAddr is the address in a sockaddr behind the name (netdevice(7)),
// for which Ifreq has no method.
func hardwareAddr(r *unix.Ifreq) []byte {
	const at = unix.IFNAMSIZ + 2 // past the name, and the address's family
	return (*[unsafe.Sizeof(*r)]byte)(unsafe.Pointer(r))[at : at+6]
}
