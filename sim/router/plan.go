package router

import (
	"net/netip"
	"slices"
)

// Plan is what a router is told.
type Plan struct {
	ASN       uint32         // its autonomous system
	ID        netip.Addr     // its BGP identifier, an IPv4 address
	Neighbors []Neighbor     // whom it speaks BGP with
	Networks  []netip.Prefix // that it originates; how its kernel reaches them is not BGP's matter
}

// Neighbor is a BGP speaker on a link of the router's.
type Neighbor struct {
	Own, Address netip.Addr // the two ends of the session, of one family and on one link
	ASN          uint32
	BFD          bool // the session ends when BFD (RFC 5881) hears nothing more of the neighbor
}

// Route is what a router has learned of a prefix.
type Route struct {
	Prefix netip.Prefix `json:"prefix"`
	ASPath []uint32     `json:"as_path"` // from the neighbor's autonomous system to the originator's; empty: the router's own system originates the prefix
	Via    []netip.Addr `json:"via"`     // the neighbors that share what is for it
}

// Lookup is the route that is used for an address: that of the longest prefix. ok is false if
// there is none.
func Lookup(all []Route, to netip.Addr) (best Route, ok bool) {
	for _, r := range all {
		if r.Prefix.Contains(to) && (!ok || r.Prefix.Bits() > best.Prefix.Bits()) {
			best, ok = r, true
		}
	}
	return best, ok
}

// own are the router's addresses, each once.
func (p Plan) own() (all []netip.Addr) {
	for _, n := range p.Neighbors {
		if !slices.Contains(all, n.Own) {
			all = append(all, n.Own)
		}
	}
	return all
}

// What BFD takes for a sign of life. A machine that is busy with other things must not look dead:
// an interval is long beside what a process waits for a CPU.
const (
	bfdInterval   = 2 // seconds between two packets of the neighbor's
	bfdMultiplier = 3 // packets that may be missing
)
