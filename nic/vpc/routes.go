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
	ranks   map[netip.Prefix]int
	notices []Notice // told if a subnet uses the table
}

func (c *compiler) routeTables() {
	main, used := map[*VPC]*routeCompiler{}, map[*Subnet]*routeCompiler{}
	for i := range c.config.RouteTables {
		config := &c.config.RouteTables[i]
		path, ok := c.identify("RouteTables", i, "RouteTableId", config.RouteTableId)
		if !ok {
			continue
		}
		v := c.vpcs[config.VpcId]
		if v == nil {
			c.unknown(ec2.In(path, "VpcId"), "Vpcs", config.VpcId)
			continue
		}
		r := c.newRoutes(v, config.RouteTableId)
		for j := range config.Routes {
			r.route(ec2.In(path, ec2.At("Routes", j, "")), &config.Routes[j])
		}
		r.finish()
		for j := range config.Associations {
			r.associate(ec2.In(path, ec2.At("Associations", j, "")), &config.Associations[j], main, used)
		}
	}
	c.assignTables(main, used)
}

func (c *compiler) newRoutes(v *VPC, id string) *routeCompiler {
	return &routeCompiler{compiler: c, vpc: v, table: &routeTable{id: id}, ranks: map[netip.Prefix]int{}}
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
		}
		s.routes, s.Routes = r.table, r.table.id
		if !told[r] {
			c.policy.Notices = append(c.policy.Notices, r.notices...)
		}
		told[r] = true
	}
}

func (r *routeCompiler) associate(path string, a *ec2.RouteTableAssociation, main map[*VPC]*routeCompiler, used map[*Subnet]*routeCompiler) {
	if a.AssociationState != nil && (a.AssociationState.State == "disassociated" || a.AssociationState.State == "failed") {
		return
	}
	s := r.subnets[a.SubnetId]
	switch {
	case a.Main && main[r.vpc] != nil:
		r.Add(path, "Main: %s has the main table %s already", r.vpc.ID, main[r.vpc].table.id)
	case a.Main:
		main[r.vpc] = r
	case a.GatewayId != "":
		r.notice(GatewayRoutes, path, a.GatewayId)
	case s == nil:
		r.unknown(ec2.In(path, "SubnetId"), "Subnets", a.SubnetId)
	case s.VPC != r.vpc:
		r.Add(path, "%s is in %s, the table in %s", s.ID, s.VPC.ID, r.vpc.ID)
	case used[s] != nil:
		r.Add(path, "%s has the table %s already", s.ID, used[s].table.id)
	default:
		used[s] = r
	}
}

func (r *routeCompiler) route(path string, config *ec2.Route) {
	target, via := r.target(path, config)
	if config.DestinationIpv6CidrBlock != "" {
		r.tell(IPv6, path, config.DestinationIpv6CidrBlock+" to "+via)
		return
	}
	if target == NotEnforced {
		r.tell(RouteDropped, path, destination(config)+" to "+via)
	}
	line := &Route{Target: target, Via: via}
	switch {
	case config.DestinationPrefixListId != "":
		r.listRoute(path, config.DestinationPrefixListId, line)
	case r.ipv4(path, "DestinationCidrBlock", config.DestinationCidrBlock):
		rank := rankStatic
		if config.Origin == "EnableVgwRoutePropagation" {
			rank = rankPropagated
		}
		if !r.insert(config.DestinationCidrBlock, rank, line) {
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

// listRoute makes a route for each entry. Which counts where two lists overlap,
// EC2 leaves open; here it is the first.
func (r *routeCompiler) listRoute(path, id string, line *Route) {
	list := r.prefixList(RouteEntriesUnknown, ec2.In(path, "DestinationPrefixListId"), id)
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
	r.ranks[dest] = rank
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
}

// target reads the one of a route's many target fields that is set.
func (r *routeCompiler) target(path string, config *ec2.Route) (Target, string) {
	via := via(config)
	switch {
	case config.State == "blackhole":
		return Blackhole, via
	case via == "":
		r.Add(path, "has no target such as GatewayId")
	case via == "local":
		return Local, via
	case strings.HasPrefix(via, "igw-"):
		r.checkInternetGateway(path, via)
		return Internet, via
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

func (r *routeCompiler) checkInternetGateway(path, id string) {
	if r.config.InternetGateways == nil {
		return
	}
	i := slices.IndexFunc(r.config.InternetGateways, func(g ec2.InternetGateway) bool { return g.InternetGatewayId == id })
	if i < 0 {
		r.unknown(ec2.In(path, "GatewayId"), "InternetGateways", id)
		return
	}
	attached := func(a ec2.InternetGatewayAttachment) bool { return a.VpcId == r.vpc.ID }
	if !slices.ContainsFunc(r.config.InternetGateways[i].Attachments, attached) {
		r.Add(path, "GatewayId %s is not attached to %s", id, r.vpc.ID)
	}
}
