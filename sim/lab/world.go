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
	clientAddr  = netip.MustParsePrefix("203.0.113.9/24")
	clientAddr6 = netip.MustParsePrefix("2001:db8:9::9/64")
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
	edges    []*netlab.Host
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
	return visitor{m.Host, m.own(), m.server, m.Nick, m.ports}
}

// build makes every host of the region and connects them. Cards are not part
// of it.
func build(r *region) (*world, error) {
	w := &world{region: r, servers: map[string]*netlab.Host{}, guests: map[string]*machine{}}
	steps := []func() error{w.reach, w.fabric, w.instances}
	if r.foreign {
		steps = []func() error{w.reachForeign, w.fabric, w.instances, w.tunnels}
	}
	for _, step := range steps {
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

var (
	everywhere  = netip.MustParsePrefix("0.0.0.0/0")
	everywhere6 = netip.MustParsePrefix("::/0")
)

// fabric is the underlay, one Ethernet segment, with the edges and a server
// for each card on it. A server's kernel has no address there: the card owns
// the tunnel end and answers for it.
func (w *world) fabric() (err error) {
	if w.underlay, err = w.add("underlay"); err != nil {
		return err
	}
	var ports []string
	for i, e := range w.edges {
		mac := net.HardwareAddr{2, 0, 0, 0, 0xed, byte(1 + i)} // the tunnel end is the lowest one's
		err := netlab.Cable(netlab.End{Host: e, Name: uplink, MAC: mac}, netlab.End{Host: w.underlay, Name: e.Name}, underlayMTU)
		if err != nil {
			return err
		}
		ports = append(ports, e.Name)
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
	return w.underlay.Bridge("br0", underlayMTU, ports...)
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
	if !m.Addr.IsValid() {
		return nil
	}
	return errors.Join(m.Address("eth0", m.Addr), m.Via(everywhere, m.Router))
}

// guest is what the configuration says of one instance.
type guest struct {
	Nick      string // "a1" for eni-a1
	ENI       string
	Card      string // of the server it runs on
	VPC       string
	VNI       uint32
	MAC       net.HardwareAddr
	Addr      netip.Prefix // private, with its subnet's length; invalid: the guest has IPv6 alone
	Addr6     netip.Addr   // invalid: none
	Router    netip.Addr   // of the subnet; invalid: the guest has IPv6 alone
	RouterMAC net.HardwareAddr
	Public    netip.Addr // invalid: none
	Forwards  bool       // what is not its own, as a middlebox does: its source/destination check is off
	VTEP      netip.Addr // of its card
}

// own is the guest's address: of IPv4, unless the guest has IPv6 alone.
func (g guest) own() netip.Addr {
	if g.Addr.IsValid() {
		return g.Addr.Addr()
	}
	return g.Addr6
}
