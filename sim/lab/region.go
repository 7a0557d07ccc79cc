//go:build linux

package lab

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// region is what the lab has to build, as the configuration says it.
type region struct {
	cards   []string
	places  map[string]string // of the cards' servers, for people: rack and availability zone
	guests  []guest
	public  []announced
	nats    []natGateway
	edge    edge
	driver  string      // of the cards' ports
	reading vpc.Reading // of the configuration
	// controlled: the cards follow a controller.
	controlled bool
	// foreign: one edge that is not ours, and the client on its link.
	foreign bool
	// routers is who speaks BGP on the way to the edges.
	routers string
	virtual map[string]*machinery // of the guests that are virtual machines, by name
}

// edge is the router between internet and underlay.
type edge struct {
	vtep netip.Prefix
	mac  net.HardwareAddr // inner, in every VNI
}

// announced is a public address that the edge carries into a VPC.
type announced struct {
	Addr netip.Addr
	MAC  net.HardwareAddr
	VNI  uint32
	VTEP netip.Addr
}

// natGateway is a NAT gateway, whose guest is a part of its card.
type natGateway struct {
	ID, ENI, Card string
	Addr, Public  netip.Addr // Public is invalid of a private one
}

// readRegion compiles the configuration for each card, as the cards will,
// and reads what it is about.
func readRegion(c *vpc.Config) (*region, error) {
	r := &region{reading: readingFor(c), places: map[string]string{}}
	for _, card := range c.Placement.Cards {
		if card.Name == absent {
			continue
		}
		policy, err := vpc.Compile(c, vpc.CompileOptions{Card: card.Name})
		if err != nil {
			return nil, err
		}
		r.cards = append(r.cards, card.Name)
		if card.Rack != "" {
			r.places[card.Name] = fmt.Sprintf(" (%s, %s)", card.Rack, card.AvailabilityZone)
		}
		for e := range policy.All() {
			r.announce(policy, e)
			if e.NAT == nil {
				r.guests = append(r.guests, newGuest(policy, e))
			} else {
				r.nats = append(r.nats, natGateway{e.NAT.ID, e.ID, card.Name, e.Primary.Netip(), e.Public().Netip()})
			}
			r.edge = newEdge(policy, e.VPC) // each time the same
		}
	}
	if len(r.cards) == 0 {
		return nil, errors.New("the lab needs Placement.Cards: the servers to build")
	}
	slices.SortFunc(r.guests, func(a, b guest) int { return cmp.Compare(a.Nick, b.Nick) })
	return r, nil
}

// announce has the edge carry the public addresses of an ENI. Those of IPv6 are public
// themselves.
func (r *region) announce(p *vpc.Policy, e *vpc.OwnENI) {
	for _, a := range e.Addrs() {
		public := a.Public
		if a.Private.IsGlobal6() {
			public = a.Private
		}
		if !public.IsZero() {
			r.public = append(r.public, announced{public.Netip(), hardware(e.MAC), e.VNI, p.Card.VTEP.Netip()})
		}
	}
}

func newGuest(p *vpc.Policy, e *vpc.OwnENI) guest {
	g := guest{
		Nick:      strings.TrimPrefix(e.ID, "eni-"),
		ENI:       e.ID,
		Card:      p.Card.Name,
		VPC:       e.VPC.ID,
		VNI:       e.VNI,
		MAC:       hardware(e.MAC),
		Forwards:  !e.SourceDestCheck,
		RouterMAC: hardware(e.RouterMAC),
		Public:    e.Public().Netip(),
		VTEP:      p.Card.VTEP.Netip(),
	}
	if !e.Primary.IsZero() {
		g.Addr = netip.PrefixFrom(e.Primary.Netip(), e.Subnet.Prefix.Bits())
		g.Router = e.Subnet.Prefix.Masked().Addr().Next() // EC2's router is the first address
	}
	for _, a := range e.Addrs() {
		if a.Private.IsGlobal6() && !g.Addr6.IsValid() {
			g.Addr6 = a.Private.Netip()
		}
	}
	return g
}

// newEdge reads where the edge is from a VPC's station of it.
func newEdge(p *vpc.Policy, v *vpc.VPC) edge {
	station := p.Region.Station(v.Station)
	return edge{
		vtep: netip.PrefixFrom(p.Region.VTEPs()[station.VTEP].Addr.Netip(), p.Card.Prefix.Bits()),
		mac:  hardware(station.Dst),
	}
}

func hardware(m wire.MAC) net.HardwareAddr { return net.HardwareAddr(m[:]) }
