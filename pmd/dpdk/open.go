//go:build dpdk && cgo && linux

package dpdk

// #include <stdlib.h>
// #include "dpdk.h"
import "C"

import (
	"fmt"
	"syscall"
	"unsafe"

	"nitrocard/pmd"
)

// Open opens a device with one queue. text is a PCI address or the name of a
// virtual device, either with arguments for its driver in DPDK's syntax:
// "0000:17:00.0", "net_vhost0,iface=/run/a.sock".
func Open(text string) (pmd.Port, error) {
	ports, err := OpenQueues(text, 1)
	if err != nil {
		return nil, err
	}
	return ports[0], nil
}

// OpenQueues opens a device with n queues, and returns a port for each. The
// device chooses one by flow, by the flow in the tunnel if it can; a guest on
// net_vhost chooses itself. The device closes with the last of its ports.
// What only a device knows, such as the frames it missed, its first port
// counts.
func OpenQueues(text string, n int) ([]pmd.Port, error) {
	d, err := open(text, n)
	if err != nil {
		return nil, fmt.Errorf("dpdk:%s: %w", text, err)
	}
	ports := make([]pmd.Port, n)
	for i := range ports {
		ports[i] = d.ports[i]
	}
	return ports, nil
}

func open(text string, n int) (*device, error) {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	d := &device{spec: parse(text)}
	if err := d.check(n); err != nil {
		return nil, err
	}
	if err := start(nil); err != nil {
		return nil, err
	}
	if eal.devices[d.name] != nil {
		return nil, fmt.Errorf("%s is open already; another port needs a name of its own, such as %s9", d.name, d.driver())
	}
	if err := d.probe(); err != nil {
		return nil, err
	}
	return d, d.start(n)
}

// probe finds the device, which EAL's options may have named before.
func (d *device) probe() error {
	name, devargs := C.CString(d.name), C.CString(d.devargs())
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(devargs))
	port := C.nc_find(name)
	if port < 0 {
		C.nc_log_clear()
		port = C.nc_probe(devargs)
	}
	if port < 0 {
		return d.explainProbe(syscall.Errno(-port))
	}
	d.c.port = C.uint16_t(port)
	return nil
}

// Cable makes two ports that are the ends of a cable: what one sends, the
// other receives, in the same memory. name tells cables apart.
func Cable(name string) (one, other pmd.Port, err error) {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	if err := start(nil); err != nil {
		return nil, nil, err
	}
	c, err := newCable(name)
	if err != nil {
		return nil, nil, fmt.Errorf("cable %q: %w", name, err)
	}
	return c[0].ports[0], c[1].ports[0], nil
}

func newCable(name string) (ends [2]*device, err error) {
	var rings [2]*C.struct_rte_ring
	var numbers [2]C.int
	names := [2]*C.char{C.CString(name + "a"), C.CString(name + "b")}
	defer C.free(unsafe.Pointer(names[0]))
	defer C.free(unsafe.Pointer(names[1]))
	if rc := C.nc_cable(names[0], names[1], &rings[0], &numbers[0]); rc < 0 {
		return ends, fmt.Errorf("no cable of that name can be made: %w%s", syscall.Errno(-rc), complaint())
	}
	left := len(ends)
	for i := range ends {
		d := &device{spec: spec{name: "net_ring_" + C.GoString(names[i])}}
		d.c.port = C.uint16_t(numbers[i])
		d.ended = func() {
			if left--; left == 0 {
				C.nc_cable_free(&rings[0])
			}
		}
		if err := d.start(1); err != nil {
			return ends, err
		}
		ends[i] = d
	}
	return ends, nil
}
