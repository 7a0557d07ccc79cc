package oracle

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// newGenerator begins in a world.
func newGenerator(d dice, w *World, watched bool) *generator {
	return &generator{dice: d, w: w, watched: watched, enis: len(w.Config.NetworkInterfaces)}
}

// edits change one object, or an ENI and its place.
func (g *generator) edits() []vpc.Edit {
	r := &region{dice: g.dice, Config: g.w.Config, enis: g.enis}
	switch g.IntN(29) {
	case 0, 1:
		if t := one(g.dice, g.w.Config.RouteTables); true {
			r.refill(&t)
			g.detached(&t)
			return edit("RouteTables", t.RouteTableId, &t)
		}
	case 2, 3:
		if a := one(g.dice, g.w.Config.NetworkAcls); !a.IsDefault {
			r.entries(&a)
			return edit("NetworkAcls", a.NetworkAclId, &a)
		}
	case 4:
		l := r.prefixList(number0(one(g.dice, g.w.Config.Vpcs).VpcId), g.IntN(prefixLists))
		return edit("ManagedPrefixLists", l.PrefixListId, &l)
	case 5:
		e := g.guest()
		e.Groups = r.someGroups(number0(g.w.VPC(&e)))
		return edit("NetworkInterfaces", e.NetworkInterfaceId, &e)
	case 6, 7:
		e := g.otherwise(g.guest())
		return edit("NetworkInterfaces", e.NetworkInterfaceId, &e)
	case 8:
		return g.comesOrGoes(r)
	case 9:
		return g.moves(g.guest(), one(g.dice, g.w.Config.Placement.Cards).Name)
	case 10:
		return g.gateway()
	case 11:
		if g.oneIn(4) {
			mode := one(g.dice, []string{"off", blockIngress, blockBidirectional})
			return edit("VpcBlockPublicAccessOptions", "", []ec2.VpcBlockPublicAccessOptions{{InternetGatewayBlockMode: mode}})
		}
	case 12:
		if p := g.w.Config.VpcPeeringConnections; len(p) > 0 {
			return g.peering(one(g.dice, p))
		}
	case 13:
		return g.port25()
	case 14:
		return g.attachment(r)
	case 15, 16:
		return g.lending()
	case 17:
		return g.deletedGroup()
	case 18, 19, 20:
		return g.natGateway(r, number0(one(g.dice, g.w.Config.Vpcs).VpcId))
	case 21, 22, 23:
		return g.blocks(r, number0(one(g.dice, g.w.Config.Vpcs).VpcId))
	}
	sg := one(g.dice, g.w.Config.SecurityGroups)
	if g.oneIn(2) {
		r.rules(number0(sg.VpcId), &sg)
	} else {
		sg.IpPermissions = g.oneRuleOff(r, sg)
	}
	return edit("SecurityGroups", sg.GroupId, &sg)
}

// detached has the routes of a table say so, if they lead to an internet gateway that is not attached.
func (g *generator) detached(t *ec2.RouteTable) {
	for i := range t.Routes {
		if r := &t.Routes[i]; strings.HasPrefix(r.GatewayId, "igw-") && !g.w.attached(t.VpcId) {
			r.State = "blackhole"
		}
	}
}

// edit is one object in the place of the one with its ID.
func edit(kind, id string, object any) []vpc.Edit {
	return []vpc.Edit{{Kind: kind, ID: id, Object: object}}
}

// otherwise is an ENI with another attribute: its source/destination check, a public address that is
// free, none, or other timeouts.
func (g *generator) otherwise(e ec2.NetworkInterface) ec2.NetworkInterface {
	e.PrivateIpAddresses = slices.Clone(e.PrivateIpAddresses)
	switch n := g.IntN(4); {
	case n == 0 && checks(&e):
		e.SourceDestCheck = new(bool)
	case n == 0:
		e.SourceDestCheck = nil
	case n == 1:
		e.ConnectionTrackingConfiguration = &ec2.ConnectionTrackingConfiguration{TcpEstablishedTimeout: number(one(g.dice, []int{60, 350, 4000}))}
	case len(e.PrivateIpAddresses) > 0:
		a := &e.PrivateIpAddresses[g.IntN(len(e.PrivateIpAddresses))]
		if a.Association != nil {
			a.Association = nil
		} else if public := g.freeAddress(); public.IsValid() {
			a.Association = &ec2.NetworkInterfaceAssociation{PublicIp: public}
		}
	}
	return e
}

