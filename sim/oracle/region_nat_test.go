package oracle

import (
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// natGateway gives some VPCs of several subnets a NAT gateway in the last one, or a regional
// one.
func (r *region) natGateway(v int) {
	subnets := r.subnetsOf(name("vpc", v))
	home := subnets[len(subnets)-1]
	if len(subnets) < 2 || !home.CidrBlock.IsValid() || r.oneIn(3) {
		return
	}
	g := ec2.NatGateway{NatGatewayId: name("nat", r.enis, v), VpcId: name("vpc", v), SubnetId: home.SubnetId, State: "available", ConnectivityType: one(r.dice, []string{"public", "public", "private"})}
	if r.oneIn(4) {
		r.regional(v, &g, home)
	} else {
		e := r.natENI(home, g.ConnectivityType != "private")
		for i, a := range e.PrivateIpAddresses {
			of := ec2.NatGatewayAddress{NetworkInterfaceId: e.NetworkInterfaceId, PrivateIp: a.PrivateIpAddress, IsPrimary: i == 0, Status: "succeeded"}
			if a.Association != nil {
				of.PublicIp = a.Association.PublicIp
			}
			g.NatGatewayAddresses = append(g.NatGatewayAddresses, of)
		}
	}
	r.NatGateways = append(r.NatGateways, g)
}

// regional makes a NAT gateway a regional one, with a part in one zone or in both.
func (r *region) regional(v int, g *ec2.NatGateway, home ec2.Subnet) {
	g.SubnetId, g.ConnectivityType, g.AvailabilityMode, g.RouteTableId = "", "public", "regional", name("rtb", v, 2)
	parts := map[string]string{}
	for _, zone := range []string{name("zone", 0), name("zone", 1)}[:r.upTo(1, 2)] {
		e := r.natENI(home, true)
		parts[zone] = e.NetworkInterfaceId
		for _, a := range e.PrivateIpAddresses {
			g.NatGatewayAddresses = append(g.NatGatewayAddresses, ec2.NatGatewayAddress{PublicIp: a.Association.PublicIp, AvailabilityZone: zone, Status: "succeeded"})
		}
	}
	if r.Placement.NatGateways == nil {
		r.Placement.NatGateways = map[string]map[string]string{}
	}
	r.Placement.NatGateways[g.NatGatewayId] = parts
}

// natTable is the route table of a regional NAT gateway of a VPC; of others there is none.
func (r *region) natTable(v int, g ec2.NatGateway) ec2.RouteTable {
	return ec2.RouteTable{RouteTableId: g.RouteTableId, VpcId: g.VpcId, Routes: append(r.locals(v),
		ec2.Route{DestinationCidrBlock: anyone, GatewayId: name("igw", v), Origin: "CreateRoute", State: "active"})}
}

// natENI adds the ENI of a NAT gateway, with some addresses.
func (r *region) natENI(home ec2.Subnet, public bool) ec2.NetworkInterface {
	r.enis++
	n := r.enis
	e := ec2.NetworkInterface{NetworkInterfaceId: name("eni", n), VpcId: home.VpcId, SubnetId: home.SubnetId, MacAddress: macOf(n),
		InterfaceType: "nat_gateway", SourceDestCheck: new(bool)}
	private := home.CidrBlock.Addr().As4()
	for i := range r.upTo(1, 3) {
		private[3] = byte(60 + 4*n%60 + i)
		a := ec2.NetworkInterfacePrivateIpAddress{Primary: i == 0, PrivateIpAddress: netip.AddrFrom4(private)}
		if public {
			a.Association = &ec2.NetworkInterfaceAssociation{PublicIp: netip.AddrFrom4([4]byte{35, 72, byte(8 + i), byte(n)})}
		}
		e.PrivateIpAddresses = append(e.PrivateIpAddresses, a)
	}
	r.NetworkInterfaces = append(r.NetworkInterfaces, e)
	card := &r.Placement.Cards[r.IntN(len(r.Placement.Cards))]
	card.NetworkInterfaces = append(card.NetworkInterfaces, e.NetworkInterfaceId)
	return e
}

// natIn is a VPC's NAT gateway, the zero NatGateway if the VPC has none but some that are gone.
func (r *region) natIn(v int) (of ec2.NatGateway) {
	for _, g := range r.NatGateways {
		if g.VpcId == name("vpc", v) && !isOver(g) {
			return g
		}
	}
	return of
}

// isOver tells whether a NAT gateway is gone for good.
func isOver(g ec2.NatGateway) bool { return g.State == "deleted" || g.State == "failed" }

// hasNAT tells whether a VPC has a NAT gateway.
func (r *region) hasNAT(v int) bool { return r.natIn(v).NatGatewayId != "" }

// peersByNAT has a table of a VPC's clients lead to peers through the NAT gateway.
func (r *region) peersByNAT(v int, t *ec2.RouteTable) {
	if t.Associations[0].Main {
		return
	}
	for i := range t.Routes {
		if route := &t.Routes[i]; route.VpcPeeringConnectionId != "" && route.DestinationCidrBlock.IsValid() {
			route.VpcPeeringConnectionId, route.NatGatewayId = "", r.natIn(v).NatGatewayId
		}
	}
}

// refill fills a route table anew. A regional NAT gateway's own, which no subnet has, stays.
func (r *region) refill(t *ec2.RouteTable) {
	switch {
	case len(t.Associations) == 0:
	case t.Associations[0].GatewayId != "":
		r.inward(t)
	default:
		r.routes(number0(t.VpcId), t)
	}
}
