//go:build dpdk && cgo && linux

package dpdk

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// arguments are what the drivers of virtual devices take, needed ones first.
// They explain a failure; a newer DPDK may know more.
var arguments = map[string][]string{
	"net_vhost":       {"iface", "queues", "client", "iommu-support", "postcopy-support", "tso", "linear-buffer", "ext-buffer", "legacy-ol-flags"},
	"net_virtio_user": {"path", "mac", "queue_size", "queues", "iface", "server", "mrg_rxbuf", "in_order", "packed_vq", "speed", "vectorized", "cq"},
	"net_af_packet":   {"iface", "qpairs", "qdisc_bypass", "blocksz", "framesz", "framecnt"},
	"net_af_xdp":      {"iface", "start_queue", "queue_count", "shared_umem", "xdp_prog", "busy_budget", "force_copy"},
	"net_tap":         {"iface", "mac", "persist", "remote"},
	"net_memif":       {"id", "role", "bsize", "rsize", "socket", "socket-abstract", "owner-uid", "owner-gid", "mac", "secret", "zero-copy"},
	"net_pcap":        {"rx_pcap", "tx_pcap", "rx_iface", "rx_iface_in", "tx_iface", "iface", "phy_mac", "infinite_rx"},
	"net_null":        {"size", "copy", "no-rx"},
	"net_ring":        {"nodeaction", "ring"},
}

// needed are arguments that a driver cannot do without.
var needed = map[string]string{
	"net_vhost": "iface=SOCKET", "net_virtio_user": "path=SOCKET",
	"net_af_packet": "iface=INTERFACE", "net_af_xdp": "iface=INTERFACE",
}

// check finds what is wrong before DPDK sees it.
func (d *device) check(queues int) error {
	switch {
	case d.name == "":
		return errors.New("a PCI address or a virtual device is expected, such as 0000:17:00.0 or net_vhost0,iface=/run/a.sock")
	case strings.ContainsRune(d.devargs(), 0):
		return errors.New("the name holds a zero byte")
	case queues < 1:
		return fmt.Errorf("%d queues are asked for; a port has one at least", queues)
	case d.driver() == "net_vhost" && d.given("tso"):
		return fmt.Errorf("tso=%s: a card takes no merged frames; leave tso out", d.arg("tso"))
	}
	if d.pci() {
		return nil
	}
	return d.checkArguments()
}

// checkArguments finds those that are missing, and interfaces that are.
func (d *device) checkArguments() error {
	if want, ok := needed[d.driver()]; ok {
		key, _, _ := strings.Cut(want, "=")
		if d.arg(key) == "" {
			return fmt.Errorf("%s needs %s", d.driver(), want)
		}
		if name := d.arg(key); want == "iface=INTERFACE" {
			if _, err := net.InterfaceByName(name); err != nil {
				return fmt.Errorf("iface=%s: there is no such network interface here; `ip link` lists those that are", name)
			}
		}
	}
	if file := d.arg("rx_pcap"); file != "" {
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("rx_pcap: %w", err)
		}
	}
	if err := d.checkSocket(); err != nil {
		return err
	}
	if d.driver() == "net_vhost" && !d.given("client") {
		return takeSocket(d.arg("iface"))
	}
	return nil
}

// longestSocket is how long the name of a Unix socket is at most (unix(7)), its
// final zero left out. DPDK would cut it.
const longestSocket = len(syscall.RawSockaddrUnix{}.Path) - 1

func (d *device) checkSocket() error {
	key := map[string]string{"net_vhost": "iface", "net_virtio_user": "path"}[d.driver()]
	if name := d.arg(key); key != "" && len(name) > longestSocket {
		return fmt.Errorf("%s=%s: the name of a socket has %d bytes at most, and this one %d", key, name, longestSocket, len(name))
	}
	return nil
}

// takeSocket removes a socket that a killed card left, and nobody serves.
func takeSocket(name string) error {
	c, err := net.Dial("unix", name)
	switch {
	case err == nil:
		c.Close()
		return fmt.Errorf("iface=%s: another process serves this socket", name)
	case errors.Is(err, syscall.ECONNREFUSED):
		if info, err := os.Lstat(name); err == nil && info.Mode()&os.ModeSocket != 0 {
			return os.Remove(name)
		}
	}
	return nil
}

// explainProbe tells why no driver took a device.
func (d *device) explainProbe(err syscall.Errno) error {
	switch {
	case d.pci():
		return d.explainPCI(err)
	case err == syscall.EFAULT: // no bus knows the name
		return fmt.Errorf("DPDK has no driver for %q here; names are a driver's and a number, such as net_vhost0 or net_tap0, and Debian's drivers are packages such as librte-net-vhost23", d.name)
	}
	if known := arguments[d.driver()]; known != nil {
		for _, key := range d.keys() {
			if !slices.Contains(known, key) {
				return fmt.Errorf("%s has no argument %q; it takes %s", d.driver(), key, strings.Join(known, ", "))
			}
		}
	}
	if strings.Contains(complaint(), "call to mmap failed") {
		return fmt.Errorf("net_af_packet locks its rings in memory, which is more than this user may; raise `ulimit -l`, or take smaller rings with framecnt=64%s", complaint())
	}
	if d.args != "" {
		return fmt.Errorf("its driver does not take %q%s", d.args, reason(err))
	}
	return fmt.Errorf("its driver does not take it%s", reason(err))
}

// reason is what DPDK says. Many drivers answer -1, which is no errno.
func reason(err syscall.Errno) string {
	if err == syscall.EPERM {
		return complaint()
	}
	return fmt.Sprintf(": %v%s", err, complaint())
}

func (d *device) explainPCI(err syscall.Errno) error {
	dir := filepath.Join("/sys/bus/pci/devices", strings.ToLower(d.name))
	if _, err := os.Stat(dir); err != nil {
		return errors.New("there is no such PCI device here; `dpdk-devbind.py --status` lists those that are")
	}
	driver, none := os.Readlink(filepath.Join(dir, "driver"))
	switch driver = filepath.Base(driver); {
	case none != nil:
		return fmt.Errorf("no driver of the kernel hands this device out; `dpdk-devbind.py --bind vfio-pci %s` does%s", d.name, complaint())
	case driver == "vfio-pci" || driver == "uio_pci_generic" || driver == "igb_uio":
		return fmt.Errorf("DPDK does not take the device; it may be no network card, or another process has it%s", reason(err))
	}
	return fmt.Errorf("the kernel's driver %s has this device; `dpdk-devbind.py --bind vfio-pci %s` hands it out%s", driver, d.name, complaint())
}

// explainStart tells why a device does not start.
func (d *device) explainStart(err syscall.Errno, queues int) error {
	said := complaint()
	switch {
	case err == syscall.ERANGE:
		return fmt.Errorf("it has fewer than %d queues; give its driver an argument such as queues=%d, or ask for fewer", queues, queues)
	case err == syscall.ENOMEM, strings.Contains(said, "Not enough mbufs"):
		return fmt.Errorf("too little memory; give DPDK more with --eal \"-m MB\"%s", said)
	}
	return fmt.Errorf("DPDK cannot %s%s", d.failed(), reason(err))
}
