package nic

import (
	"time"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// ENIView is what the card says of one ENI of its own.
type ENIView struct {
	ID             string   `json:"id"`
	Instance       string   `json:"instance,omitempty"`
	VPC            string   `json:"vpc"`
	VNI            uint32   `json:"vni"`
	Subnet         string   `json:"subnet"`
	MAC            wire.MAC `json:"mac"`
	RouterMAC      wire.MAC `json:"router_mac"`
	Addresses      []string `json:"addresses"`        // private, primary first
	Public         []string `json:"public,omitempty"` // in the order of Addresses, "" where there is none
	SecurityGroups []string `json:"security_groups"`
	Port           string   `json:"port,omitempty"` // of its guest, as opened; empty while none is attached

	Connections int `json:"connections"` // tracked, of its instance
	Allowance   int `json:"allowance"`   // conntrack_allowance_available is Allowance - Connections
}

// PortView is one port and what became of each frame it received:
// Received = Sent + Consumed + the sum of Dropped, always.
type PortView struct {
	Name     string            `json:"name"` // "uplink" or the ENI's ID
	Port     string            `json:"port"` // as opened, such as "afpacket:eth0"
	Link     string            `json:"link"` // "up", or what is wrong with it
	MAC      wire.MAC          `json:"mac"`
	MTU      int               `json:"mtu"`
	Received uint64            `json:"received"`
	Sent     uint64            `json:"sent"`
	Consumed uint64            `json:"consumed"`
	Dropped  map[string]uint64 `json:"dropped"`

	Delivered  uint64    `json:"delivered"`  // frames that left by this port, wherever they came from
	Originated uint64    `json:"originated"` // of those, frames the card itself made: ARP
	Driver     pmd.Stats `json:"driver"`
}

// DropView is one reason and how often it held.
type DropView struct {
	Reason   string            `json:"reason"`
	Sentence string            `json:"sentence"`
	Packets  uint64            `json:"packets"`
	ENIs     map[string]uint64 `json:"enis,omitempty"` // by the ENI whose stages dropped it
}

// LastDrop is one of the latest drops, in full.
type LastDrop struct {
	Time           time.Time `json:"time"`
	Reason         string    `json:"reason"`
	Sentence       string    `json:"sentence"`
	Port           string    `json:"port"` // that received the packet
	ENI            string    `json:"eni,omitempty"`
	Protocol       string    `json:"protocol,omitempty"`
	Source         string    `json:"source,omitempty"` // address:port, or address where there are no ports
	Destination    string    `json:"destination,omitempty"`
	SecurityGroups []string  `json:"security_groups,omitempty"` // that were asked, where one of them could have allowed it
}

// DropsView is every reason that ever held, most frequent first, and the
// latest drops, newest first.
type DropsView struct {
	Reasons []DropView `json:"reasons"`
	Last    []LastDrop `json:"last"`
}

// FlowView is one connection.
type FlowView struct {
	ENI       string    `json:"eni"`
	Protocol  string    `json:"protocol"`
	Local     string    `json:"local"` // the ENI's side, address:port
	Remote    string    `json:"remote"`
	Initiator string    `json:"initiator"` // "local" or "remote"
	State     string    `json:"state"`
	Tracked   bool      `json:"tracked"`
	Rule      *vpc.Rule `json:"rule,omitempty"` // that allowed its first packet
	Idle      float64   `json:"idle_seconds"`

	PacketsIn  uint64 `json:"packets_in"`
	PacketsOut uint64 `json:"packets_out"`
	BytesIn    uint64 `json:"bytes_in"`
	BytesOut   uint64 `json:"bytes_out"`
}

// FlowFilter chooses connections. The zero filter chooses all.
type FlowFilter struct {
	ENI   string // only this ENI's
	Limit int    // at most so many; 0 is 1,000
}

// Change is what Apply changed.
type Change struct {
	Epoch uint32 `json:"epoch"`
	vpc.Diff
	Notices []vpc.Notice `json:"notices"` // what the configuration holds and the card does not enforce
}

// Event is the end of one packet's way through the card.
type Event struct {
	Port    string    // that received it
	Verdict Verdict   // Sent, Consumed, or why it was dropped
	To      string    // the port it left by, if Sent
	ENI     *vpc.ENI  // whose stages decided last; nil before an ENI was found
	Rule    *vpc.Rule // of the ENI's groups that allowed the connection; nil if none was asked
	Egress  *vpc.Rule // the sender's rule, where sender and receiver are both guests of this card
}
