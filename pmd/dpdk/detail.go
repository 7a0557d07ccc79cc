//go:build dpdk && cgo && linux

package dpdk

// #include "dpdk.h"
import "C"

import (
	"strings"

	"nitrocard/pmd"
)

// Detail tells what the device is set to. Speed, offloads and counts are those
// of the device, whichever of its queues is asked.
func (p *Port) Detail() pmd.Detail {
	p.dev.mu.Lock()
	defer p.dev.mu.Unlock()
	d := pmd.Detail{Queues: len(p.dev.ports), Spread: p.dev.spread()}
	if p.q == nil {
		return d
	}
	if speed := C.nc_speed(p.dev.c.port); speed != C.NC_SPEED_UNKNOWN {
		d.Speed = int(speed)
	}
	var names [512]C.char
	C.nc_offloads(&p.dev.c, &names[0], C.int(len(names)))
	d.Offloads = strings.Fields(C.GoString(&names[0]))
	d.Extended = p.dev.extended()
	return d
}

// extended are the device's own counts by name (rte_eth_xstats), those of all
// its queues, but for those that are zero.
func (d *device) extended() map[string]uint64 {
	n := C.nc_xstats(d.c.port, nil, nil, 0)
	if n <= 0 {
		return nil
	}
	names, values := make([][64]C.char, n), make([]C.uint64_t, n)
	if C.nc_xstats(d.c.port, &names[0], &values[0], n) != n {
		return nil
	}
	counts := map[string]uint64{}
	for i := range names {
		if values[i] != 0 {
			counts[C.GoString(&names[i][0])] = uint64(values[i])
		}
	}
	return counts
}
