package vpc

import (
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Of two routes with the same prefix the one of lower rank counts (VPC user guide, "Route
// priority").
const (
	rankStatic = iota
	rankPrefixList
	rankPropagated
)

// routeCompiler compiles one route table.
type routeCompiler struct {
	*compiler
	vpc    *network
	table  *routeTable
	ranks  map[netip.Prefix]int
	lines  map[netip.Prefix]*Route // the configured route that is in force for a prefix
	doubts []routeNotice
}

// routeNotice is a notice about a route. It counts only if the route is in force, and no
// better route has the same prefix.
type routeNotice struct {
	Notice
	line *Route // nil: the route's destinations are not known
}

// newRoutes begins a table of a VPC.
func (c *compiler) newRoutes(v *network, id string) *routeCompiler {
	return &routeCompiler{compiler: c, vpc: v, table: &routeTable{id: id}, ranks: map[netip.Prefix]int{}, lines: map[netip.Prefix]*Route{}}
}

// route adds one route to the table, if the card knows the route's destination.
func (r *routeCompiler) route(path string, config *ec2.Route) {
	line := &Route{}
	line.Target, line.Via = r.target(path, config, line)
	switch {
	case config.DestinationIpv6CidrBlock != "":
		r.tell(IPv6, path, config.DestinationIpv6CidrBlock+" to "+line.Via)
		return
	case line.Target == NotEnforced:
		r.tellOf(line, newNotice(RouteDropped, path, destination(config)+" to "+line.Via))
	}
	switch {
	case config.DestinationPrefixListId != "":
		r.listRoute(path, config.DestinationPrefixListId, line)
	case !config.DestinationCidrBlock.IsValid() && r.table.at.answer:
		r.tellOf(nil, newNotice(RouteElsewhere, path, "an unknown destination to "+line.Via))
	case r.ipv4(path, "DestinationCidrBlock", config.DestinationCidrBlock):
		rank := rankStatic
		if config.Origin == "EnableVgwRoutePropagation" || config.Origin == "Advertisement" {
			rank = rankPropagated
		}
		if !r.insert(config.DestinationCidrBlock, rank, line) && rank == rankStatic {
			r.Add(path, "DestinationCidrBlock %s stands twice", config.DestinationCidrBlock)
		}
	}
}

// destination is a route's destination as people write it.
func destination(config *ec2.Route) string {
	if config.DestinationPrefixListId != "" {
		return config.DestinationPrefixListId
	}
	return config.DestinationCidrBlock.String()
}

// tell adds a notice about the table. Notices has it if a subnet uses the table.
func (r *routeCompiler) tell(kind NoticeKind, path, what string) {
	r.table.notices = append(r.table.notices, newNotice(kind, path, what))
}

// tellOf keeps a notice about a route until the table is complete, because a better route
// may come. line is nil for a route whose destinations are not known.
func (r *routeCompiler) tellOf(line *Route, n Notice) {
	r.doubts = append(r.doubts, routeNotice{n, line})
}

// listRoute adds a route for each entry of a prefix list. If the routes of two lists have
// the same prefix, the first counts; EC2 does not say which, the choice is ours.
func (r *routeCompiler) listRoute(path, id string, line *Route) {
	list := r.prefixList(r.table.at, ec2.In(path, "DestinationPrefixListId"), id)
	switch {
	case !list.known && list.ipv6, list.cidrs6 > 0:
		r.tell(IPv6, path, ec2.Shorten(id)+" to "+line.Via)
	case !list.known:
		r.doubts = slices.DeleteFunc(r.doubts, func(d routeNotice) bool { return d.line == line })
		r.tellOf(nil, newNotice(RouteElsewhere, path, ec2.Shorten(id)+" to "+line.Via))
	}
	for _, s := range list.entries {
		r.insert(prefixOf(s), rankPrefixList, line)
	}
}

// insert puts a route into the table, unless there is one of lower or equal rank for the
// prefix, and is false if there is one of equal rank.
func (r *routeCompiler) insert(dest netip.Prefix, rank int, line *Route) bool {
	dest = dest.Masked()
	had, is := r.ranks[dest]
	if is && had <= rank {
		return had != rank
	}
	r.ranks[dest], r.lines[dest] = rank, line
	filled := *line
	filled.Dest = dest.String()
	r.table.lines.Insert(dest, &filled)
	return true
}

// finish adds the lines that each table has: a local route for each block of the VPC, and
// the range that no route reaches.
func (r *routeCompiler) finish() {
	for _, block := range r.vpc.cidrs {
		if _, is := r.ranks[block]; !is {
			r.insert(block, rankStatic, &Route{Target: Local, Via: "local"})
		}
	}
	r.table.lines.Insert(unroutable, &Route{})
	r.settle()
}

// settle adds the notices about routes that are in force. A route to a prefix list whose
// entries are not known is missing from the table: its packets take a wider route, or
// none, and the notice says which.
func (r *routeCompiler) settle() {
	holds := map[*Route]bool{}
	for _, line := range r.lines {
		holds[line] = true
	}
	wider := r.widest()
	for _, d := range r.doubts {
		switch {
		case d.line == nil && wider == "":
			d.Kind = RouteNowhere
		case d.line == nil:
			d.What += " is passed over, and such packets take " + wider
		case !holds[d.line]:
			continue
		}
		r.table.notices = append(r.table.notices, d.Notice)
	}
}

// widest is the route to the internet with the shortest prefix, as people write it; ""
// if there is none.
func (r *routeCompiler) widest() string {
	least, text := 33, ""
	for dest, line := range r.lines {
		if line.Target == Internet && dest.Bits() < least {
			least, text = dest.Bits(), dest.String()+" to "+line.Via
		}
	}
	return text
}

// target is a route's target and its ID. EC2 has a field for each kind of target.
func (r *routeCompiler) target(path string, config *ec2.Route, line *Route) (Target, string) {
	via := ec2.Shorten(via(config))
	switch {
	case config.State == "blackhole":
		return Blackhole, via
	case via == "" && r.table.at.answer:
		return NotEnforced, "an unknown target"
	case via == "":
		r.Add(path, "has no target such as GatewayId")
	case config.State == "filtered":
		return NotEnforced, via
	case via == "local":
		return Local, via
	case strings.HasPrefix(via, "igw-") && r.reachesInternet(path, via, line):
		return Internet, via
	case strings.HasPrefix(via, "igw-"):
		return Blackhole, via
	case config.VpcPeeringConnectionId != "":
		return r.peered(path, via), via
	}
	return NotEnforced, via
}

// peered is the target of a route to a peering connection. A route to one that is not
// active leads nowhere (VPC Peering Guide, update your route tables).
func (r *routeCompiler) peered(path, id string) Target {
	p, active := r.next.peerings.Get(id)
	o := r.object("VpcPeeringConnections", id)
	switch {
	case active && !slices.Contains(p.vpcs[:], r.vpc.ID):
		if !r.table.at.answer {
			r.conflict(path, o.path(), "VpcPeeringConnectionId %s does not peer %s", id, r.vpc.ID)
		}
		return NotEnforced
	case active && p.here:
		return Peering
	case o != nil && !active:
		return Blackhole
	case o == nil && r.given("VpcPeeringConnections") && !r.table.at.answer:
		r.unknown(ec2.In(path, "VpcPeeringConnectionId"), "VpcPeeringConnections", id)
	}
	return NotEnforced
}

// via is the ID of a route's target; "": no field names one.
func via(config *ec2.Route) string {
	for _, id := range []string{config.GatewayId, config.NatGatewayId, config.TransitGatewayId, config.VpcPeeringConnectionId,
		config.NetworkInterfaceId, config.InstanceId, config.EgressOnlyInternetGatewayId, config.LocalGatewayId,
		config.CarrierGatewayId, config.CoreNetworkArn, config.OdbNetworkArn, config.IpAddress} {
		if id != "" {
			return id
		}
	}
	return ""
}

// reachesInternet tells whether an internet gateway exists and is attached to the VPC.
func (r *routeCompiler) reachesInternet(path, id string, line *Route) bool {
	if !r.given("InternetGateways") {
		return true
	}
	o := r.object("InternetGateways", id)
	attached := func(a ec2.InternetGatewayAttachment) bool { return a.VpcId == r.vpc.ID && !ended(a.State) }
	switch {
	case o != nil && slices.ContainsFunc(o.config.(*ec2.InternetGateway).Attachments, attached):
		return true
	case r.table.at.answer:
		r.next.partial = true
		r.tellOf(line, newNotice(GatewayUnknown, path, id))
	case o == nil:
		r.unknown(ec2.In(path, "GatewayId"), "InternetGateways", id)
	default:
		r.conflict(path, o.path(), "GatewayId %s is not attached to %s", id, r.vpc.ID)
	}
	return false
}
