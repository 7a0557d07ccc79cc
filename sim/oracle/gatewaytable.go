package oracle

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// gatewayTable is the route table of a VPC's internet gateway, nil if it has none.
func (w *World) gatewayTable(vpc string) *ec2.RouteTable {
	for i := range w.Config.RouteTables {
		t := &w.Config.RouteTables[i]
		if t.VpcId == vpc && slices.ContainsFunc(t.Associations, func(a ec2.RouteTableAssociation) bool { return a.GatewayId != "" }) {
			return t
		}
	}
	return nil
}

// inwardRoute is the route by which the internet gateway of a VPC brings packets for an address to a middlebox
// first; nil if it brings them straight. "Gateway route table: only local, ENI, GWLB endpoint."
func (w *World) inwardRoute(vpc string, private netip.Addr) *ec2.Route {
	t := w.gatewayTable(vpc)
	if t == nil {
		return nil
	}
	if r := w.routeIn(t, private); r != nil && r.GatewayId != "local" {
		return r
	}
	return nil
}

// inByTable is the way from the internet gateway to an ENI, or to a middlebox first. An egress-only gateway has
// no route table: "Gateway route table (IGW/VGW edge association)".
func (y *way) inByTable(to *ec2.NetworkInterface, back *ec2.Route) []Outcome {
	r := y.w.inwardRoute(y.w.VPC(to), y.p.Dst)
	if r == nil || y.p.Src.Is6() && back != nil && isEgressOnly(*back) {
		return y.arrive(to, true)
	}
	first := y.w.middleboxOf(r)
	switch {
	case r.State == "blackhole" || first == nil:
		return y.drop(Blackhole)
	case first == to:
		return y.arrive(to, true)
	case !y.w.hasPublic(first) && y.p.Dst.Is4():
		return y.drop(Blackhole) // "target ENI must … via IGW, have a public IP"
	case !y.w.hasPublic(first):
		y.maybe(Blackhole) // whether IPv6 needs a public address, too, AWS does not tell
	}
	// Ours: a middlebox gets what it sent itself, too, for the gateway asks nobody who sent a packet.
	y.detour = true
	return y.arrive(first, true)
}

// hasPublic tells whether an ENI has a public address.
func (w *World) hasPublic(e *ec2.NetworkInterface) bool {
	return slices.ContainsFunc(e.PrivateIpAddresses, func(a ec2.NetworkInterfacePrivateIpAddress) bool {
		return w.publicOf(e, a.PrivateIpAddress).IsValid()
	})
}

// passesBy tells whether what an ENI sends to the internet passes by the middlebox through which the answers
// come: "a subnet redirected by a gateway table cannot use the internet gateway directly".
func (w *World) passesBy(e *ec2.NetworkInterface, src netip.Addr, by *ec2.Route) answer {
	r := w.inwardRoute(w.VPC(e), src)
	if r == nil || isEgressOnly(*by) {
		return no
	}
	first := w.middleboxOf(r)
	switch {
	case first == e:
		return no
	case r.State == "blackhole" || first == nil || !w.hasPublic(first):
		return unknown // a middlebox that there is not, AWS does not tell
	}
	return yes
}