// freeAddress is a public address that nobody has, and somebody may have had.
func (g *generator) freeAddress() netip.Addr {
	a := netip.AddrFrom4([4]byte{35, 72, byte(g.IntN(2)), byte(g.upTo(1, g.enis))})
	if e, _ := g.w.PublicOwner(a); e != nil {
		return netip.Addr{}
	}
	return a
}

// comesOrGoes deletes an ENI, or makes one, which may have the addresses of one that is gone.
func (g *generator) comesOrGoes(r *region) []vpc.Edit {
	guests := 0
	for _, e := range g.w.Config.NetworkInterfaces {
		if g.w.natOf(&e) == nil {
			guests++
		}
	}
	if gone := g.withInstance(g.guest()); guests > len(gone)+1 && (g.oneIn(2) || guests > 8) {
		return g.end(gone)
	}
	if g.enis > 250 {
		return nil // a MAC has room for no more
	}
	config := *g.w.Config // eni places what it makes
	config.Placement.Cards = slices.Clone(config.Placement.Cards)
	r.Config = &config
	home := one(g.dice, config.Subnets)
	if len(g.neighborsIn(home)) > 6 {
		return nil // nor has a subnet addresses
	}
	e := r.eni(number0(home.VpcId), number0(home.SubnetId))
	g.enis = r.enis
	if slices.ContainsFunc(g.addresses(e), func(a netip.Addr) bool { return g.w.Owner(home.VpcId, a) != nil }) || !g.isFree(e) {
		return nil
	}
	card := slices.IndexFunc(config.Placement.Cards, func(c vpc.CardPlacement) bool { return slices.Contains(c.NetworkInterfaces, e.NetworkInterfaceId) })
	return append(edit("NetworkInterfaces", e.NetworkInterfaceId, &e), edit(vpc.KindENIPlacement, e.NetworkInterfaceId, &vpc.ENIPlacement{Card: config.Placement.Cards[card].Name})...)
}

// neighborsIn are the ENIs of a subnet.
func (g *generator) neighborsIn(s ec2.Subnet) (all []ec2.NetworkInterface) {
	for _, e := range g.w.Config.NetworkInterfaces {
		if e.SubnetId == s.SubnetId {
			all = append(all, e)
		}
	}
	return all
}

// leads gives some routes a state.
func (g *generator) leads(state string, some func(*ec2.Route) bool) (edits []vpc.Edit) {
	for _, t := range g.w.Config.RouteTables {
		if !slices.ContainsFunc(t.Routes, func(r ec2.Route) bool { return some(&r) }) {
			continue
		}
		t.Routes = slices.Clone(t.Routes)
		for i := range t.Routes {
			if some(&t.Routes[i]) {
				t.Routes[i].State = state
			}
		}
		edits = append(edits, edit("RouteTables", t.RouteTableId, &t)...)
	}
	return edits
}

// gateway takes an internet gateway that has no route table from its VPC, or brings it back.
func (g *generator) gateway() []vpc.Edit {
	i, state := one(g.dice, g.w.Config.InternetGateways), "blackhole"
	switch {
	case g.w.gatewayTable(name("vpc", number0(i.InternetGatewayId))) != nil:
		return nil
	case len(i.Attachments) > 0:
		i.Attachments = nil
	default:
		i.Attachments, state = []ec2.InternetGatewayAttachment{{VpcId: name("vpc", number0(i.InternetGatewayId)), State: "available"}}, "active"
	}
	return append(edit("InternetGateways", i.InternetGatewayId, &i), g.leads(state, func(r *ec2.Route) bool { return r.GatewayId == i.InternetGatewayId })...)
}

// isFree tells whether nobody has a public address or a prefix of a new ENI's.
func (g *generator) isFree(e ec2.NetworkInterface) bool {
	for _, a := range e.PrivateIpAddresses {
		if a.Association != nil {
			if other, _ := g.w.PublicOwner(a.Association.PublicIp); other != nil {
				return false
			}
		}
	}
	return true
}

