//go:build dpdk && cgo && linux

package dpdk

// #include "dpdk.h"
import "C"

import (
	"fmt"
	"sync"
	"syscall"
)

// device is a network device that DPDK drives, with as many ports as it has
// queues.
type device struct {
	spec
	c     C.struct_nc_device
	ports []*Port
	ended func() // what is left to do when the device is closed, or nil

	mu   sync.Mutex // held while the device is asked, and to close a port
	open int        // ports that are not closed yet
}

// start configures the device and makes its ports. It runs under eal.mu.
func (d *device) start(queues int) error {
	C.nc_log_clear()
	if rc := C.nc_start(&d.c, C.uint16_t(queues), eal.pool); rc < 0 {
		err := d.explainStart(syscall.Errno(-rc), queues)
		C.nc_stop(d.c.port)
		return err
	}
	if owed := eal.owed + uint32(d.c.mbufs); owed > eal.mbufs {
		C.nc_stop(d.c.port)
		return fmt.Errorf("too little memory: the rings of all ports may hold %d frames now, and there is room for %d; give DPDK more with --eal -m=%d",
			owed, eal.mbufs, uint64(owed)*mbufBytes*3/2>>20)
	}
	eal.owed += uint32(d.c.mbufs)
	eal.devices[d.name] = d
	for i := range queues {
		d.ports = append(d.ports, newPort(d, i))
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
	rc := C.nc_stop(d.c.port)
	if d.ended != nil {
		d.ended()
	}
	if rc < 0 {
		return fmt.Errorf("dpdk:%s: its driver does not let go of it: %w", d.name, syscall.Errno(-rc))
	}
	return nil
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
