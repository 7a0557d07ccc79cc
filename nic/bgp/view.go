package bgp

import (
	"net/netip"
	"time"
)

// View is what a speaker shows.
type View struct {
	ASN       uint32         `json:"asn"`
	RouterID  netip.Addr     `json:"router_id"`
	Draining  bool           `json:"draining"` // the speaker has withdrawn everything, because the edge ends
	Prefixes  []netip.Prefix `json:"prefixes"` // that are announced to every neighbor of their family
	Neighbors []NeighborView `json:"neighbors"`
}

// NeighborView is the session with a neighbor.
type NeighborView struct {
	Address   netip.Addr `json:"address"`
	ASN       uint32     `json:"asn"`
	State     string     `json:"state"`          // of RFC 4271 section 8.2.2, such as "established"
	BFD       string     `json:"bfd,omitempty"`  // of RFC 5880 section 6.2, such as "up"; "": none
	Since     time.Time  `json:"since,omitzero"` // when the session was established
	Announced uint64     `json:"announced"`      // prefixes that the neighbor was told and not to forget
	Refused   uint64     `json:"refused"`        // prefixes that the neighbor told, and the edge does not believe
}
