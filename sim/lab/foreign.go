//go:build linux

package lab

import (
	"errors"
	"fmt"
	"net/netip"

	"nitrocard/sim/netlab"
)

// A foreign edge is a kernel that forwards, whose tunnels are its own VXLAN device with a static
// table, as a controller would fill it. Surveys have one, with the client on its link, so that our
// tunnel is proven against one that we did not write; and attacks, which are on a card alone.

// The edge, seen from the internet.
var (
	internetAddr  = netip.MustParsePrefix("203.0.113.1/24")
	internetAddr6 = netip.MustParsePrefix("2001:db8:9::1/64")
)

// reachForeign is the client, on the foreign edge's link.
func (w *world) reachForeign() error {
	client, err := w.add("client")
	if err != nil {
		return err
	}
	edge, err := w.add("edge")
	if err != nil {
		return err
	}
	w.edges = []*netlab.Host{edge}
	if err := edge.Forward(); err != nil {
		return err
	}
	w.client = visitor{client, clientAddr.Addr(), edge, "internet", &w.ports}
	err = netlab.Cable(netlab.End{Host: client, Name: "eth0"}, netlab.End{Host: edge, Name: "internet"}, internetMTU)
	return errors.Join(err,
		client.Address("eth0", clientAddr),
		edge.Address("internet", internetAddr),
		client.Via(everywhere, internetAddr.Addr()),
		w.foreign6(edge))
}

// foreign6 is the link, for IPv6.
func (w *world) foreign6(edge *netlab.Host) error {
	if !edge.HasIPv6() {
		return nil
	}
	return errors.Join(
		w.client.SpeakIPv6("eth0"),
		edge.SpeakIPv6("internet"),
		w.client.Address("eth0", clientAddr6),
		edge.Address("internet", internetAddr6),
		w.client.Via(everywhere6, internetAddr6.Addr()))
}

// tunnels are the edge's: one a VNI, with an entry for each public address,
// as a controller would push it there.
func (w *world) tunnels() error {
	host, edge := w.edges[0], w.region.edge
	if err := host.Address(uplink, edge.vtep); err != nil {
		return err
	}
	made := map[string]bool{}
	for _, a := range w.region.public {
		name := tunnelOf(a.VNI)
		if !made[name] {
			made[name] = true
			v := netlab.VXLAN{Name: name, VNI: a.VNI, Local: edge.vtep.Addr(), MAC: edge.mac, MTU: tunnelMTU}
			if err := w.tunnel(v); err != nil {
				return err
			}
		}
		if a.Addr.Is6() && !host.HasIPv6() {
			continue
		}
		if err := host.Reach(name, a.Addr, a.MAC, a.VTEP); err != nil {
			return err
		}
	}
	return nil
}

// tunnel is one of the edge's, for both families.
func (w *world) tunnel(v netlab.VXLAN) error {
	err := w.edges[0].Tunnel(v)
	if err == nil && w.edges[0].HasIPv6() {
		err = w.edges[0].SpeakIPv6(v.Name)
	}
	return err
}

// tunnelOf is the name of the edge's tunnel end for a VPC.
func tunnelOf(vni uint32) string { return fmt.Sprintf("vx%d", vni) }
