package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vishvananda/netlink"
)

// bridges makes both, the tunnels' ends, and the output where it belongs. One
// VXLAN port receives from anywhere, the other sends to another VTEP.
func (o *ovs) bridges(wrap bool) error {
	at := "br-int"
	if wrap {
		at = "br-phy"
	}
	return o.vsctl(strings.Fields(fmt.Sprintf(`
		add-br br-phy -- set bridge br-phy datapath_type=netdev fail-mode=secure other-config:hwaddr=%s
		-- add-br br-int -- set bridge br-int datapath_type=netdev fail-mode=secure
		-- add-port br-int in -- set interface in type=vxlan options:remote_ip=flow options:key=flow ofport_request=%d
		-- add-port br-int out -- set interface out type=vxlan options:remote_ip=%s options:key=flow ofport_request=%d
		-- add-port %s output -- set interface output type=dpdk options:dpdk-devargs=%s mtu_request=2000 ofport_request=%d`,
		cardMAC, inPort, otherVTEP, outPort, at, o.output, outputPort))...)
}

// The underlay's addresses: the card's, as in nitrocard's benchmark, and of
// another VTEP that wrapped frames go to.
const (
	cardMAC   = "02:00:00:00:ff:01"
	cardVTEP  = "198.18.0.1/24"
	otherVTEP = "198.18.0.2"
	otherMAC  = "02:00:00:00:ff:03"
)

// underlay gives the tunnels' end its address, and the other one a MAC.
func (o *ovs) underlay() error {
	link, err := netlink.LinkByName("br-phy")
	if err != nil {
		return err
	}
	addr, err := netlink.ParseAddr(cardVTEP)
	if err != nil {
		return err
	}
	if err := errors.Join(netlink.AddrAdd(link, addr), netlink.LinkSetUp(link)); err != nil {
		return err
	}
	if err := o.until("OVS has a route to "+otherVTEP, func() (bool, error) {
		routes, err := o.appctl("ovs/route/show")
		return strings.Contains(routes, "198.18.0.0/24"), err
	}); err != nil {
		return err
	}
	_, err = o.appctl("tnl/arp/set", "br-phy", otherVTEP, otherMAC)
	return err
}

// connect plays the handshake. Each part comes again and again until the switch
// has seen all of it: it loses the first frames of a new port.
func (o *ovs) connect() error {
	seen := []func() (bool, error){o.tracked, o.established}
	for i, file := range o.handshake {
		if err := o.addPort("handshake", input(fmt.Sprintf("net_pcap%d", 1+i), file), handshakePort); err != nil {
			return err
		}
		if err := o.until(fmt.Sprintf("OVS has %d connections", o.flows), seen[i]); err != nil {
			return err
		}
		if err := o.vsctl("del-port", "handshake"); err != nil {
			return err
		}
	}
	return nil
}

// plug starts the input.
func (o *ovs) plug() error { return o.addPort("data", o.data, dataPort) }

// addPort adds a DPDK device to the underlay.
func (o *ovs) addPort(name, device string, number int) error {
	return o.vsctl("add-port", "br-phy", name, "--", "set", "interface", name, "type=dpdk",
		"options:dpdk-devargs="+device, fmt.Sprintf("ofport_request=%d", number))
}
