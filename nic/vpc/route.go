package vpc

import (
	"net/netip"

	"github.com/gaissmai/bart"

	"nitrocard/nic/wire"
)

// Target is what a route leads to.
type Target uint8

// Targets of a route. The zero value leads nowhere.
const (
	NoRoute     Target = iota
	Local              // an ENI of the VPC
	Internet           // the internet gateway
	Blackhole          // a target that is gone
	NotEnforced        // a target that this card does not serve: NAT gateway, peering, transit gateway, …
)

var targetNames = [...]string{"no route", "local", "internet gateway", "blackhole", "not enforced"}

// String names the target.
func (t Target) String() string { return targetNames[t] }

// Route is the answer of a route table.
type Route struct {
	Target Target
	Dest   string // the prefix that matched; "" for NoRoute
	Via    string // ID of the target, as EC2 has it: "local", igw-…
}

// routeTable is a compiled route table; subnets share it.
type routeTable struct {
	id    string
	lines bart.Fast[*Route]

	at       spot
	assigned []string // as Region.assigned has it
	notices  []Notice // told if a subnet uses the table
}

// Route finds the longest prefix for a destination in the subnet's table.
func (e *OwnENI) Route(dst wire.Addr) Route {
	r, found := e.routes.lines.Lookup(dst.Netip())
	if !found {
		return Route{}
	}
	return *r
}

// unroutable cannot be routed, not even by a wider route: EC2's link-local
// services live there (VPC user guide, "Route table concepts").
var unroutable = netip.MustParsePrefix("169.254.168.0/22")
