package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// routeCompiler compiles one route table.
type routeCompiler struct {
	*compiler
	vpc    *network
	table  *routeTable
	index  int               // of the route at hand
	ranked map[*Route]ranked // the routes of the table that are not static ones
	lists  []string          // the prefix lists that routes of the table lead to
	doubts []routeNotice
}

// ranked is the configured route that is in force for a prefix.
type ranked struct {
	*Route
	rank
}

// routeNotice is a notice about a route. It counts only if the route is in force, and no
// better route has the same prefix.
type routeNotice struct {
	Notice
	line *Route // nil: the route's destinations are not known
}

// newRoutes begins a table of a VPC.
func (c *compiler) newRoutes(v *network, id string) *routeCompiler {
	return &routeCompiler{compiler: c, vpc: v, table: &routeTable{id: id}, ranked: map[*Route]ranked{}}
}

// configured is a route of the table as it was configured. Most are static, and as they were.
func (r *routeCompiler) configured(line *Route) ranked {
	if of, is := r.ranked[line]; is {
		return of
	}
	return ranked{Route: line}
}

// path is the place of the route at hand in an error or a notice. It is made where there is
// one, because the text takes longer than all else about a route.
func (r *routeCompiler) path() string {
	return ec2.In(r.table.at.path(), ec2.At("Routes", r.index, ""))
}

// route adds one route to the table, if the card knows the route's destination.
func (r *routeCompiler) route(config *ec2.Route) {
	line := &Route{}
	r.checkFields(config)
	line.Target, line.Via = r.target(config, line)
	switch line.Target {
	case NotEnforced:
		r.tellOf(line, newNotice(r.droppedKind(line.Via), r.path(), destination(config)+" to "+line.Via))
	case Outside:
		r.outside(config, line)
	case NAT:
		line.nat = r.table.natNumber(line.Via)
	case EgressOnly:
		r.table.egressOnly = true
	}
	switch {
	case config.DestinationPrefixListId != "":
		r.listRoute(config, line)
	case !config.DestinationCidrBlock.IsValid() && !config.DestinationIpv6CidrBlock.IsValid() && r.table.at.answer:
		r.tellOf(nil, newNotice(RouteElsewhere, r.path(), "an unknown destination to "+line.Via))
	default:
		r.blockRoute(config, line)
	}
}

// outside notes that a route leads to a target whose other side is not the card's.
func (r *routeCompiler) outside(config *ec2.Route, line *Route) {
	line.Via = ec2.Cut(via(config), longestVia)
	if kind := r.next.listed[line.Via].kind; config.DestinationPrefixListId != "" && isEndpoint(config) && (kind == "" || kind == "Gateway") {
		line.Target = Endpoint
	}
	if !slices.Contains(r.table.outside, line.Via) {
		r.table.outside = append(r.table.outside, line.Via)
	}
	if !r.hasExit(line.Via) {
		r.tellOf(line, newNotice(RouteOutside, r.path(), destination(config)+" to "+line.Via))
	}
}

// blockRoute adds a route to one block, of either family.
func (r *routeCompiler) blockRoute(config *ec2.Route, line *Route) {
	field, dest := blockOf(config)
	right, six := r.ipv4, dest.IsValid() && dest == config.DestinationIpv6CidrBlock
	if six {
		right = r.ipv6
	}
	if sound := dest.Addr().Is4() != six && !dest.Addr().Is4In6(); !sound {
		right(r.path(), field, dest) // which says what is wrong
		return
	}
	r.checkDestination(config)
	of := rankOf(config)
	if !r.insert(dest, of, line) && of.kind == rankStatic {
		r.Add(r.path(), "%s %s stands twice", field, dest)
	}
}

// blockOf is the block that a route is for, and the name of its field.
func blockOf(config *ec2.Route) (field string, dest netip.Prefix) {
	if config.DestinationIpv6CidrBlock.IsValid() {
		return "DestinationIpv6CidrBlock", config.DestinationIpv6CidrBlock
	}
	return "DestinationCidrBlock", config.DestinationCidrBlock
}

// destination is a route's destination as people write it.
func destination(config *ec2.Route) string {
	if config.DestinationPrefixListId != "" {
		return config.DestinationPrefixListId
	}
	_, dest := blockOf(config)
	return dest.String()
}

// tellOf keeps a notice about a route until the table is complete, because a better route
// may come. line is nil for a route whose destinations are not known.
func (r *routeCompiler) tellOf(line *Route, n Notice) {
	r.doubts = append(r.doubts, routeNotice{n, line})
}

// listRoute adds a route for each entry of a prefix list.
func (r *routeCompiler) listRoute(config *ec2.Route, line *Route) {
	id := config.DestinationPrefixListId
	if slices.Contains(r.lists, id) {
		r.odd(r.path(), "DestinationPrefixListId "+ec2.Shorten(id)+" stands twice")
	}
	r.lists = append(r.lists, id)
	list := r.prefixList(r.table.at, ec2.In(r.path(), "DestinationPrefixListId"), id)
	if !list.known {
		r.doubts = slices.DeleteFunc(r.doubts, func(d routeNotice) bool { return d.line == line })
		r.tellOf(nil, newNotice(RouteElsewhere, r.path(), ec2.Shorten(id)+" to "+line.Via))
	}
	if line.Target == EgressOnly && slices.ContainsFunc(list.entries, func(p netip.Prefix) bool { return p.Addr().Is4() }) {
		r.noIPv6(config)
		return
	}
	for _, p := range list.entries {
		r.insert(p, rankOf(config), line)
	}
}

// insert puts a route into the table, unless there is one of lower or equal rank for the
// prefix, and is false if there is one of equal rank.
func (r *routeCompiler) insert(dest netip.Prefix, of rank, line *Route) bool {
	dest = dest.Masked()
	if had, is := r.table.lines.Get(dest); is {
		if was := r.configured(had).rank; !of.before(was) {
			return was != of
		}
	}
	filled := line
	if line.Dest != "" { // a route to a prefix list is a route for each of its entries
		filled = new(*line)
	}
	filled.Dest = dest.String()
	if of != (rank{}) {
		r.ranked[filled] = ranked{line, of}
	}
	r.table.lines.Insert(dest, filled)
	return true
}

// finish adds the routes that each table has: a local one for each block of the VPC, unless
// the customer gave that block another target.
func (r *routeCompiler) finish() {
	for _, block := range r.vpc.cidrs {
		r.insert(block, rank{}, &Route{Target: Local, Via: "local"})
	}
	r.settle()
}

// settle adds the notices about routes that are in force. A route to a prefix list whose
// entries are not known is missing from the table: its packets take a wider route, or
// none, and the notice says which.
func (r *routeCompiler) settle() {
	if len(r.doubts) == 0 {
		return
	}
	holds := make(map[*Route]bool, r.table.lines.Size())
	for _, line := range r.table.lines.All() {
		holds[r.configured(line).Route] = true
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
	least, text := 129, ""
	for dest, line := range r.table.lines.All() {
		if line.Target == Internet && dest.Bits() < least {
			least, text = dest.Bits(), dest.String()+" to "+line.Via
		}
	}
	return text
}
