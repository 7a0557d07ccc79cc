//go:build linux

package lab

import (
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// whole is a copy of a configuration as the oracle has to be told it. The oracle takes a region for
// whole, as EC2 has it; of a dump lists may be missing, and cards then do what their notices say.
func whole(c *vpc.Config) *vpc.Config {
	next := *c
	next.NetworkAcls = listed(c)
	for _, v := range c.Vpcs {
		if !slices.ContainsFunc(c.RouteTables, func(t ec2.RouteTable) bool { return t.VpcId == v.VpcId && isMain(t) }) {
			next.RouteTables = append(slices.Clip(next.RouteTables), localTable(v))
		}
		if c.InternetGateways == nil && slices.ContainsFunc(c.RouteTables, func(t ec2.RouteTable) bool { return t.VpcId == v.VpcId && leadsOut(t) }) {
			attached := ec2.InternetGateway{Attachments: []ec2.InternetGatewayAttachment{{VpcId: v.VpcId}}}
			next.InternetGateways = append(next.InternetGateways, attached)
		}
	}
	return &next
}

// listed are the network ACLs for the subnets that they name alone, where an answer of EC2 told them: it names
// the subnets of a default ACL, too, and cards take one that no answer names for one without an ACL.
func listed(c *vpc.Config) []ec2.NetworkAcl {
	all := slices.Clone(c.NetworkAcls)
	for i, at := range c.Places["NetworkAcls"] {
		all[i].IsDefault = all[i].IsDefault && !at.Answer
	}
	return all
}

// leadsOut tells whether a route table has a route to an internet gateway.
func leadsOut(t ec2.RouteTable) bool {
	return slices.ContainsFunc(t.Routes, func(r ec2.Route) bool { return strings.HasPrefix(r.GatewayId, "igw-") })
}

// isMain tells whether a route table is its VPC's main one.
func isMain(t ec2.RouteTable) bool {
	return slices.ContainsFunc(t.Associations, func(a ec2.RouteTableAssociation) bool { return a.Main })
}

// localTable is what cards take for the main route table of a VPC that has none.
func localTable(v ec2.Vpc) ec2.RouteTable {
	t := ec2.RouteTable{VpcId: v.VpcId, Associations: []ec2.RouteTableAssociation{{Main: true}}}
	add := func(four, six netip.Prefix) {
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: four, DestinationIpv6CidrBlock: six, GatewayId: "local"})
	}
	add(v.CidrBlock, netip.Prefix{})
	for _, b := range v.CidrBlockAssociationSet {
		add(b.CidrBlock, netip.Prefix{})
	}
	for _, b := range v.Ipv6CidrBlockAssociationSet {
		add(netip.Prefix{}, b.Ipv6CidrBlock)
	}
	return t
}
