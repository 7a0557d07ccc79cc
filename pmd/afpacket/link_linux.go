package afpacket

import (
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
	const up = unix.IFF_UP | unix.IFF_RUNNING
	if r.Uint16()&up != up {
		return pmd.ErrDown
	}
	return nil
}
