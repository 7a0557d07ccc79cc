package tap

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/sys/unix"

	"nitrocard/pmd"
)

// Open makes a TAP interface in this network namespace and sets it up, or
// takes over the persistent one of that name that nobody uses. It may be
// moved to another namespace then. One that Open made is gone after Close.
func Open(name string) (pmd.Port, error) {
	p, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("tap:%s: %w", name, err)
	}
	return p, nil
}

const device = "/dev/net/tun"

// reserved is what no interface's name has. The kernel would make a name of
// its own of one with a percent sign.
const reserved = "/:% \t\n\v\f\r"

func open(name string) (*Port, error) {
	request, err := unix.NewIfreq(name)
	if err != nil || name == "" || strings.ContainsAny(name, reserved) {
		return nil, fmt.Errorf("an interface name of 1 to %d characters is expected, none of them a space or one of / : %%", unix.IFNAMSIZ-1)
	}
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, explain(err)
	}
	if err := attach(fd, request); err != nil {
		unix.Close(fd)
		return nil, explain(err)
	}
	p := newPort(fd)
	if err := p.describe(name); err != nil {
		p.Close()
		return nil, explain(err)
	}
	return p, nil
}

// attach makes fd the other end of the interface.
func attach(fd int, request *unix.Ifreq) error {
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return err
	}
	const merged = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN
	const datagrams = unix.TUN_F_USO4 | unix.TUN_F_USO6 // from Linux 6.2 on
	if unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, merged|datagrams) == nil {
		return nil
	}
	return unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, merged)
}

// describe learns what Info says, and sets the interface up.
func (p *Port) describe(name string) error {
	dev, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	info := &pmd.Info{Name: "tap:" + name, Driver: "tap", MTU: dev.MTU, Max: pmd.MaxMTU, Merged: true}
	copy(info.MAC[:], dev.HardwareAddr)
	p.info.Store(info)
	if p.socket, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(p.socket, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(p.socket, unix.SIOCSIFFLAGS, request)
}

func explain(err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return errors.New("there is no " + device + " here: load the kernel's module with `modprobe tun`, " +
			"or hand the device to the container (`--device " + device + "`)")
	case errors.Is(err, unix.EACCES):
		return errors.New("this user may not open " + device + "; `chmod 0666 " + device + "` as root is what distributions do, " +
			"as making interfaces takes the capability CAP_NET_ADMIN besides")
	case errors.Is(err, unix.EPERM):
		return errors.New("making a TAP interface needs the capability CAP_NET_ADMIN: run as root, " +
			"give the binary the right with `setcap cap_net_admin+ep`, or use a user namespace of your own")
	case errors.Is(err, unix.EBUSY):
		return errors.New("another process uses the interface of that name")
	case errors.Is(err, unix.EINVAL):
		return errors.New("there is an interface of that name, and it is no TAP interface")
	}
	return pmd.Descriptors(err)
}
