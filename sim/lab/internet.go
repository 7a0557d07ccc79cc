//go:build linux

package lab

import (
	"errors"
	"net/netip"
	"strings"

	"nitrocard/sim/netlab"
	"nitrocard/sim/router"
)

// The internet of the story. A customer's home has a gateway to an ISP of two routers; the ISP's
// carrier meets the provider's edges at an exchange, which is one Ethernet segment. Addresses
// and numbers of autonomous systems are of the ranges for documentation (RFC 5737, RFC 3849,
// RFC 5398).
//
//	client ── gateway ── isp1 ── isp2 ── carrier ──╮exchange╭── edge1 ═══ underlay
//	              AS64501 ─┴───────┘     AS64505   ╰────────╯── edge2 ═══
//	                                                            AS64500

// segment is a link of the internet, with those on it.
type segment struct {
	name   string // of the host that is its switch; "": it is a cable
	v4, v6 netip.Prefix
	stops  []stop
}

// stop is a host on a segment.
type stop struct {
	host, link string
	number     byte // its address's distance from the segment's first one
}

var segments = []segment{
	{v4: clientAddr.Masked(), v6: clientAddr6.Masked(), stops: []stop{{"gateway", "client", 1}, {"client", "eth0", 9}}},
	{v4: netip.MustParsePrefix("198.51.100.0/30"), v6: netip.MustParsePrefix("2001:db8:100::/64"), stops: []stop{{"isp1", "gateway", 1}, {"gateway", "isp1", 2}}},
	{v4: netip.MustParsePrefix("198.51.100.4/30"), v6: netip.MustParsePrefix("2001:db8:101::/64"), stops: []stop{{"isp2", "isp1", 1}, {"isp1", "isp2", 2}}},
	{v4: netip.MustParsePrefix("198.51.100.8/30"), v6: netip.MustParsePrefix("2001:db8:102::/64"), stops: []stop{{"carrier", "isp2", 1}, {"isp2", "carrier", 2}}},
	{name: exchange, v4: netip.MustParsePrefix("192.0.2.0/24"), v6: netip.MustParsePrefix("2001:db8:103::/64"),
		stops: []stop{{"carrier", exchange, 1}, {"edge1", outside, 11}, {"edge2", outside, 12}}},
}

// Names of links and hosts.
const (
	exchange = "exchange"
	outside  = "internet" // an edge's link to it
)

var edgeNames = []string{"edge1", "edge2"}

// systems are the autonomous systems of those who speak BGP.
var systems = map[string]uint32{"isp1": 64501, "isp2": 64501, "carrier": 64505, "edge1": 64500, "edge2": 64500}

// address is a stop's on its segment, with the segment's length.
func (s segment) address(of stop, six bool) netip.Prefix {
	p := s.v4
	if six {
		p = s.v6
	}
	b := p.Addr().AsSlice()
	b[len(b)-1] += of.number
	a, _ := netip.AddrFromSlice(b) // of a prefix's bytes
	return netip.PrefixFrom(a, p.Bits())
}

// reach builds the internet from the client to the edges.
func (w *world) reach() error {
	for _, s := range segments {
		if err := w.lay(s); err != nil {
			return err
		}
	}
	for _, name := range edgeNames {
		w.edges = append(w.edges, w.named(name))
	}
	w.client = visitor{w.named("client"), clientAddr.Addr(), w.named("gateway"), "client", &w.ports}
	err := spread(w.named("carrier"))
	for _, family := range w.families() {
		err = errors.Join(err, w.staticRoutes(family))
	}
	return err
}

// spread has a router of IPv4 spread packets over paths of equal cost by addresses, protocol and ports, as
// the headers say them. By Linux's own choice of these five (policy 1), a hash would decide that packets of
// this machine's own sockets bring along, and that is another after each retransmission.
func spread(h *netlab.Host) error {
	const custom, fields = "3", "55" // source and destination, protocol, ports (Linux 5.14)
	if h.Sysctl("net/ipv4/fib_multipath_hash_fields", fields) != nil {
		return h.Sysctl("net/ipv4/fib_multipath_hash_policy", "1")
	}
	return h.Sysctl("net/ipv4/fib_multipath_hash_policy", custom)
}

// families are those that the kernel has: false is IPv4, true is IPv6.
func (w *world) families() []bool {
	if w.hosts[0].HasIPv6() {
		return []bool{false, true}
	}
	return []bool{false}
}

