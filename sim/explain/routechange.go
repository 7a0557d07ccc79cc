package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// routes lead to where the packet's destination is.
func (f *fall) routes() (all []Change) {
	table, ok := f.base.Edit("RouteTables", f.hop.ENI.Routes()).Object.(*ec2.RouteTable)
	if !ok {
		return nil
	}
	e, dst := f.hop.ENI, f.pass.Packet.Dst
	for _, p := range e.Peers() {
		if p.Has(wire.AddrFrom(dst)) {
			if to := p.Holder(wire.AddrFrom(dst)); to != nil {
				all = append(all, f.route(table, subnetOf(to, dst), ec2.Route{VpcPeeringConnectionId: p.ID}))
			}
		}
	}
	if dst.IsPrivate() || e.Neighbor(wire.AddrFrom(dst)) != nil {
		return all
	}
	everywhere := netip.PrefixFrom(dst, 0).Masked()
	if id := f.gatewayOf(e.VPC.ID); id != "" {
		all = append(all, f.route(table, everywhere, ec2.Route{GatewayId: id}))
	}
	for i := range f.cfg.NatGateways {
		if nat := &f.cfg.NatGateways[i]; dst.Is4() && nat.VpcId == e.VPC.ID && nat.ConnectivityType != "private" {
			all = append(all, f.route(table, everywhere, ec2.Route{NatGatewayId: nat.NatGatewayId}))
		}
	}
	return all
}

// subnetOf is the block of an ENI's subnet that has an address.
func subnetOf(e *vpc.ENI, a netip.Addr) netip.Prefix {
	if a.Is4() {
		return e.Subnet.Prefix.Masked()
	}
	return e.Subnet.Prefix6.Masked()
}

// route is a table with a route, in the place of one to the same destination.
func (f *fall) route(table *ec2.RouteTable, dest netip.Prefix, r ec2.Route) Change {
	r.Origin, r.State = "CreateRoute", "active"
	if dest.Addr().Is4() {
		r.DestinationCidrBlock = dest
	} else {
		r.DestinationIpv6CidrBlock = dest
	}
	next, do := *table, "add to"
	next.Routes = slices.DeleteFunc(slices.Clone(table.Routes), func(o ec2.Route) bool {
		same := o.DestinationCidrBlock == r.DestinationCidrBlock && o.DestinationIpv6CidrBlock == r.DestinationIpv6CidrBlock && o.DestinationPrefixListId == ""
		if same {
			do = "replace in"
		}
		return same
	})
	next.Routes = append(next.Routes, r)
	via := strings.Join([]string{r.GatewayId, r.NatGatewayId, r.VpcPeeringConnectionId}, "")
	return Change{Text: fmt.Sprintf("%s route table %s the route %s to %s", do, table.RouteTableId, dest, via),
		Edits: []vpc.Edit{{Kind: "RouteTables", ID: table.RouteTableId, Object: &next}}}
}
