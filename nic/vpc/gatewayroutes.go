package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// A route table that is associated with a gateway, and not with subnets, is about packets
// that come into the VPC through the gateway, and may lead them to a middlebox first (VPC
// User Guide, "Gateway route tables").

// inwardKey is the key in Region.assigned of the table of a VPC's gateway. A VPC has one
// internet gateway and one virtual private gateway at most; kind is the beginning of its
// ID.
func inwardKey(vpc, kind string) string { return "from " + kind + " into " + vpc }

// Gateway is a gateway of a VPC that may have a route table.
type Gateway uint8

// The gateways of a VPC.
const (
	InternetGateway Gateway = iota
	VPNGateway              // the virtual private gateway
)

// inwardOf are the route tables of a VPC's gateways, nil where a gateway has none.
func (r *Region) inwardOf(vpc string) (of [2]*routeTable) {
	of[InternetGateway], _ = r.assigned.Get(inwardKey(vpc, internetGateway))
	of[VPNGateway], _ = r.assigned.Get(inwardKey(vpc, vpnGateway))
	return of
}

// Inward is the route of a gateway for a private address of the ENI's VPC; nil if the gateway
// has no route table. Then, as by a local route, a packet goes to the ENI that has the
// address.
func (e *OwnENI) Inward(by Gateway, private wire.Addr) *Route {
	if t := e.inward[by]; t != nil {
		return t.route(private)
	}
	return nil
}

// InwardTable is the ID of a gateway's route table; "": it has none.
func (e *OwnENI) InwardTable(by Gateway) string {
	if t := e.inward[by]; t != nil {
		return t.id
	}
	return ""
}

// HasInward tells whether a gateway of the ENI's VPC has a route table.
func (e *OwnENI) HasInward(by Gateway) bool { return e.inward[by] != nil }

// edge assigns the table to a gateway.
func (r *routeCompiler) edge(path, gateway string) {
	kind := gateway[:min(len(gateway), len(internetGateway))]
	to := inwardKey(r.vpc.ID, kind)
	used, _ := r.next.assigned.Get(to)
	at := r.table.at.within(path)
	switch {
	case kind == internetGateway && !r.attached(path, gateway):
	case kind != internetGateway && kind != vpnGateway:
		r.odd(path, "GatewayId "+ec2.Shorten(gateway)+" is neither an internet gateway nor a virtual private gateway")
	case kind == vpnGateway && !r.checkListed(path, "GatewayId", gateway):
	case used != nil && r.disputed(at, used.at, "is the table of a gateway of "+r.vpc.ID+", and so is "+used.at.path()+": only local routes count"):
		r.onlyLocal(to, used)
	case used != nil:
		r.Add(path, "the gateway of %s has the table %s already", r.vpc.ID, used.id)
	default:
		r.assign(to)
	}
}

// attached tells whether a table may be the table of an internet gateway: people's has to be of
// the VPC that the gateway is attached to.
func (r *routeCompiler) attached(path, gateway string) bool {
	o := r.object("InternetGateways", gateway)
	switch {
	case r.table.at.answer || r.elsewhere() || !r.given("InternetGateways"):
	case o == nil:
		r.unknown(ec2.In(path, "GatewayId"), "InternetGateways", gateway)
		return false
	case !serves(o.config.(*ec2.InternetGateway), r.vpc.ID):
		r.conflict(path, o.path(), "GatewayId %s is not attached to %s", gateway, r.vpc.ID)
		return false
	}
	return true
}

// checkInward checks a table that is a gateway's: it is not the main one (VPC User Guide, "Main
// route table"), and its routes are for a whole subnet or the whole VPC, to an ENI or an endpoint
// of a Gateway Load Balancer.
func (r *routeCompiler) checkInward(path string, config *ec2.RouteTable) {
	for i := range config.Associations {
		if config.Associations[i].Main && !r.table.at.answer {
			r.Add(ec2.In(path, ec2.At("Associations", i, "")), "Main: a gateway's table cannot be the main one of %s", r.vpc.ID)
		}
	}
	for i := range config.Routes {
		route := &config.Routes[i]
		at := ec2.In(path, ec2.At("Routes", i, ""))
		kind := targetOf(route)
		field, dest := blockOf(route)
		whole, inside := r.partOf(dest.Masked())
		switch {
		case route.DestinationPrefixListId != "":
			r.odd(at, "DestinationPrefixListId "+ec2.Shorten(route.DestinationPrefixListId)+": a gateway's table has no prefix lists")
		case kind != Local && kind != Interface && !isEndpoint(route):
			r.odd(at, ec2.Shorten(via(route))+" cannot be the target of a gateway's route: only local, an ENI or an endpoint of a Gateway Load Balancer can")
		case kind == Interface && r.pooled(at, dest):
		case dest.IsValid() && kind != Local && !(whole && inside):
			r.odd(at, field+" "+dest.String()+" is neither "+r.vpc.ID+"'s nor a subnet's whole block, which a gateway's route leads to")
		}
	}
}

// pooled notes a route of an answer to a block of addresses of the customer's own, which an internet
// gateway leads to an ENI untranslated (VPC User Guide, "Route internet traffic to a single network
// interface"). Cards do not carry this out: no edge lets packets for such a block in, though the association of the
// table with the pool, and its routes, tell the block.
func (r *routeCompiler) pooled(path string, dest netip.Prefix) bool {
	public := dest.IsValid() && !wire.AddrFrom(dest.Addr()).IsPrivate() && !slices.ContainsFunc(r.vpc.cidrs, dest.Overlaps)
	return public && r.excused(r.table.at.within(path), RouteOfPool, dest.String())
}

// isGateways tells whether a table is associated with a gateway.
func isGateways(config *ec2.RouteTable) bool {
	for i := range config.Associations {
		if a := &config.Associations[i]; a.GatewayId != "" && (a.AssociationState == nil || !ended(a.AssociationState.State)) {
			return true
		}
	}
	return false
}
