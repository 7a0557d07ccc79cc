//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"strings"
)

// introduction says what was built.
func (s *stage) introduction() string {
	var b strings.Builder
	b.WriteString(s.wayHere())
	for _, card := range s.region.cards {
		for _, g := range s.region.guests {
			if g.Card == card {
				fmt.Fprintf(&b, "  ╠═ server %s%s, card %s: %s\n", card, s.region.places[card], g.VTEP, s.introduce(g))
			}
		}
		for _, n := range s.region.nats {
			if n.Card == card {
				fmt.Fprintf(&b, "  ╠═ server %s%s: %s  %s  %s, a part of the card\n", card, s.region.places[card], n.ID, n.Addr, publicWords(n.Public))
			}
		}
	}
	if s.controller != nil {
		fmt.Fprintf(&b, "  controller %s, with the region in its etcd: cards and edges follow it\n", s.controller.socket)
	}
	if s.region.driver == DPDK {
		b.WriteString("\nThe cards' ports are DPDK's net_af_packet. It cannot mend what a link leaves undone, so on links\n" +
			"to a card, guests and underlay finish checksums and segments themselves.\n")
	}
	return b.String() + "\n"
}

// wayHere is the map from the client to the underlay.
func (s *stage) wayHere() string {
	vtep := s.region.edge.vtep.Addr()
	if s.region.foreign {
		return fmt.Sprintf("client %s ── edge %s, the kernel's VXLAN ═══ underlay\n", clientAddr.Addr(), vtep)
	}
	at := func(edge string) netip.Addr { return addressAt(edge, exchange, false).Addr() }
	return fmt.Sprintf("client %s ── gateway ── isp1 ── isp2 ── carrier ── exchange ── edge1, edge2 ═══ underlay\n"+
		"  isp1 and isp2, AS%d, and carrier, AS%d, are %s; edge1 %s and edge2 %s, AS%d, announce the region\n"+
		"  to the carrier, and share tunnel end %s\n",
		clientAddr.Addr(), systems["isp1"], systems["carrier"], s.routers[0].daemon(), at("edge1"), at("edge2"), systems["edge1"], vtep)
}

// introduce says who a guest is. An ENI that the guest's name does not tell is named.
func (s *stage) introduce(g guest) string {
	kind := ""
	if s.region.virtual[g.Nick] != nil {
		kind = ", a virtual machine"
	}
	if g.Addr.IsValid() && g.Addr6.IsValid() {
		kind += ", " + g.Addr6.String()
	}
	if g.ENI != "eni-"+g.Nick {
		kind += ", " + g.ENI
	}
	return fmt.Sprintf("%s  %s  %s  %s, VNI %d%s", g.Nick, g.own(), publicWords(g.Public), g.VPC, g.VNI, kind)
}

// publicWords is a public address, or that there is none.
func publicWords(a netip.Addr) string {
	if !a.IsValid() {
		return "no public address"
	}
	return a.String()
}

// invitation says how to go into a lab that stays, with the program as its
// user calls it.
func (s *stage) invitation(program string) string {
	card, visited := s.region.cards[0], s.region.guests[0]
	for _, g := range s.region.guests {
		if g.Public.IsValid() {
			visited = g
			break
		}
	}
	visit := ""
	if visited.Public.IsValid() {
		visit = fmt.Sprintf("  %s lab exec client -- curl http://%s/\n", program, visited.Public)
	}
	return fmt.Sprintf(`The lab stays until Ctrl-C. From another terminal:

%[6]s  %[1]s lab exec %[2]s -- sh
  %[1]s lab exec %[3]s -- %[1]s get drops --socket %[4]s

hosts: %[5]s
`, program, visited.Nick, card, cardSocket(card), s.names(), visit)
}

// names are all hosts'.
func (w *world) names() string {
	var names []string
	for _, h := range w.hosts {
		names = append(names, h.Name)
	}
	return strings.Join(names, " ")
}
