package nic

import (
	"cmp"

	"nitrocard/nic/vpc"
)

// RouteHit is a table's answer for a packet. Without Destination and Target the table has no
// route for the packet.
type RouteHit struct {
	Table       string `json:"table"`                 // its ID; "": the VPC's main table, which the configuration lacks
	Destination string `json:"destination,omitempty"` // the prefix that matched
	Target      string `json:"target,omitempty"`      // ID of the target, as EC2 has it
}

// NewRouteHit is a route of the table of an ID, nil if r is nil.
func NewRouteHit(table string, r *vpc.Route) *RouteHit {
	if r == nil {
		return nil
	}
	return &RouteHit{table, r.Dest, r.Via}
}

// String is the route as people write it: "rtb-1: 0.0.0.0/0 to igw-1".
func (h RouteHit) String() string {
	table := cmp.Or(h.Table, "main table")
	if h.Destination == "" {
		return table + ": no route"
	}
	return table + ": " + h.Destination + " to " + h.Target
}
