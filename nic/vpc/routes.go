package vpc

import (
	"maps"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// routeTables compiles the marked tables, and assigns them to subnets. First all marked
// tables give their subnets back, so that two tables may exchange them.
func (c *compiler) routeTables() {
	for id := range c.marked("RouteTables") {
		c.unassign(id)
	}
	for id := range c.gone("RouteTables") {
		c.next.routes.Delete(id)
	}
	for o, config := range each[ec2.RouteTable](c, "RouteTables") {
		at, v := o.spot(), c.vpcOf(config.VpcId)
		old, _ := c.next.routes.Delete(o.id())
		if v == nil {
			c.leftOut(at, reference{"VpcId", "Vpcs", config.VpcId})
			continue
		}
		r := c.newRoutes(v, config.RouteTableId)
		r.table.at = at
		for j := range config.Routes {
			r.index = j
			r.route(&config.Routes[j])
		}
		r.finish()
		c.routeQuota(at, config)
		if isGateways(config) {
			r.table.inside = true
			r.checkInward(at.path(), config)
		}
		r.table.keep(old)
		c.next.routes.Set(o.id(), r.table)
		c.countOutside(r.table, 1)
		for j := range config.Associations {
			r.associate(ec2.In(at.path(), ec2.At("Associations", j, "")), &config.Associations[j])
		}
	}
	c.mainTables()
}

// unassign takes a table from the subnets that it was assigned to, and from the targets that
// it leads to.
func (c *compiler) unassign(id string) {
	t, _ := c.next.routes.Get(id)
	if t == nil {
		return
	}
	c.countOutside(t, -1)
	for _, to := range t.assigned {
		c.next.assigned.Delete(to)
	}
}

// mainTables notes the VPCs whose main table no answer has, if a subnet of the VPC needs
// the main table.
func (c *compiler) mainTables() {
	if !c.given("RouteTables") {
		return
	}
	for _, id := range c.touchedVPCs() {
		n := c.vpcOf(id)
		if _, main := c.next.assigned.Get(mainOf(id)); n == nil || main {
			continue
		}
		usual := func(s subnetBlock) bool { return c.next.routesOf(s.of) == n.usual }
		if o := c.object("Vpcs", id); slices.ContainsFunc(n.subnets.Items(), usual) {
			c.about = subject{o.kind, o.id()}
			c.excused(o.spot(), NoMainTable, "")
		}
	}
}

// touchedVPCs are the VPCs of which this change compiles a subnet, a table or the
// VPC itself.
func (c *compiler) touchedVPCs() []string {
	touched := map[string]bool{}
	for id := range c.marked("Vpcs") {
		touched[id] = true
	}
	for id := range c.marked("RouteTables") {
		for _, r := range []*Region{c.prev, c.next} {
			if o, there := r.objects["RouteTables"].Get(id); there {
				touched[o.config.(*ec2.RouteTable).VpcId] = true
			}
		}
	}
	for o := range each[ec2.Subnet](c, "Subnets") {
		touched[o.config.(*ec2.Subnet).VpcId] = true
	}
	return slices.Sorted(maps.Keys(touched))
}

// usualRoutes makes the table for a VPC whose main table is not configured. It has local
// routes only, as the main table of each new VPC.
func (c *compiler) usualRoutes(v *network) *routeTable {
	r := c.newRoutes(v, "")
	r.finish()
	return r.table
}

// mainOf is the key of a VPC's main table in Region.assigned, and of its default network
// ACL in Region.guarded.
func mainOf(vpc string) string { return "main " + vpc }

// routesOf is the route table of a subnet, or its VPC's main one.
func (r *Region) routesOf(s *Subnet) *routeTable {
	if t, own := r.assigned.Get(s.ID); own {
		return t
	}
	if t, main := r.assigned.Get(mainOf(s.VPC.ID)); main {
		return t
	}
	n, _ := r.networks.Get(s.VPC.ID)
	return n.usual
}

// RouteOf is the route for a destination in the table of the subnet of any ENI of the region.
// The route is not nil.
func (r *Region) RouteOf(e *ENI, dst wire.Addr) *Route { return r.routesOf(e.Subnet).route(dst) }

// uses tells whether a subnet uses a table.
func (r *Region) uses(t *routeTable) bool {
	for _, to := range t.assigned {
		vpc, main := strings.CutPrefix(to, mainOf(""))
		if !main {
			return true // a subnet, or a gateway
		}
		n, _ := r.networks.Get(vpc)
		for _, s := range n.subnets.Items() {
			if r.routesOf(s.of) == t {
				return true
			}
		}
	}
	return false
}

// associate assigns the table to a subnet, or makes it the VPC's main one.
func (r *routeCompiler) associate(path string, a *ec2.RouteTableAssociation) {
	if a.AssociationState != nil && ended(a.AssociationState.State) {
		return
	}
	s, _ := r.next.subnets.Get(a.SubnetId)
	main, _ := r.next.assigned.Get(mainOf(r.vpc.ID))
	used, _ := r.next.assigned.Get(a.SubnetId)
	at := r.table.at.within(path)
	switch {
	case a.Main && main != nil:
		if r.disputed(at, main.at, "is the main table of "+r.vpc.ID+", and so is "+main.at.path()+": only local routes count") {
			r.onlyLocal(mainOf(r.vpc.ID), main)
			return
		}
		r.Add(path, "Main: %s has the main table %s already", r.vpc.ID, main.id)
	case a.Main:
		r.assign(mainOf(r.vpc.ID))
	case a.GatewayId != "":
		r.edge(path, a.GatewayId)
	case a.PublicIpv4Pool != "": // RouteOfPool tells of its routes
	case s == nil:
		if !r.excused(at, Elsewhere, ec2.Shorten(a.SubnetId)) {
			r.unknown(ec2.In(path, "SubnetId"), "Subnets", a.SubnetId)
		}
	case s.VPC.ID != r.vpc.ID:
		r.Add(path, "%s is in %s, the table in %s", s.ID, s.VPC.ID, r.vpc.ID)
	case used != nil:
		if r.disputed(at, used.at, "is the table of "+s.ID+", and so is "+used.at.path()+": only local routes count") {
			r.onlyLocal(s.ID, used)
			return
		}
		r.Add(path, "%s has the table %s already", s.ID, used.id)
	default:
		r.assign(s.ID)
	}
}

// assign gives a subnet, or a VPC as its main table, this table.
func (r *routeCompiler) assign(to string) {
	r.table.assigned = append(r.table.assigned, to)
	r.next.assigned.Set(to, r.table)
}

// onlyLocal assigns a table with local routes only in the place of another table, because
// two answers assign different tables and nothing tells which answer is newer.
func (r *routeCompiler) onlyLocal(to string, other *routeTable) {
	if !r.whole {
		return // all is compiled again
	}
	fresh := r.newRoutes(r.vpc, other.id)
	fresh.finish()
	fresh.table.at = other.at
	r.next.assigned.Set(to, fresh.table)
	other.assigned = slices.DeleteFunc(other.assigned, func(had string) bool { return had == to })
	r.table.assigned = append(r.table.assigned, to) // so that unassign takes it back
}
