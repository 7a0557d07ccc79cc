//go:build linux

package netlab

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// ethtool sets one value of a link.
func (h *Host) ethtool(link string, command, value uint32) error {
	return h.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return setEthtool(fd, link, command, value)
	})
}

// setEthtool sets one value of a link by ioctl (SIOCETHTOOL, netdevice(7)).
func setEthtool(fd int, link string, command, value uint32) error {
	set := struct{ command, value uint32 }{command, value}
	request := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte // the rest of struct ifreq
	}{data: unsafe.Pointer(&set)}
	copy(request.name[:unix.IFNAMSIZ-1], link)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}
