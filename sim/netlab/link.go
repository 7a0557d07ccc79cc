//go:build linux

package netlab

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// End is where one end of a cable is plugged in.
type End struct {
	Host *Host
	Name string           // of the interface
	MAC  net.HardwareAddr // nil: the kernel chooses
}

// Cable connects two ends with a veth pair that carries packets of at most
// mtu bytes, and sets both up. Offloads stay as the kernel has them: packets
// cross with unfinished checksums and merged segments.
func Cable(a, b End, mtu int) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr, attrs.MTU = a.Name, a.MAC, mtu
	veth := netlink.NewVeth(attrs)
	veth.PeerName, veth.PeerHardwareAddr, veth.PeerMTU = b.Name, b.MAC, uint32(mtu)
	veth.PeerNamespace = netlink.NsFd(b.Host.ns)
	if err := a.Host.links.LinkAdd(veth); err != nil {
		return fmt.Errorf("cable %s.%s to %s.%s: %w", a.Host.Name, a.Name, b.Host.Name, b.Name, err)
	}
	if err := a.Host.up(a.Name); err != nil {
		return err
	}
	return b.Host.up(b.Name)
}

// Move takes a link from the host to another one, where it is up, under its name. What holds it by a
// socket here loses it.
func (h *Host) Move(name string, to *Host) error {
	link, err := h.link(name)
	if err != nil {
		return err
	}
	if err := h.links.LinkSetNsFd(link, int(to.ns)); err != nil {
		return fmt.Errorf("moving %s.%s to %s: %w", h.Name, name, to.Name, err)
	}
	return to.up(name)
}

// Bridge joins links of the host into one Ethernet segment.
func (h *Host) Bridge(name string, mtu int, ports ...string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = name, mtu
	snooping := false // it would talk to multicast routers (RFC 4286)
	bridge := &netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping}
	if err := h.links.LinkAdd(bridge); err != nil {
		return fmt.Errorf("bridge %s.%s: %w", h.Name, name, err)
	}
	for _, port := range ports {
		link, err := h.link(port)
		if err != nil {
			return err
		}
		if err := h.links.LinkSetMaster(link, bridge); err != nil {
			return fmt.Errorf("port %s.%s: %w", h.Name, port, err)
		}
	}
	return h.up(name)
}

// Address gives a link an address and the route to its prefix.
func (h *Host) Address(name string, p netip.Prefix) error {
	link, err := h.link(name)
	if err != nil {
		return err
	}
	addr := &netlink.Addr{IPNet: ipNet(p)}
	if p.Addr().Is6() {
		if err := h.Sysctl("net/ipv6/conf/"+name+"/disable_ipv6", "0"); err != nil {
			return err
		}
		addr.Flags = unix.IFA_F_NODAD // or it could not be used for a second
	}
	if err := h.links.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("address %s on %s.%s: %w", p, h.Name, name, err)
	}
	return nil
}

// Via sends what goes to dst to the router at this address.
func (h *Host) Via(dst netip.Prefix, router netip.Addr) error {
	return h.route(&netlink.Route{Dst: ipNet(dst), Gw: router.AsSlice()})
}

// OnLink says that dst's addresses are neighbours on this link.
func (h *Host) OnLink(dst netip.Prefix, name string) error {
	link, err := h.link(name)
	if err != nil {
		return err
	}
	return h.route(&netlink.Route{Dst: ipNet(dst), LinkIndex: link.Attrs().Index, Scope: netlink.SCOPE_LINK})
}

func (h *Host) route(r *netlink.Route) error {
	if err := h.links.RouteAdd(r); err != nil {
		return fmt.Errorf("route to %s on %s: %w", r.Dst, h.Name, err)
	}
	return nil
}

// NextHops are the routers that share what is for a prefix, by the host's route to exactly this
// prefix; none if it has no such route.
func (h *Host) NextHops(dst netip.Prefix) (via []netip.Addr, err error) {
	family := netlink.FAMILY_V4
	if dst.Addr().Is6() {
		family = netlink.FAMILY_V6
	}
	routes, err := h.links.RouteListFiltered(family, &netlink.Route{Dst: ipNet(dst)}, netlink.RT_FILTER_DST)
	if err != nil {
		return nil, fmt.Errorf("route to %s on %s: %w", dst, h.Name, err)
	}
	for _, r := range routes {
		all := r.MultiPath
		if len(all) == 0 {
			all = []*netlink.NexthopInfo{{Gw: r.Gw}}
		}
		for _, hop := range all {
			if a, ok := netip.AddrFromSlice(hop.Gw); ok {
				via = append(via, a.Unmap())
			}
		}
	}
	return via, nil
}

// Neighbor says once and for all which MAC an address on the link has.
func (h *Host) Neighbor(name string, addr netip.Addr, mac net.HardwareAddr) error {
	return h.neighbor(name, &netlink.Neigh{IP: addr.AsSlice(), HardwareAddr: mac, State: netlink.NUD_PERMANENT})
}

func (h *Host) neighbor(name string, n *netlink.Neigh) error {
	link, err := h.link(name)
	if err != nil {
		return err
	}
	n.LinkIndex = link.Attrs().Index
	if err := h.links.NeighSet(n); err != nil {
		return fmt.Errorf("neighbour %s %s on %s.%s: %w", n.IP, n.HardwareAddr, h.Name, name, err)
	}
	return nil
}

// LinkMAC is the address of a link, nil if there is no such link.
func (h *Host) LinkMAC(name string) net.HardwareAddr {
	link, err := h.link(name)
	if err != nil {
		return nil
	}
	return link.Attrs().HardwareAddr
}

func (h *Host) up(name string) error {
	link, err := h.link(name)
	if err != nil {
		return err
	}
	if err := h.links.LinkSetUp(link); err != nil {
		return fmt.Errorf("setting %s.%s up: %w", h.Name, name, err)
	}
	return nil
}

func (h *Host) link(name string) (netlink.Link, error) {
	link, err := h.links.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("host %s has no link %s: %w", h.Name, name, err)
	}
	return link, nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
