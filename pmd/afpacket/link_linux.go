package afpacket

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"nitrocard/pmd"
)

// Link asks the kernel. The interface is known by its index, so a new one
// with the old name is not taken for it, and a new name does no harm.
func (p *Port) Link() error {
	unix.GetsockoptInt(p.rxFd, unix.SOL_SOCKET, unix.SO_ERROR) // told once, then poll(2) sleeps again
	var r unix.Ifreq
	r.SetUint32(uint32(p.index))
	if unix.IoctlIfreq(p.rxFd, unix.SIOCGIFNAME, &r) != nil {
		return pmd.ErrGone
	}
	if unix.IoctlIfreq(p.rxFd, unix.SIOCGIFFLAGS, &r) != nil {
		return pmd.ErrGone
	}
	flags := r.Uint16()
	p.look(&r)
	const up = unix.IFF_UP | unix.IFF_RUNNING
	if flags&up != up {
		return pmd.ErrDown
	}
	return nil
}

// look keeps Info true: MTU and MAC may change under an open port. r has the
// interface's name.
func (p *Port) look(r *unix.Ifreq) {
	info := *p.info.Load()
	if unix.IoctlIfreq(p.rxFd, unix.SIOCGIFMTU, r) == nil {
		info.MTU = int(int32(r.Uint32()))
	}
	if unix.IoctlIfreq(p.rxFd, unix.SIOCGIFHWADDR, r) == nil {
		copy(info.MAC[:], hardwareAddr(r))
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