// edited is a configuration with an object in the place of the one with its ID, or without it.
func edited(c *vpc.Config, e *vpc.Edit) *vpc.Config {
	next := *c
	switch o := e.Object.(type) {
	case nil:
		removed(&next, e)
	case *vpc.ENIPlacement:
		next.Placement.Cards = placed(c.Placement.Cards, e.ID, o.Card)
	case []ec2.VpcBlockPublicAccessOptions:
		next.VpcBlockPublicAccessOptions = o
	case []ec2.SecurityGroupVpcAssociation:
		next.SecurityGroupVpcAssociations = o
	case *vpc.Placement:
		next.Placement.Port25, next.Placement.NatGateways = o.Port25, o.NatGateways
	case *ec2.Vpc:
		next.Vpcs = put(c.Vpcs, *o, func(v ec2.Vpc) bool { return v.VpcId == e.ID })
	case *ec2.Subnet:
		next.Subnets = put(c.Subnets, *o, func(s ec2.Subnet) bool { return s.SubnetId == e.ID })
	case *ec2.NatGateway:
		next.NatGateways = put(c.NatGateways, *o, func(g ec2.NatGateway) bool { return g.NatGatewayId == e.ID })
	case *ec2.SecurityGroup:
		next.SecurityGroups = put(c.SecurityGroups, *o, func(g ec2.SecurityGroup) bool { return g.GroupId == e.ID })
	case *ec2.NetworkAcl:
		next.NetworkAcls = put(c.NetworkAcls, *o, func(a ec2.NetworkAcl) bool { return a.NetworkAclId == e.ID })
	case *ec2.RouteTable:
		next.RouteTables = put(c.RouteTables, *o, func(t ec2.RouteTable) bool { return t.RouteTableId == e.ID })
	case *ec2.NetworkInterface:
		next.NetworkInterfaces = put(c.NetworkInterfaces, *o, func(i ec2.NetworkInterface) bool { return i.NetworkInterfaceId == e.ID })
	case *ec2.ManagedPrefixList:
		next.ManagedPrefixLists = put(c.ManagedPrefixLists, *o, func(l ec2.ManagedPrefixList) bool { return l.PrefixListId == e.ID })
	case *ec2.InternetGateway:
		next.InternetGateways = put(c.InternetGateways, *o, func(i ec2.InternetGateway) bool { return i.InternetGatewayId == e.ID })
	case *ec2.VpcPeeringConnection:
		next.VpcPeeringConnections = put(c.VpcPeeringConnections, *o, func(p ec2.VpcPeeringConnection) bool { return p.VpcPeeringConnectionId == e.ID })
	default:
		panic(fmt.Sprintf("no test edits %T", o))
	}
	return &next
}

// removed takes the object of an ID from a configuration.
func removed(c *vpc.Config, e *vpc.Edit) {
	switch e.Kind {
	case "NetworkInterfaces":
		c.NetworkInterfaces = without(c.NetworkInterfaces, func(i ec2.NetworkInterface) bool { return i.NetworkInterfaceId == e.ID })
		c.Placement.Cards = placed(c.Placement.Cards, e.ID, "")
	case "NatGateways":
		c.NatGateways = without(c.NatGateways, func(g ec2.NatGateway) bool { return g.NatGatewayId == e.ID })
	case "SecurityGroups":
		c.SecurityGroups = without(c.SecurityGroups, func(g ec2.SecurityGroup) bool { return g.GroupId == e.ID })
	case "Subnets":
		c.Subnets = without(c.Subnets, func(s ec2.Subnet) bool { return s.SubnetId == e.ID })
	case "VpcPeeringConnections":
		c.VpcPeeringConnections = without(c.VpcPeeringConnections, func(p ec2.VpcPeeringConnection) bool { return p.VpcPeeringConnectionId == e.ID })
	default:
		panic("no test removes one of " + e.Kind)
	}
}

// without is a list without some of its objects.
func without[T any](list []T, some func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), some)
}

// put is a list with an object in the place of another, or at the end if there is no other.
func put[T any](list []T, object T, is func(T) bool) []T {
	list = slices.Clone(list)
	if i := slices.IndexFunc(list, is); i >= 0 {
		list[i] = object
		return list
	}
	return append(list, object)
}

// placed are cards of which one has an ENI, or none if its name is "".
func placed(cards []vpc.CardPlacement, eni, on string) []vpc.CardPlacement {
	cards = slices.Clone(cards)
	for i := range cards {
		c := &cards[i]
		c.NetworkInterfaces = slices.DeleteFunc(slices.Clone(c.NetworkInterfaces), func(id string) bool { return id == eni })
		if c.Name == on {
			c.NetworkInterfaces = append(c.NetworkInterfaces, eni)
		}
	}
	return cards
}

// macOf is the MAC of the n-th ENI.
func macOf(n int) wire.MAC { return wire.MAC{6, 0, 0, 0, 0, byte(n)} }
