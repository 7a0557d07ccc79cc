//go:build dpdk && cgo && linux

package dpdk

// #include <stdlib.h>
// #include "dpdk.h"
import "C"

import (
	"fmt"
	"sync"
	"syscall"
	"unsafe"
)

// device is a network device that DPDK drives, with as many ports as it has
// queues.
type device struct {
	spec
	c       C.struct_nc_device
	kernel  bool // it is an interface of the kernel's, in this network namespace
	ports   []*Port
	refusal string // the driver's, to spread tunnels by the flow in them; empty if it does
	ended   func() // what is left to do when the device is closed, or nil

	mu   sync.Mutex // held while the device is asked, and to close a port
	open int        // ports that are not closed yet
}

// start configures the device and makes its ports. It runs under eal.mu. A
// device that does not start is given back.
func (d *device) start(queues int) error {
	C.nc_log_clear()
	if rc := C.nc_start(&d.c, C.uint16_t(queues), eal.pool); rc < 0 {
		err := d.explainStart(syscall.Errno(-rc), queues)
		d.leave()
		return err
	}
	if err := d.makePorts(queues); err != nil {
		d.leave()
		return err
	}
	d.spreadTunnels()
	eal.owed += uint32(d.c.mbufs)
	eal.devices[d.name] = d
	return nil
}

// makePorts makes a port for each queue.
func (d *device) makePorts(queues int) error {
	if owed := eal.owed + uint32(d.c.mbufs); owed > eal.mbufs {
		return fmt.Errorf("too little memory: the rings of all ports may hold %d frames now, and there is room for %d; give DPDK more with --eal \"-m %d\"",
			owed, eal.mbufs, uint64(owed)*mbufBytes*3/2>>20)
	}
	_, _, err := ask(uint32(d.c.if_index))
	d.kernel = err == nil
	for i := range queues {
		p, err := newPort(d, i)
		if err != nil {
			for _, made := range d.ports {
				C.nc_queue_free(made.q)
			}
			return err
		}
		d.ports = append(d.ports, p)
	}
	d.open = queues
	return nil
}

// failed is the step that start did not get past.
func (d *device) failed() string { return C.GoString(d.c.failed) }

// stop ends a device whose ports are closed. It runs under eal.mu: net_vhost
// takes a second to leave its guest.
func (d *device) stop() error {
	delete(eal.devices, d.name)
	eal.owed -= uint32(d.c.mbufs)
	rc := d.leave()
	if d.ended != nil {
		d.ended()
	}
	if rc < 0 {
		return fmt.Errorf("dpdk:%s: its driver does not let go of it: %w", d.name, syscall.Errno(-rc))
	}
	return nil
}

// leave has the driver let go of the device. It is named rather than asked
// what it is: one that was unplugged does not answer.
func (d *device) leave() C.int {
	bus := C.CString("vdev")
	if d.pci() {
		C.free(unsafe.Pointer(bus))
		bus = C.CString("pci")
	}
	name := C.CString(d.name)
	defer C.free(unsafe.Pointer(bus))
	defer C.free(unsafe.Pointer(name))
	return C.nc_stop(d.c.port, bus, name)
}

// Close gives the queue back, and the device with its last queue.
func (p *Port) Close() error {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	if p.end() && p.dev.open == 0 {
		return p.dev.stop()
	}
	return nil
}

// end frees the queue, once. From then on, nobody asks the device on its
// behalf.
func (p *Port) end() bool {
	p.dev.mu.Lock()
	defer p.dev.mu.Unlock()
	if p.q == nil {
		return false
	}
	p.last = p.stats()
	C.nc_queue_free(p.q)
	p.q = nil
	p.dev.open--
	return true
}
