package vpc

import (
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Where two routes have the same prefix, the lower rank counts (VPC user guide,
// "Route priority").
const (
	rankStatic = iota
	rankPrefixList
	rankPropagated
)

// routeCompiler compiles one route table.
type routeCompiler struct {
	*compiler
	vpc     *VPC
	table   *routeTable
	at      spot
	ranks   map[netip.Prefix]int
	lines   map[netip.Prefix]*Route // as they were given, by what they won
	doubts  []routeNotice
	notices []Notice // told if a subnet uses the table
}

// routeNotice is about a route, unless another of its prefix beats that.
type routeNotice struct {
	Notice
	line *Route
}

func (c *compiler) routeTables() {
	main, used := map[*VPC]*routeCompiler{}, map[*Subnet]*routeCompiler{}
	for i := range c.config.RouteTables {
		config := &c.config.RouteTables[i]
		at, ok := c.identify("RouteTables", i, "RouteTableId", config.RouteTableId)
		if !ok {
			continue
		}
		v := c.vpcs[config.VpcId]
		if v == nil {
			c.leftOut(at, reference{"VpcId", "Vpcs", config.VpcId})
			continue
		}
		r := c.newRoutes(v, config.RouteTableId)
		r.at = at
		for j := range config.Routes {
			r.route(ec2.In(at.path, ec2.At("Routes", j, "")), &config.Routes[j])
		}
		r.finish()
		for j := range config.Associations {
			r.associate(ec2.In(at.path, ec2.At("Associations", j, "")), &config.Associations[j], main, used)
		}
	}
	c.assignTables(main, used)
}

func (c *compiler) newRoutes(v *VPC, id string) *routeCompiler {
	return &routeCompiler{compiler: c, vpc: v, table: &routeTable{id: id}, ranks: map[netip.Prefix]int{}, lines: map[netip.Prefix]*Route{}}
}

// assignTables gives each subnet its table, or its VPC's main one. A VPC without
// any has what each new one has: a main table with the local routes.
func (c *compiler) assignTables(main map[*VPC]*routeCompiler, used map[*Subnet]*routeCompiler) {
	told := map[*routeCompiler]bool{}
	for _, config := range c.config.Subnets {
		s := c.subnets[config.SubnetId]
		if s == nil || s.routes != nil {
			continue
		}
		r := used[s]
		if r == nil {
			r = main[s.VPC]
		}
		if r == nil {
			r = c.newRoutes(s.VPC, "")
			r.finish()
			main[s.VPC] = r
			if at := c.spots["Vpcs "+s.VPC.ID]; c.config.RouteTables != nil {
				c.excused(at, NoMainTable, "")
			}
		}
		s.routes, s.Routes = r.table, r.table.id
		if !told[r] {
			c.policy.Notices = append(c.policy.Notices, r.notices...)
		}
		told[r] = true
	}
}

func (r *routeCompiler) associate(path string, a *ec2.RouteTableAssociation, main map[*VPC]*routeCompiler, used map[*Subnet]*routeCompiler) {
	if a.AssociationState != nil && ended(a.AssociationState.State) {
		return
	}
	s, at := r.subnets[a.SubnetId], r.at
	at.path = path
	switch {
	case a.Main && main[r.vpc] != nil:
		if other := main[r.vpc]; r.disputed(at, other.at, "is the main table of "+r.vpc.ID+", and so is "+other.at.path+": only local routes count") {
			r.onlyLocal(other)
			return
		}
		r.Add(path, "Main: %s has the main table %s already", r.vpc.ID, main[r.vpc].table.id)
	case a.Main:
		main[r.vpc] = r
	case a.GatewayId != "":
		r.notice(GatewayRoutes, path, a.GatewayId)
	case s == nil:
		if !r.excused(at, Elsewhere, ec2.Shorten(a.SubnetId)) {
			r.unknown(ec2.In(path, "SubnetId"), "Subnets", a.SubnetId)
		}
	case s.VPC != r.vpc:
		r.Add(path, "%s is in %s, the table in %s", s.ID, s.VPC.ID, r.vpc.ID)
	case used[s] != nil:
		if other := used[s]; r.disputed(at, other.at, "is the table of "+s.ID+", and so is "+other.at.path+": only local routes count") {
			used[s] = r.newRoutes(r.vpc, other.table.id)
			used[s].finish()
			return
		}
		r.Add(path, "%s has the table %s already", s.ID, used[s].table.id)
	default:
		used[s] = r
	}
}

// onlyLocal takes from another table of the VPC what it was taken for.
func (r *routeCompiler) onlyLocal(other *routeCompiler) {
	fresh := r.newRoutes(r.vpc, other.table.id)
	fresh.finish()
	other.table, other.notices = fresh.table, nil
}

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
	case !config.DestinationCidrBlock.IsValid() && r.at.Answer:
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

func destination(config *ec2.Route) string {
	if config.DestinationPrefixListId != "" {
		return config.DestinationPrefixListId
	}
	return config.DestinationCidrBlock.String()
}

func (r *routeCompiler) tell(kind NoticeKind, path, what string) {
	r.notices = append(r.notices, newNotice(kind, path, what))
}

// tellOf tells about a route that holds somewhere when the table is complete;
// without a line about one whose destinations are not known.
func (r *routeCompiler) tellOf(line *Route, n Notice) {
	r.doubts = append(r.doubts, routeNotice{n, line})
}

// listRoute makes a route for each entry. Which counts where two lists overlap,
// EC2 leaves open; here it is the first.
func (r *routeCompiler) listRoute(path, id string, line *Route) {
	list := r.prefixList(r.at, ec2.In(path, "DestinationPrefixListId"), id)
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

// insert keeps the route of lower rank; false: there is one of the same rank.
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

// finish adds what each table has: a local route for each block of the VPC, and
// the range that no route reaches.
func (r *routeCompiler) finish() {
	for _, block := range r.vpc.CIDRs {
		if _, is := r.ranks[block]; !is {
			r.insert(block, rankStatic, &Route{Target: Local, Via: "local"})
		}
	}
	r.table.lines.Insert(unroutable, &Route{})
	r.settle()
}

// settle tells what of the doubts about routes holds. A packet to the entries
// of a list that nobody knows takes the table's other routes, as far as they
// reach.
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
		r.notices = append(r.notices, d.Notice)
	}
}

// widest is the shortest prefix that leads to the internet, as people write a
// route; "" where none does.
func (r *routeCompiler) widest() string {
	least, text := 33, ""
	for dest, line := range r.lines {
		if line.Target == Internet && dest.Bits() < least {
			least, text = dest.Bits(), dest.String()+" to "+line.Via
		}
	}
	return text
}

// target reads the one of a route's many target fields that is set.
func (r *routeCompiler) target(path string, config *ec2.Route, line *Route) (Target, string) {
	via := ec2.Shorten(via(config))
	switch {
	case config.State == "blackhole":
		return Blackhole, via
	case via == "" && r.at.Answer:
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
	}
	return NotEnforced, via
}

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

// reachesInternet tells whether an internet gateway is there and attached to
// the VPC.
func (r *routeCompiler) reachesInternet(path, id string, line *Route) bool {
	if r.config.InternetGateways == nil {
		return true
	}
	i := slices.IndexFunc(r.config.InternetGateways, func(g ec2.InternetGateway) bool { return g.InternetGatewayId == id })
	attached := func(a ec2.InternetGatewayAttachment) bool { return a.VpcId == r.vpc.ID && !ended(a.State) }
	switch {
	case i >= 0 && slices.ContainsFunc(r.config.InternetGateways[i].Attachments, attached):
		return true
	case r.at.Answer:
		r.tellOf(line, newNotice(GatewayUnknown, path, id))
	case i < 0:
		r.unknown(ec2.In(path, "GatewayId"), "InternetGateways", id)
	default:
		r.conflict(path, r.config.path("InternetGateways", i, id), "GatewayId %s is not attached to %s", id, r.vpc.ID)
	}
	return false
}
