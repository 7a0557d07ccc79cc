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
	Peering            // a VPC peering connection
	Blackhole          // a target that is gone
	NotEnforced        // a target that this card does not serve: NAT gateway, transit gateway, …
)

var targetNames = [...]string{"no route", "local", "internet gateway", "peering connection", "blackhole", "not enforced"}

// String names the target.
func (t Target) String() string { return targetNames[t] }

// Route is the answer of a route table.
type Route struct {
	Target Target
	Dest   string // the prefix that matched; "" for NoRoute
	Via    string // ID of the target, as EC2 has it: "local", igw-…
}

// routeTable is a compiled route table. Its subnets share it.
type routeTable struct {
	id    string
	lines bart.Fast[*Route]

	at       spot
	assigned []string // keys of Region.assigned
	notices  []Notice // which count if a subnet uses the table
}

// Route is the route for a destination in the table of the ENI's subnet: the one with the
// longest prefix.
func (e *OwnENI) Route(dst wire.Addr) Route {
	r, found := e.routes.lines.Lookup(dst.Netip())
	if !found {
		return Route{}
	}
	return *r
}

// unroutable are the addresses of EC2's link-local services. No route leads there, not even
// a wider one (VPC user guide, "Route table concepts").
var unroutable = netip.MustParsePrefix("169.254.168.0/22")
