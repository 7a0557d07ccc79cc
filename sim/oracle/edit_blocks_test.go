package oracle

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// blocks gives a VPC a further block, takes one from it, or makes or deletes a subnet.
func (g *generator) blocks(r *region, v int) []vpc.Edit {
	subnets := r.subnetsOf(name("vpc", v))
	last := subnets[len(subnets)-1]
	if number0(last.SubnetId) < 9 && g.oneIn(4) {
		s := r.subnet(v, number0(last.SubnetId)+1)
		return edit("Subnets", s.SubnetId, &s)
	}
	if number0(last.SubnetId) > 2 && g.oneIn(3) {
		return g.subnetGoes(last)
	}
	return g.furtherBlock(r, v, one(g.dice, r.further(v)))
}

// subnetGoes deletes a subnet in which there is no ENI, with the routes to its blocks. The first subnets, which tables and ACLs
// name, stay.
func (g *generator) subnetGoes(s ec2.Subnet) []vpc.Edit {
	if len(g.neighborsIn(s)) > 0 || slices.ContainsFunc(g.w.Config.NatGateways, func(n ec2.NatGateway) bool { return n.SubnetId == s.SubnetId }) {
		return nil
	}
	gone := []netip.Prefix{s.CidrBlock}
	for _, block := range s.Ipv6CidrBlockAssociationSet {
		gone = append(gone, block.Ipv6CidrBlock)
	}
	return append(g.rerouted(s.VpcId, gone, nil), vpc.Edit{Kind: "Subnets", ID: s.SubnetId})
}

// furtherBlock has a VPC get a block, or lose it if no subnet is in it: with the block, local routes come and go.
func (g *generator) furtherBlock(r *region, v int, block netip.Prefix) []vpc.Edit {
	of := r.vpcOf(v)
	had := slices.Contains(blocksOf(of), block)
	used := slices.ContainsFunc(g.w.Config.Subnets, func(s ec2.Subnet) bool {
		return s.VpcId == of.VpcId && (s.CidrBlock.IsValid() && block.Overlaps(s.CidrBlock) || slices.ContainsFunc(s.Ipv6CidrBlockAssociationSet, func(a ec2.SubnetIpv6CidrBlockAssociation) bool { return block.Overlaps(a.Ipv6CidrBlock) }))
	})
	switch {
	case used || block.Addr().Is6() && !r.has6(v):
		return nil
	case had && g.oneIn(2):
		setBlock(&of, block, "")
	case had || g.oneIn(4):
		setBlock(&of, block, one(g.dice, goneStates))
	default:
		setBlock(&of, block, "associated")
	}
	var local []ec2.Route
	if slices.Contains(blocksOf(of), block) {
		local = []ec2.Route{toBlock(block, ec2.Route{GatewayId: "local", Origin: "CreateRouteTable", State: "active"})}
	}
	return append(edit("Vpcs", of.VpcId, &of), g.rerouted(of.VpcId, []netip.Prefix{block}, local)...)
}

// rerouted has all tables of a VPC lose their routes to some blocks, and get others.
func (g *generator) rerouted(vpcID string, gone []netip.Prefix, others []ec2.Route) (edits []vpc.Edit) {
	for _, t := range g.w.Config.RouteTables {
		if t.VpcId != vpcID {
			continue
		}
		kept := without(t.Routes, func(r ec2.Route) bool {
			return slices.Contains(gone, r.DestinationCidrBlock) && r.DestinationCidrBlock.IsValid() || slices.Contains(gone, r.DestinationIpv6CidrBlock) && r.DestinationIpv6CidrBlock.IsValid()
		})
		if t.Routes = append(kept, others...); len(others) > 0 || len(gone) > 0 {
			edits = append(edits, edit("RouteTables", t.RouteTableId, &t)...)
		}
	}
	return edits
}
