package vpc

import (
	"net/netip"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// checkFields checks that a route has one destination and one target, as CreateRoute takes them.
// A route to an instance also names the instance's ENI (EC2 API, Route).
func (r *routeCompiler) checkFields(config *ec2.Route) {
	cidr, list := config.DestinationCidrBlock.IsValid(), config.DestinationPrefixListId != ""
	if six := config.DestinationIpv6CidrBlock.IsValid(); cidr && six || list && (cidr || six) {
		r.odd(r.path(), "it has more than one destination: each needs a route of its own")
	}
	first := ""
	for i, id := range targetIDs(config) {
		if id == "" || i == instanceTarget && config.NetworkInterfaceId != "" {
			continue
		}
		if first != "" {
			r.odd(r.path(), "it leads to "+ec2.Shorten(first)+" and to "+ec2.Shorten(id)+": a route has one target")
			return
		}
		first = id
	}
}

// checkTarget checks that a route's target is one that EC2 knows, and one for its destination.
func (r *routeCompiler) checkTarget(config *ec2.Route) {
	switch {
	case config.GatewayId != "":
		r.odd(r.path(), "GatewayId "+ec2.Shorten(config.GatewayId)+" is no target: local, igw-…, vgw-… or vpce-… is expected, and other targets have fields of their own")
	case config.EgressOnlyInternetGatewayId != "":
		r.noIPv6(config)
	}
}

// noIPv6 notes that a route leads IPv4 to an egress-only internet gateway.
func (r *routeCompiler) noIPv6(config *ec2.Route) {
	r.odd(r.path(), ec2.Shorten(config.EgressOnlyInternetGatewayId)+" cannot be the target of "+ec2.Shorten(destination(config))+": an egress-only internet gateway carries IPv6 alone")
}

// checkDestination checks a route's destination against the VPC. EC2 takes a route to a part
// of the VPC only if the part is a whole subnet and the target an ENI, a NAT gateway, or an
// endpoint of a Gateway Load Balancer or of Network Firewall; these may also be the target
// of the local route itself. Between subnets of two Outposts the target may be a local gateway
// (VPC User Guide, "Example routing options").
func (r *routeCompiler) checkDestination(config *ec2.Route) {
	field, dest := blockOf(config)
	dest = dest.Masked()
	whole, inside := r.partOf(dest)
	r.table.inside = r.table.inside || inside && config.GatewayId != "local"
	switch {
	case config.GatewayId == "local" && !inside:
		r.odd(r.path(), field+" "+dest.String()+" is no block of "+r.vpc.ID+": local routes lead to the VPC's own blocks")
	case inside && !diverts(config) && !(config.LocalGatewayId != "" && r.vpc.overlapping(dest).Prefix == dest):
		r.odd(r.path(), via(config)+" cannot be the target of "+dest.String()+", inside "+r.vpc.ID+": only an ENI, a NAT gateway or an endpoint of a Gateway Load Balancer can")
	case inside && !whole && config.GatewayId != "local":
		r.odd(r.path(), field+" "+dest.String()+" is a part of "+r.vpc.ID+", but no subnet's whole block")
	}
	for _, p := range unroutable {
		if p.Contains(dest.Addr()) && dest.Bits() >= p.Bits() {
			r.odd(r.path(), field+" "+dest.String()+" is in "+p.String()+", which no route reaches")
		}
	}
}

// partOf tells whether a prefix is inside the VPC, and whether it is the whole block of a
// subnet or of the VPC.
func (r *routeCompiler) partOf(dest netip.Prefix) (whole, inside bool) {
	for _, block := range r.vpc.cidrs {
		switch {
		case block == dest:
			return true, true
		case block.Bits() < dest.Bits() && block.Contains(dest.Addr()):
			s := r.vpc.overlapping(dest)
			return s.of != nil && s.Prefix == dest, true
		}
	}
	return false, false
}

// diverts tells whether a route's target may take packets from the local route.
func diverts(config *ec2.Route) bool {
	switch targetOf(config) {
	case Local, Interface:
		return true
	}
	return config.NatGatewayId != "" || isEndpoint(config)
}

// isEndpoint tells whether a route's target is a VPC endpoint.
func isEndpoint(config *ec2.Route) bool { return strings.HasPrefix(config.GatewayId, "vpce-") }

// odd notes a route that EC2 does not take. What people write is a mistake; a route of an
// answer is in force, and its card follows it.
func (r *routeCompiler) odd(path, what string) {
	if !r.excused(r.table.at.within(path), RouteOdd, what) {
		r.Add(path, "%s", what)
	}
}

// markInside marks the route tables of a VPC that have routes to parts of it, because a
// subnet came, went or changed its block.
func (c *compiler) markInside(vpc string) {
	for _, o := range c.namedBy("RouteTables", vpc) {
		if t, compiled := c.next.routes.Get(o.id()); compiled && t.inside {
			c.mark(o.kind, o.id())
		}
	}
}

// routedInstances finds the routes that people wrote to instances without an ENI, with several, or with
// one in another VPC. A route that says itself that its target is gone may name one.
func (c *compiler) routedInstances() {
	tables := map[*object]bool{}
	for o := range each[ec2.RouteTable](c, "RouteTables") {
		tables[o] = true
	}
	for id := range c.moved {
		for _, o := range c.namedBy("RouteTables", id) {
			tables[o] = true
		}
	}
	for o := range tables {
		config := o.config.(*ec2.RouteTable)
		for i := range config.Routes {
			r := &config.Routes[i]
			if !o.answer && !leadsNowhere(r) && r.InstanceId != "" && r.NetworkInterfaceId == "" {
				c.routedInstance(ec2.In(o.path(), ec2.At("Routes", i, "")), r.InstanceId, config.VpcId)
			}
		}
	}
}

// routedInstance checks the instance that a route of a VPC leads to, which has one ENI, in that VPC
// (EC2 API, CreateRoute).
func (c *compiler) routedInstance(path, id, vpc string) {
	var enis []*ENI
	for e := range c.next.ENIsOf(id) {
		enis = append(enis, e)
	}
	id = ec2.Shorten(id)
	switch {
	case len(enis) == 0 && !c.mayHaveENIs():
		c.Add(path, "InstanceId: no ENI is attached to an instance %q", id)
	case len(enis) > 1:
		c.Add(path, "InstanceId %s has %d ENIs: name the one that is meant as NetworkInterfaceId", id, len(enis))
	case len(enis) == 1 && enis[0].Subnet.VPC.ID != vpc:
		c.conflict(path, c.spotOf("NetworkInterfaces", enis[0].ID).path(), "InstanceId %s is in %s, the table in %s", id, enis[0].Subnet.VPC.ID, vpc)
	}
}
