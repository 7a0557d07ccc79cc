//go:build linux

package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"nitrocard/sim/netlab"
)

// What the region's configuration does not say, because a provider's
// customers never see it.
var (
	clientAddr   = netip.MustParsePrefix("203.0.113.9/24")
	internetAddr = netip.MustParsePrefix("203.0.113.1/24") // the edge, seen from the internet

	clientAddr6   = netip.MustParsePrefix("2001:db8:9::9/64")
	internetAddr6 = netip.MustParsePrefix("2001:db8:9::1/64")
)

// Packet sizes of the lab's links. Guests have EC2's 9001 and the underlay
// room for the tunnel's 50 bytes on top, or 70 over IPv6; the internet has Ethernet's 1500.
const (
	internetMTU = 1500
	guestMTU    = 9001
	underlayMTU = 9100
	tunnelMTU   = underlayMTU - 70
)

// uplink is the name of each server's link to the underlay.
const uplink = "uplink"

// world is the region, built.
type world struct {
	region   *region
	client   visitor
	edge     *netlab.Host
	underlay *netlab.Host
	servers  map[string]*netlab.Host // by card
	guests   map[string]*machine     // by name
	hosts    []*netlab.Host          // all of these
	ports    sourcePorts             // of all visitors
}

// machine is what a guest runs on: a host, or a virtual machine.
type machine struct {
	*netlab.Host // nil: it is a virtual machine
	vm           *vm
	guest
	server *netlab.Host
	ports  *sourcePorts
}

// visitor lets the guest visit others.
func (m *machine) visitor() visitor {
	return visitor{m.Host, m.Addr.Addr(), m.server, m.Nick, m.ports}
}

// build makes every host of the region and connects them. Cards are not part
// of it.
func build(r *region) (*world, error) {
	w := &world{region: r, servers: map[string]*netlab.Host{}, guests: map[string]*machine{}}
	for _, step := range []func() error{w.internet, w.fabric, w.instances, w.tunnels} {
		if err := step(); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

// close lets every host go.
func (w *world) close() {
	for _, h := range w.hosts {
		h.Close()
	}
}

// host finds a host by name, as `nitrocard lab exec` is told it.
func (w *world) host(name string) (*netlab.Host, error) {
	for _, h := range w.hosts {
		if h.Name == name {
			return h, nil
		}
	}
	if w.region.virtual[name] != nil {
		return nil, fmt.Errorf("%s is a virtual machine: packets go in, and nothing else", name)
	}
	return nil, fmt.Errorf("the lab has no host %q; it has %s", name, w.names())
}

func (w *world) add(name string) (*netlab.Host, error) {
	h, err := netlab.NewHost(name)
	if err == nil {
		w.hosts = append(w.hosts, h)
	}
	return h, err
}

// internet is the client and the edge's side towards it.
func (w *world) internet() error {
	client, err := w.add("client")
	if err != nil {
		return err
	}
	if w.edge, err = w.add("edge"); err != nil {
		return err
	}
	if err := w.edge.Forward(); err != nil {
		return err
	}
	w.client = visitor{client, clientAddr.Addr(), w.edge, "internet", &w.ports}
	err = netlab.Cable(netlab.End{Host: client, Name: "eth0"}, netlab.End{Host: w.edge, Name: "internet"}, internetMTU)
	return errors.Join(err,
		client.Address("eth0", clientAddr),
		w.edge.Address("internet", internetAddr),
		client.Via(everywhere, internetAddr.Addr()),
		w.internet6())
}

// internet6 is the internet of IPv6.
func (w *world) internet6() error {
	if !w.edge.HasIPv6() {
		return nil
	}
	return errors.Join(
		w.client.SpeakIPv6("eth0"),
		w.edge.SpeakIPv6("internet"),
		w.client.Address("eth0", clientAddr6),
		w.edge.Address("internet", internetAddr6),
		w.client.Via(everywhere6, internetAddr6.Addr()))
}

var (
	everywhere  = netip.MustParsePrefix("0.0.0.0/0")
	everywhere6 = netip.MustParsePrefix("::/0")
)

// fabric is the underlay, one Ethernet segment, with the edge and a server
// for each card on it. A server's kernel has no address there: the card owns
// the tunnel end and answers for it.
func (w *world) fabric() (err error) {
	if w.underlay, err = w.add("underlay"); err != nil {
		return err
	}
	ports := []string{"edge"}
	err = netlab.Cable(netlab.End{Host: w.edge, Name: uplink}, netlab.End{Host: w.underlay, Name: "edge"}, underlayMTU)
	if err != nil {
		return err
	}
	for _, card := range w.region.cards {
		if w.servers[card], err = w.add(card); err != nil {
			return err
		}
		port := netlab.End{Host: w.underlay, Name: card}
		if err := w.region.plug(port, netlab.End{Host: w.servers[card], Name: uplink}, underlayMTU); err != nil {
			return err
		}
		ports = append(ports, card)
	}
	return errors.Join(w.underlay.Bridge("br0", underlayMTU, ports...), w.edge.Address(uplink, w.region.edge.vtep))
}

// instances are the guests. Virtual machines boot when their card is there.
func (w *world) instances() error {
	for _, g := range w.region.guests {
		m := &machine{guest: g, server: w.servers[g.Card], ports: &w.ports}
		if with := w.region.virtual[g.Nick]; with != nil {
			m.vm = newVM(g, m.server, with)
		} else if err := w.instance(m); err != nil {
			return err
		}
		w.guests[g.Nick] = m
	}
	return nil
}

// instance gives a guest a host of its own, with eth0 on a cable to its server.
func (w *world) instance(m *machine) (err error) {
	if m.Host, err = w.add(m.Nick); err != nil {
		return err
	}
	if m.Forwards {
		if err := m.Forward(); err != nil {
			return err
		}
	}
	eth0 := netlab.End{Host: m.Host, Name: "eth0", MAC: m.MAC}
	if err := w.region.plug(eth0, netlab.End{Host: m.server, Name: m.Nick}, guestMTU); err != nil {
		return err
	}
	return errors.Join(m.Address("eth0", m.Addr), m.Via(everywhere, m.Router))
}

// tunnels are the edge's: one a VNI, with an entry for each public address,
// as a controller would push it there.
func (w *world) tunnels() error {
	edge := w.region.edge
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
		if a.Addr.Is6() && !w.edge.HasIPv6() {
			continue
		}
		if err := w.edge.Reach(name, a.Addr, a.MAC, a.VTEP); err != nil {
			return err
		}
	}
	return nil
}

// tunnel is one of the edge's, for both families.
func (w *world) tunnel(v netlab.VXLAN) error {
	err := w.edge.Tunnel(v)
	if err == nil && w.edge.HasIPv6() {
		err = w.edge.SpeakIPv6(v.Name)
	}
	return err
}

// tunnelOf is the name of the edge's tunnel end for a VPC.
func tunnelOf(vni uint32) string { return fmt.Sprintf("vx%d", vni) }

// guest is what the configuration says of one instance.
type guest struct {
	Nick      string // "a1" for eni-a1
	ENI       string
	Card      string // of the server it runs on
	VPC       string
	VNI       uint32
	MAC       net.HardwareAddr
	Addr      netip.Prefix // private, with its subnet's length
	Addr6     netip.Addr   // invalid: none
	Router    netip.Addr   // of the subnet
	RouterMAC net.HardwareAddr
	Public    netip.Addr // invalid: none
	Forwards  bool       // what is not its own, as a middlebox does: its source/destination check is off
	VTEP      netip.Addr // of its card
}
