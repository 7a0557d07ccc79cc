package oracle

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// natENIs are the ENIs by which a NAT gateway serves a subnet, none if the gateway is gone. A
// regional gateway has "no subnet, no ENI in a subnet": an ENI of Placement's stands for the
// gateway in a zone. Ours: a zone without one is served by any other.
func (w *World) natENIs(id string, of *ec2.Subnet) (all []*ec2.NetworkInterface) {
	for _, g := range w.Config.NatGateways {
		if g.NatGatewayId != id || carries(&g) == no {
			continue
		}
		if g.AvailabilityMode != "regional" {
			return w.enis(natPrimary(g))
		}
		parts := w.Config.Placement.NatGateways[id]
		for zone, eni := range parts {
			if zone == of.AvailabilityZone || zone == of.AvailabilityZoneId {
				return w.enis(eni)
			}
			all = append(all, w.enis(eni)...)
		}
	}
	return all
}

// carries tells whether a NAT gateway's state lets it carry packets: one that is pending "is not ready to process traffic",
// one that is being deleted "may still be processing traffic", and one that is deleted "is no longer" (EC2 API, NatGateway).
func carries(g *ec2.NatGateway) answer {
	switch g.State {
	case "", "available":
		return yes
	case "deleting":
		return unknown
	}
	return no
}

// enis is the ENI of an ID as a list.
func (w *World) enis(id string) []*ec2.NetworkInterface {
	if e := w.ENI(id); e != nil {
		return []*ec2.NetworkInterface{e}
	}
	return nil
}

// natPrimary is the ENI of a NAT gateway's primary address.
func natPrimary(g ec2.NatGateway) (eni string) {
	for i, a := range g.NatGatewayAddresses {
		if i == 0 || a.IsPrimary {
			eni = a.NetworkInterfaceId
		}
	}
	return eni
}

// natOf is the NAT gateway of an ENI, nil if the ENI is not of one.
func (w *World) natOf(e *ec2.NetworkInterface) *ec2.NatGateway {
	for i := range w.Config.NatGateways {
		g := &w.Config.NatGateways[i]
		for _, eni := range w.Config.Placement.NatGateways[g.NatGatewayId] {
			if eni == e.NetworkInterfaceId {
				return g
			}
		}
		for _, a := range g.NatGatewayAddresses {
			if a.NetworkInterfaceId == e.NetworkInterfaceId {
				return g
			}
		}
	}
	return nil
}

// isRegional tells whether an ENI stands for a regional NAT gateway, which is in no subnet.
func (w *World) isRegional(nat *ec2.NetworkInterface) bool {
	return w.natOf(nat).AvailabilityMode == "regional"
}

// natAddresses are the addresses that a NAT gateway sends from: "2 addresses by default, 8 at
// most", those of a regional gateway by its ENI's.
func (w *World) natAddresses(nat *ec2.NetworkInterface) (all []netip.Addr) {
	if w.isRegional(nat) {
		for _, a := range nat.PrivateIpAddresses {
			all = append(all, a.PrivateIpAddress)
		}
		return all
	}
	for _, a := range w.natOf(nat).NatGatewayAddresses {
		if a.Status == "" || a.Status == "succeeded" {
			all = append(all, a.PrivateIp)
		}
	}
	return all
}

// sendsFrom tells whether connections of a NAT gateway may go on from an address: also from one that the gateway gives up, until
// EC2 releases the address after "the maximum amount of time to wait … if connections are still in progress" (EC2 API,
// UnassignPrivateNatGatewayAddress).
func (w *World) sendsFrom(nat *ec2.NetworkInterface, a netip.Addr) answer {
	if slices.Contains(w.natAddresses(nat), a) {
		return yes
	}
	for _, of := range w.natOf(nat).NatGatewayAddresses {
		if of.PrivateIp == a && (of.Status == "unassigning" || of.Status == "disassociating") {
			return yes
		}
	}
	return no
}

// isPublicOf tells whether a public address is one of a NAT gateway's.
func (w *World) isPublicOf(nat *ec2.NetworkInterface, a netip.Addr) bool {
	e, _ := w.PublicOwner(a)
	return e == nat
}
