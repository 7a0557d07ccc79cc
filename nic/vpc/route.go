package vpc

import (
	"net/netip"

	"github.com/gaissmai/bart"

	"nitrocard/nic/wire"
)

// Target is the kind of a route's target.
type Target uint8

// Targets of a route. The zero value leads nowhere.
const (
	NoRoute     Target = iota
	Local              // an ENI of the VPC
	Internet           // the internet gateway
	EgressOnly         // the egress-only internet gateway, of IPv6
	Interface          // one ENI, whoever has the destination: a middlebox. Via is the ENI's ID, or its instance's
	Peering            // a VPC peering connection
	NAT                // a NAT gateway, which OwnENI.NATFor finds
	Outside            // a gateway whose other side is not the card's: transit gateway, VPN, endpoint, …
	Endpoint           // a gateway endpoint, of S3 or DynamoDB, which is Outside, and carries some protocols alone
	Blackhole          // a target that is gone
	NotEnforced        // a target that is not known, or none for the destination's family
)

var targetNames = [...]string{"no route", "local", "internet gateway", "egress-only internet gateway", "interface", "peering connection", "nat gateway", "outside", "gateway endpoint", "blackhole", "not enforced"}

// String names the target.
func (t Target) String() string { return targetNames[t] }

// leadsOut tells whether the other side of the target is not the card's.
func (t Target) leadsOut() bool { return t == Outside || t == Endpoint }

// Route is a route of a compiled table. It never changes but for its note (Hit), and any goroutine may keep
// it.
type Route struct {
	Target Target
	nat    uint32 // of a NAT gateway, its index in routeTable.nats; beside Target it takes no memory
	hit    uint32 // 1: a packet took the route
	Dest   string // the prefix that matched; "" for NoRoute
	Via    string // ID of the target, as EC2 has it: "local", igw-…
}

// String is the route as people write it: "0.0.0.0/0 to igw-1".
func (r *Route) String() string {
	if r.Target == NoRoute {
		return "no route"
	}
	return r.Dest + " to " + r.Via
}

// nowhere is the answer of a table without a route to a destination.
var nowhere = &Route{}

// routeTable is a compiled route table. Its subnets share it.
type routeTable struct {
	id    string
	lines bart.Table[*Route]

	outside    []string // the Via of each target whose other side is not the card's
	nats       []string // the Via of each NAT gateway
	egressOnly bool     // a route leads to an egress-only internet gateway
	inside     bool     // a route has another target than the local one for the VPC or a part of it
	at         spot
	assigned   []string // keys of Region.assigned
	notices    []Notice // which count if a subnet uses the table
}

// route is the table's route for a destination: the one with the longest prefix, whatever
// its kind (VPC User Guide, "How route priority works"). The route is not nil.
func (t *routeTable) route(dst wire.Addr) *Route {
	addr := dst.Netip()
	for _, p := range unroutable {
		if p.Contains(addr) {
			return nowhere
		}
	}
	if r, found := t.lines.Lookup(addr); found {
		return r
	}
	return nowhere
}

// Route is the route for a destination in the table of the ENI's subnet. The route is not
// nil.
func (e *OwnENI) Route(dst wire.Addr) *Route { return e.routes.route(dst) }

// unroutable are the addresses of EC2's link-local services. No route leads there, not even
// a wider one (VPC User Guide, "Route table concepts"). Nor does any router forward to a
// link-local address of IPv6 (RFC 4291 section 2.5.6).
var unroutable = [...]netip.Prefix{netip.MustParsePrefix("169.254.168.0/22"), netip.MustParsePrefix("fd00:ec2::/32"), netip.MustParsePrefix("fe80::/10")}
