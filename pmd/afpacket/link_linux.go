package afpacket

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"nitrocard/pmd"
)

// ifreq is Linux's struct ifreq (netdevice(7)): a name, and a number.
type ifreq struct {
	name  [unix.IFNAMSIZ]byte
	value [24]byte
}

// Link asks the kernel. The interface is known by its index, so a new one
// with the old name is not taken for it.
func (p *Port) Link() error {
	unix.GetsockoptInt(p.rxFd, unix.SOL_SOCKET, unix.SO_ERROR) // told once, then poll(2) sleeps again
	var r ifreq
	binary.NativeEndian.PutUint32(r.value[:], uint32(p.index))
	if !p.ioctl(unix.SIOCGIFNAME, &r) {
		return pmd.ErrGone
	}
	if !p.ioctl(unix.SIOCGIFFLAGS, &r) {
		return pmd.ErrGone
	}
	const up = unix.IFF_UP | unix.IFF_RUNNING
	if binary.NativeEndian.Uint16(r.value[:])&up != up {
		return pmd.ErrDown
	}
	return nil
}

func (p *Port) ioctl(request uintptr, r *ifreq) bool {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(p.rxFd), request, uintptr(unsafe.Pointer(r)))
	return errno == 0
}
