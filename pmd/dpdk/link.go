//go:build dpdk && cgo && linux

package dpdk

// #include "dpdk.h"
import "C"

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// Info describes the port.
func (p *Port) Info() pmd.Info { return *p.info.Load() }

// Link asks the device. net_vhost is down while it has no guest; devices
// without a cable, such as net_null, are always up.
func (p *Port) Link() error {
	p.dev.mu.Lock()
	defer p.dev.mu.Unlock()
	if p.q == nil || !p.look() {
		return pmd.ErrGone
	}
	switch up := C.nc_link(p.dev.c.port); {
	case up < 0, up == 0 && p.dev.stranded():
		return pmd.ErrGone
	case up == 0:
		return pmd.ErrDown
	}
	return nil
}

// stranded tells whether a device is down for good, which its driver does not
// say: a net_vhost whose socket was removed, so that no guest finds it, and a
// guest's net_virtio_user that has lost its host, to which it connects once.
func (d *device) stranded() bool {
	switch d.driver() {
	case "net_vhost":
		_, err := os.Lstat(d.arg("iface"))
		return !d.given("client") && os.IsNotExist(err)
	case "net_virtio_user":
		at, err := os.Lstat(d.arg("path"))
		kernel := err == nil && at.Mode()&os.ModeDevice != 0 // /dev/vhost-net, which stays
		return !d.given("server") && !kernel
	}
	return false
}

// look keeps Info true for an interface of the kernel's, whose MTU and MAC
// others may change: that of each queue, of which only one may be asked. It is
// false if the interface is no more.
func (p *Port) look() bool {
	if !p.dev.kernel {
		return true
	}
	info := *p.info.Load()
	mtu, mac, err := ask(uint32(p.dev.c.if_index))
	if err == unix.ENODEV || err == unix.ENXIO {
		return false
	}
	if err == nil {
		info.MTU, info.MAC = p.dev.carried(mtu), mac
	}
	if info != *p.info.Load() {
		for _, queue := range p.dev.ports {
			queue.info.Store(&info)
			queue.limit.Store(p.dev.longest(info.MTU))
		}
	}
	return true
}

// carried is the MTU of a device whose interface has mtu. net_tap sends no
// longer frames than it began with, and holds up those behind one.
func (d *device) carried(mtu int) int {
	if d.driver() == "net_tap" {
		return min(mtu, int(d.c.mtu))
	}
	return mtu
}

// longest is the longest frame to send. Of the kernel's interfaces, DPDK's
// drivers do not know the MTU.
func (d *device) longest(mtu int) int64 {
	return int64(min(max(mtu, int(d.c.mtu))+overhead, pmd.MaxFrame))
}

// ask asks the kernel for an interface of this network namespace.
func ask(index uint32) (mtu int, mac wire.MAC, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, mac, err
	}
	defer unix.Close(fd)
	var r unix.Ifreq
	r.SetUint32(index)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFNAME, &r); err != nil {
		return 0, mac, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, &r); err != nil {
		return 0, mac, err
	}
	const at = unix.IFNAMSIZ + 2 // a sockaddr behind the name (netdevice(7)), for which Ifreq has no method
	copy(mac[:], (*[unsafe.Sizeof(r)]byte)(unsafe.Pointer(&r))[at:at+6])
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFMTU, &r); err != nil {
		return 0, mac, err
	}
	return int(int32(r.Uint32())), mac, nil
}
