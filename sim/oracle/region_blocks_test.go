package oracle

import (
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// further are the blocks that a VPC may have beside its first ones: of RFC 6598, public ones that are the VPC's own, and of IPv6. As
// with first ones, those of VPCs without peers are equal.
func (r *region) further(v int) []netip.Prefix {
	six, second := cidr6Of(v).Addr().As16(), byte(0)
	if six[5] = 1; len(r.VpcPeeringConnections) > 0 {
		second = byte(v)
	}
	return []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64 + second, 0, 0}), 16),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{44, second, 0, 0}), 16),
		netip.PrefixFrom(netip.AddrFrom16(six), 56),
	}
}

// States of a block in which it is no part of its VPC.
var goneStates = []string{"associating", "disassociating", "disassociated", "failing", "failed"}

// furtherBlocks gives some VPCs further blocks.
func (r *region) furtherBlocks(v int) {
	for _, block := range r.further(v) {
		if r.oneIn(4) {
			setBlock(&r.Vpcs[v], block, "associated")
		}
	}
}

// setBlock has a further block of a VPC be in a state; "": it is none.
func setBlock(v *ec2.Vpc, block netip.Prefix, state string) {
	if v.CidrBlockAssociationSet == nil { // which tells the first block, too
		v.CidrBlockAssociationSet = []ec2.VpcCidrBlockAssociation{{CidrBlock: v.CidrBlock, CidrBlockState: ec2.VpcCidrBlockState{State: "associated"}}}
	}
	v.CidrBlockAssociationSet = without(v.CidrBlockAssociationSet, func(a ec2.VpcCidrBlockAssociation) bool { return a.CidrBlock == block })
	v.Ipv6CidrBlockAssociationSet = without(v.Ipv6CidrBlockAssociationSet, func(a ec2.VpcIpv6CidrBlockAssociation) bool { return a.Ipv6CidrBlock == block })
	switch of := (ec2.VpcCidrBlockState{State: state}); {
	case state == "":
	case block.Addr().Is4():
		v.CidrBlockAssociationSet = append(v.CidrBlockAssociationSet, ec2.VpcCidrBlockAssociation{CidrBlock: block, CidrBlockState: of})
	default:
		v.Ipv6CidrBlockAssociationSet = append(v.Ipv6CidrBlockAssociationSet, ec2.VpcIpv6CidrBlockAssociation{Ipv6CidrBlock: block, Ipv6CidrBlockState: of})
	}
}

// vpcOf is a VPC by its number.
func (r *region) vpcOf(v int) (of ec2.Vpc) {
	for _, of := range r.Vpcs {
		if of.VpcId == name("vpc", v) {
			return of
		}
	}
	return of
}

// blocksIn are a VPC's blocks of a family.
func (r *region) blocksIn(v int, six bool) (all []netip.Prefix) {
	for _, block := range blocksOf(r.vpcOf(v)) {
		if block.Addr().Is6() == six {
			all = append(all, block)
		}
	}
	return all
}

// blockFor is the IPv4 block of a VPC's subnet of a number, in one of the VPC's.
func (r *region) blockFor(v, s int) netip.Prefix {
	a := one(r.dice, r.blocksIn(v, false)).Addr().As4()
	a[2] = byte(s)
	return netip.PrefixFrom(netip.AddrFrom4(a), 24)
}

// block6For is blockFor of IPv6.
func (r *region) block6For(v, s int) netip.Prefix {
	a := one(r.dice, r.blocksIn(v, true)).Addr().As16()
	a[7] = byte(s)
	return netip.PrefixFrom(netip.AddrFrom16(a), 64)
}

// addressIn is the n-th IPv4 address of a subnet.
func addressIn(s ec2.Subnet, n int) netip.Addr {
	a := s.CidrBlock.Addr().As4()
	a[3] = byte(n)
	return netip.AddrFrom4(a)
}

// toBlock is a route to a block.
func toBlock(block netip.Prefix, route ec2.Route) ec2.Route {
	if block.Addr().Is4() {
		route.DestinationCidrBlock = block
	} else {
		route.DestinationIpv6CidrBlock = block
	}
	return route
}

// locals are the local routes of a VPC: "one local route per VPC CIDR".
func (r *region) locals(v int) (all []ec2.Route) {
	for _, block := range blocksOf(r.vpcOf(v)) {
		all = append(all, toBlock(block, ec2.Route{GatewayId: "local", Origin: "CreateRouteTable", State: "active"}))
	}
	return all
}

// toPeer adds routes to most blocks of a peer, which may be blocks no more.
func (r *region) toPeer(v, peer int, by string, add func(ec2.Route)) {
	for _, block := range append([]netip.Prefix{cidrOf(peer), cidr6Of(peer)}, r.further(peer)...) {
		if (block.Addr().Is4() || r.has6(v)) && !r.oneIn(4) {
			add(toBlock(block, ec2.Route{VpcPeeringConnectionId: by}))
		}
	}
}
