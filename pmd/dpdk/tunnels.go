//go:build dpdk && cgo && linux

package dpdk

// #include "dpdk.h"
import "C"

import "strings"

// spreadTunnels asks the device to choose the queue of a frame in a VXLAN
// tunnel by the flow in the tunnel, if its configuration does not do so
// already. Both directions of a connection then reach one worker. With a device
// that refuses, workers share the connections' cache lines.
func (d *device) spreadTunnels() {
	if len(d.ports) == 1 || bool(d.c.inner_rss) {
		return
	}
	var why [256]C.char
	if C.nc_spread_tunnels(d.c.port, C.uint16_t(len(d.ports)), &why[0], C.int(len(why))) != 0 {
		d.refusal = strings.ToLower(strings.TrimSpace(C.GoString(&why[0])))
	}
}

// spread tells what chooses the queue of a frame that comes.
func (d *device) spread() string {
	how := "the driver"
	switch {
	case len(d.ports) == 1:
		return ""
	case d.driver() == "net_vhost":
		return "the guest"
	case d.refusal == "":
		how = "flow in the tunnel"
	case bool(d.c.rss):
		how = "flow"
	}
	if d.c.symmetric {
		how += ", the same for both directions"
	}
	if d.refusal != "" {
		how += "; not the flow in a tunnel: " + d.refusal
	}
	return how
}
