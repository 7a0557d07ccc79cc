package lab

import (
	"net/netip"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Question asks for a journey: of a packet of the lab's client to a port of TCP at a public address
// of IPv4.
type Question struct {
	To netip.AddrPort
}

// Journey is what became of the first packet of a connection, and of the answer: as routers, links
// and cards saw it, in the order of the way. What is zero was not reached.
type Journey struct {
	From netip.AddrPort `json:"from"` // the lab's client
	To   netip.AddrPort `json:"to"`

	// How the internet finds the provider.
	Hops          []Hop          `json:"hops"`           // that told of themselves, and a last one that did not
	Announcements []Announcement `json:"announcements"`  // that lead there, from the client on
	Edge          string         `json:"edge,omitempty"` // that the packet came to

	// How the edge finds the server.
	Whereabouts *vpc.Whereabouts `json:"whereabouts,omitempty"` // of the address
	There       *Tunnel          `json:"there,omitempty"`

	// How the card finds the instance.
	In      []Look        `json:"in"` // what the stages of the card looked up
	Flow    *nic.FlowView `json:"flow,omitempty"`
	Guest   string        `json:"guest,omitempty"` // the host at which the packet arrived
	Arrived *Ends         `json:"arrived,omitempty"`

	// The way back.
	Out      []Look        `json:"out"`
	Back     *Tunnel       `json:"back,omitempty"`
	BackEdge string        `json:"back_edge,omitempty"`
	Time     time.Duration `json:"answer_ns,omitzero"` // from the first packet to the answer
	Answer   string        `json:"answer,omitempty"`   // what the client got: the guest's page, or only a connection

	Drop *Drop `json:"drop,omitempty"` // nil: the packet and its answer arrived
}

// Hop is a router on a packet's way, as a trace finds it: with a packet whose TTL ends there.
type Hop struct {
	Number  int           `json:"hop"`
	Address netip.Addr    `json:"address,omitzero"` // of who told that the packet's TTL ended (RFC 792); zero: nobody did
	Name    string        `json:"name,omitempty"`   // of the address, by the client's resolver; "": it has none
	Time    time.Duration `json:"rtt_ns,omitzero"`  // from the packet to the answer

	// Where nobody told:
	Edge   string `json:"dropped_at,omitempty"`
	Reason string `json:"reason,omitempty"` // why this edge dropped the packet
}

// Announcement is a router's best route to the address, by which its neighbors told it of the prefix.
type Announcement struct {
	Router string       `json:"router"` // host
	Daemon string       `json:"daemon"` // that speaks BGP there
	ASN    uint32       `json:"asn"`    // the router's own
	Prefix netip.Prefix `json:"prefix"`
	Via    []netip.Addr `json:"via"`
	ASPath []uint32     `json:"as_path"` // empty: the prefix was told within the router's own system
}

// Tunnel is a packet on the underlay: the headers of the tunnel, and those of the packet in it.
type Tunnel struct {
	OuterMACs Stations `json:"outer_macs"`
	Outer     Ends     `json:"outer"` // UDP
	VNI       uint32   `json:"vni"`
	InnerMACs Stations `json:"inner_macs"`
	Inner     Ends     `json:"inner"`
	Hops      uint8    `json:"ttl"` // TTL
}

// Stations are the MACs of a frame.
type Stations struct {
	Source      wire.MAC `json:"source"`
	Destination wire.MAC `json:"destination"`
}

// Ends are the addresses and ports of a packet.
type Ends struct {
	Source      netip.AddrPort `json:"source"`
	Destination netip.AddrPort `json:"destination"`
}

// Look is what a stage of the packet path looked up, and decided.
type Look struct {
	ENI    string `json:"eni"`
	Stage  string `json:"stage"`
	Found  string `json:"found,omitempty"`
	Denied bool   `json:"denied,omitempty"`
}

// Drop is where a packet's way ended.
type Drop struct {
	At     string `json:"at"`     // the edge, or the card's server
	Answer bool   `json:"answer"` // the answer was dropped, and not the packet
	nic.LastDrop
}