// lay lays a segment and gives those on it their addresses.
func (w *world) lay(s segment) error {
	var ends []netlab.End
	for _, at := range s.stops {
		h, err := w.onInternet(at.host)
		if err != nil {
			return err
		}
		ends = append(ends, netlab.End{Host: h, Name: at.link})
	}
	if err := w.connect(s, ends); err != nil {
		return err
	}
	for i, at := range s.stops {
		h := ends[i].Host
		if err := h.Address(at.link, s.address(at, false)); err != nil {
			return err
		}
		if h.HasIPv6() {
			if err := errors.Join(h.SpeakIPv6(at.link), h.Address(at.link, s.address(at, true))); err != nil {
				return err
			}
		}
	}
	return nil
}

// connect runs a cable, or one from each stop to a switch.
func (w *world) connect(s segment, ends []netlab.End) error {
	if s.name == "" {
		return netlab.Cable(ends[0], ends[1], internetMTU)
	}
	middle, err := w.add(s.name)
	if err != nil {
		return err
	}
	var ports []string
	for _, e := range ends {
		if err := netlab.Cable(e, netlab.End{Host: middle, Name: e.Host.Name}, internetMTU); err != nil {
			return err
		}
		ports = append(ports, e.Host.Name)
	}
	return middle.Bridge("br0", internetMTU, ports...)
}

// onInternet is a host on the way, which is made when it is first named. Between client and edges
// all are routers.
func (w *world) onInternet(name string) (*netlab.Host, error) {
	if h := w.named(name); h != nil {
		return h, nil
	}
	h, err := w.add(name)
	if err != nil || name == "client" || strings.HasPrefix(name, "edge") {
		return h, err
	}
	return h, h.Forward()
}

// named is a host, nil if there is none of the name.
func (w *world) named(name string) *netlab.Host {
	for _, h := range w.hosts {
		if h.Name == name {
			return h
		}
	}
	return nil
}

// staticRoutes are those that no BGP tells: a customer's, and of an edge's kernel, which answers
// for the edge's own address.
func (w *world) staticRoutes(six bool) error {
	all, home := everywhere, clientAddr.Masked()
	if six {
		all, home = everywhere6, clientAddr6.Masked()
	}
	via := func(host string, dst netip.Prefix, next string) error {
		return w.named(host).Via(dst, neighborAt(host, next, six))
	}
	return errors.Join(via("client", all, "gateway"), via("gateway", all, "isp1"), via("isp1", home, "gateway"),
		via("edge1", all, "carrier"), via("edge2", all, "carrier"))
}

// neighborAt is the address of a host on the segment that it shares with another.
func neighborAt(host, next string, six bool) netip.Addr {
	for _, s := range segments {
		if s.stop(host) != nil && s.stop(next) != nil {
			return s.address(*s.stop(next), six).Addr()
		}
	}
	panic("lab: " + host + " and " + next + " share no segment")
}

// addressAt is a host's address on the segment of a name.
func addressAt(host, name string, six bool) netip.Prefix {
	for _, s := range segments {
		if at := s.stop(host); s.name == name && at != nil {
			return s.address(*at, six)
		}
	}
	panic("lab: " + host + " is not on " + name)
}

// stop is a host's, nil if the host is not on the segment.
func (s segment) stop(host string) *stop {
	for i := range s.stops {
		if s.stops[i].host == host {
			return &s.stops[i]
		}
	}
	return nil
}

// planOf is what a router of the internet is told. It originates its links, and the ISP its
// customer's.
func planOf(host string, families []bool) router.Plan {
	p := router.Plan{ASN: systems[host]}
	for _, s := range segments {
		own := s.stop(host)
		if own == nil {
			continue
		}
		for _, six := range families {
			here := s.address(*own, six)
			p.Networks = append(p.Networks, here.Masked())
			if !six {
				p.ID = here.Addr()
			}
			for _, at := range s.stops {
				if asn := systems[at.host]; at.host != host && asn != 0 {
					p.Neighbors = append(p.Neighbors, router.Neighbor{Own: here.Addr(), Address: s.address(at, six).Addr(), ASN: asn, BFD: s.name == exchange})
				}
			}
		}
	}
	if host == "isp1" {
		p.Networks = append(p.Networks, clientAddr.Masked())
		if len(families) > 1 {
			p.Networks = append(p.Networks, clientAddr6.Masked())
		}
	}
	return p
}
