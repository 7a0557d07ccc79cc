package oracle

import (
	"maps"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// natGateway makes a VPC's NAT gateway anew where the VPC has none, or changes its state or its addresses.
func (g *generator) natGateway(r *region, v int) []vpc.Edit {
	nat := r.natIn(v)
	switch {
	case nat.NatGatewayId == "":
		return g.natBegins(r, v)
	case nat.State == "pending" && g.oneIn(4):
		return g.natEnds(nat, "failed")
	case nat.State == "pending":
		nat.State = "available"
		return edit("NatGateways", nat.NatGatewayId, &nat)
	case nat.State == "deleting":
		return g.natEnds(nat, "deleted")
	case nat.AvailabilityMode != "regional" && g.oneIn(2):
		return g.natAddress(nat)
	case g.oneIn(2):
		nat.State = "deleting"
		return edit("NatGateways", nat.NatGatewayId, &nat)
	}
	return g.natEnds(nat, "deleted")
}

// natEnds deletes a NAT gateway with its ENIs: "target gone → blackhole". EC2 tells of the gateway for a while.
func (g *generator) natEnds(nat ec2.NatGateway, state string) (edits []vpc.Edit) {
	for _, e := range g.w.Config.NetworkInterfaces {
		if of := g.w.natOf(&e); of != nil && of.NatGatewayId == nat.NatGatewayId {
			edits = append(edits, vpc.Edit{Kind: "NetworkInterfaces", ID: e.NetworkInterfaceId})
		}
	}
	if nat.State = state; g.oneIn(2) {
		edits = append(edits, edit("NatGateways", nat.NatGatewayId, &nat)...)
	} else {
		edits = append(edits, vpc.Edit{Kind: "NatGateways", ID: nat.NatGatewayId})
	}
	edits = append(edits, g.natParts(nat.NatGatewayId, nil)...)
	return append(edits, g.leads("blackhole", func(r *ec2.Route) bool { return r.NatGatewayId == nat.NatGatewayId })...)
}

// natParts has Placement tell the ENIs that stand for a regional NAT gateway; nil: none do.
func (g *generator) natParts(id string, parts map[string]string) []vpc.Edit {
	place := g.w.Config.Placement
	if len(place.NatGateways[id]) == 0 && len(parts) == 0 {
		return nil
	}
	if place.NatGateways = maps.Clone(place.NatGateways); place.NatGateways == nil {
		place.NatGateways = map[string]map[string]string{}
	}
	delete(place.NatGateways, id)
	if len(parts) > 0 {
		place.NatGateways[id] = parts
	}
	return edit(vpc.KindRegionPlacement, "", &place)
}

// natBegins makes a NAT gateway for a VPC, which is pending at first or not, and leads the routes to it that led to one that is
// gone.
func (g *generator) natBegins(r *region, v int) (edits []vpc.Edit) {
	config := *g.w.Config
	config.NatGateways, config.NetworkInterfaces = slices.Clone(config.NatGateways), slices.Clone(config.NetworkInterfaces)
	config.Placement.Cards, config.Placement.NatGateways = slices.Clone(config.Placement.Cards), maps.Clone(config.Placement.NatGateways)
	r.Config = &config
	if r.natGateway(v); g.enis > 240 || len(config.NatGateways) == len(g.w.Config.NatGateways) {
		return nil
	}
	g.enis = r.enis
	nat := config.NatGateways[len(config.NatGateways)-1]
	if g.oneIn(2) {
		nat.State = "pending"
	}
	for _, e := range config.NetworkInterfaces[len(g.w.Config.NetworkInterfaces):] {
		if slices.ContainsFunc(g.addresses(e), func(a netip.Addr) bool { return g.w.Owner(nat.VpcId, a) != nil }) || !g.isFree(e) {
			return nil
		}
		card := slices.IndexFunc(config.Placement.Cards, func(c vpc.CardPlacement) bool { return slices.Contains(c.NetworkInterfaces, e.NetworkInterfaceId) })
		edits = append(edits, edit("NetworkInterfaces", e.NetworkInterfaceId, &e)...)
		edits = append(edits, edit(vpc.KindENIPlacement, e.NetworkInterfaceId, &vpc.ENIPlacement{Card: config.Placement.Cards[card].Name})...)
	}
	edits = append(edits, edit("NatGateways", nat.NatGatewayId, &nat)...)
	edits = append(edits, g.natParts(nat.NatGatewayId, config.Placement.NatGateways[nat.NatGatewayId])...)
	if t := r.natTable(v, nat); t.RouteTableId != "" && !slices.ContainsFunc(config.RouteTables, func(of ec2.RouteTable) bool { return of.RouteTableId == t.RouteTableId }) {
		g.detached(&t)
		edits = append(edits, edit("RouteTables", t.RouteTableId, &t)...)
	}
	return append(edits, g.natAgain(nat)...)
}

// natAgain leads routes of a VPC whose NAT gateway is gone to the new one.
func (g *generator) natAgain(nat ec2.NatGateway) (edits []vpc.Edit) {
	for _, t := range g.w.Config.RouteTables {
		if t.VpcId != nat.VpcId || g.oneIn(4) {
			continue
		}
		t.Routes = slices.Clone(t.Routes)
		for i := range t.Routes {
			if r := &t.Routes[i]; r.NatGatewayId != "" && r.State == "blackhole" {
				r.NatGatewayId, r.State = nat.NatGatewayId, "active"
			}
		}
		edits = append(edits, edit("RouteTables", t.RouteTableId, &t)...)
	}
	return edits
}

// natAddress gives a NAT gateway a further address, or has it give up one that is not its primary one: at first no
// connection begins from that one, then it is gone.
func (g *generator) natAddress(nat ec2.NatGateway) []vpc.Edit {
	all, last := slices.Clone(nat.NatGatewayAddresses), len(nat.NatGatewayAddresses)-1
	e := *g.w.ENI(all[0].NetworkInterfaceId)
	own := slices.Clone(e.PrivateIpAddresses)
	leaving := map[bool]string{true: "disassociating", false: "unassigning"}[all[last].PublicIp.IsValid()]
	switch {
	case last > 0 && all[last].Status == leaving:
		all, own = all[:last], slices.DeleteFunc(own, func(a ec2.NetworkInterfacePrivateIpAddress) bool { return a.PrivateIpAddress == all[last].PrivateIp })
	case last > 0 && g.oneIn(2):
		all[last].Status = leaving
	case last < 3:
		a := ec2.NetworkInterfacePrivateIpAddress{PrivateIpAddress: all[last].PrivateIp.Next()}
		of := ec2.NatGatewayAddress{NetworkInterfaceId: e.NetworkInterfaceId, PrivateIp: a.PrivateIpAddress, Status: "succeeded"}
		if all[0].PublicIp.IsValid() {
			public := all[0].PublicIp.As4()
			public[2] = byte(8 + last + 1)
			of.PublicIp = netip.AddrFrom4(public)
			a.Association = &ec2.NetworkInterfaceAssociation{PublicIp: of.PublicIp}
		}
		if g.w.Owner(nat.VpcId, a.PrivateIpAddress) != nil {
			return nil
		}
		all, own = append(all, of), append(own, a)
	}
	nat.NatGatewayAddresses, e.PrivateIpAddresses = all, own
	return append(edit("NatGateways", nat.NatGatewayId, &nat), edit("NetworkInterfaces", e.NetworkInterfaceId, &e)...)
}
