package oracle

import "nitrocard/nic/vpc/ec2"

// gatewayTable gives the internet gateway of some VPCs of several subnets a route table, which leads to an
// ENI of the last subnet first.
func (r *region) gatewayTable(v int) {
	if subnets := r.subnetsOf(name("vpc", v)); len(subnets) < 2 || !r.oneIn(3) {
		return
	}
	t := ec2.RouteTable{RouteTableId: name("rtb", v, 3), VpcId: name("vpc", v), Associations: []ec2.RouteTableAssociation{{GatewayId: name("igw", v)}}}
	r.inward(&t)
	r.RouteTables = append(r.RouteTables, t)
}

// inward fills the route table of an internet gateway anew: "only whole VPC or subnet CIDRs; no prefix
// lists".
func (r *region) inward(t *ec2.RouteTable) {
	t.Routes = r.locals(number0(t.VpcId))
	add := func(route ec2.Route) {
		route.State = "active"
		t.Routes = append(t.Routes, route)
	}
	subnets := r.subnetsOf(t.VpcId)
	last := subnets[len(subnets)-1]
	for _, e := range r.NetworkInterfaces {
		if e.SubnetId != last.SubnetId || e.Attachment == nil || r.oneIn(2) {
			continue
		}
		for _, s := range subnets[:len(subnets)-1] {
			if s.CidrBlock.IsValid() && !r.oneIn(3) {
				add(ec2.Route{DestinationCidrBlock: s.CidrBlock, NetworkInterfaceId: e.NetworkInterfaceId, Origin: "CreateRoute"})
			}
			if len(s.Ipv6CidrBlockAssociationSet) > 0 && !r.oneIn(3) {
				add(ec2.Route{DestinationIpv6CidrBlock: s.Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock, NetworkInterfaceId: e.NetworkInterfaceId, Origin: "CreateRoute"})
			}
		}
		return
	}
}

// subnetsOf are a VPC's.
func (r *region) subnetsOf(vpc string) (all []ec2.Subnet) {
	for _, s := range r.Subnets {
		if s.VpcId == vpc {
			all = append(all, s)
		}
	}
	return all
}
