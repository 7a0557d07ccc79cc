package vpc

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"

	"github.com/cespare/xxhash/v2"

	"nitrocard/nic/wire"
)

// Placement is the part of the configuration that EC2 does not tell: which server has
// which ENI, how the servers find each other, which number a VPC has on the wire, and
// which port an ENI's guest is plugged into. Without Placement, one card has all ENIs.
type Placement struct {
	Cards      []CardPlacement          `json:",omitzero"` // absent: one card, "local", 198.18.0.1/24
	Edge       EdgePlacement            `json:",omitzero"`
	Edges      []EdgeHost               `json:",omitzero"`             // that follow a controller; absent: edges have a configuration each
	Vnis       map[string]uint32        `json:",omitzero"`             // by VPC; absent: the lowest free number from 1, by order of Vpcs
	Ports      map[string]string        `json:",omitzero" most:"4096"` // by ENI; absent: a tap named after the ENI
	Allowances map[string]Allowance     `json:",omitzero"`             // by instance
	Exits      map[string]ExitPlacement `json:",omitzero"`             // by ID of a target whose other side is not ours: tgw-…, vgw-…, vpce-…, …; absent: its packets are dropped
	// NatGateways are the ENIs that stand for a regional NAT gateway, which has none in EC2: by the
	// gateway's ID and by the name or ID of the availability zone.
	NatGateways map[string]map[string]string `json:",omitzero"`
	Part        bool                         `json:",omitzero"` // the configuration is a card's part of a region: what it names and does not have is in another card's
	// PublicPrefixes are the provider's public addresses: edges announce them, and who allocates an
	// Elastic IP address gets one of them.
	PublicPrefixes   []netip.Prefix `json:",omitzero"`
	AllowancesByType bool           `json:",omitzero"` // instances have the allowance of their InstanceType, unless Allowances tells another
	Port25           string         `json:",omitzero"` // "open": guests may send to TCP port 25 of the internet; absent: blocked, as EC2 does
}

// IsZero tells whether the configuration has no Placement.
func (p Placement) IsZero() bool { return reflect.ValueOf(p).IsZero() }

// CardPlacement is the card of one server.
type CardPlacement struct {
	Name              string       `json:",omitzero"`
	Vtep              netip.Prefix `json:",omitzero"` // its address on the underlay, with the length of the link's prefix; all are IPv4, or all IPv6
	Gateway           netip.Addr   `json:",omitzero"` // absent: all VTEPs are on the link
	Mac               wire.MAC     `json:",omitzero"` // of its uplink; absent: the port's own, found by ARP or neighbor discovery
	Rack              string       `json:",omitzero"` // of the server, for people
	AvailabilityZone  string       `json:",omitzero"` // of the server, for people
	NetworkInterfaces []string     `json:",omitzero"` // IDs; an ENI that no card names is on the first card
}

// EdgePlacement is the router between the VPCs and the internet.
type EdgePlacement struct {
	Vtep        netip.Addr `json:",omitzero"` // absent: 198.18.0.254, or 2001:2::fe
	Mac         wire.MAC   `json:",omitzero"` // inside the tunnel
	UnderlayMac wire.MAC   `json:",omitzero"` // absent: found as other tunnel ends' are
}

// EdgeHost is one edge that follows a controller. All edges have the tunnel end of Placement's
// Edge.
type EdgeHost struct {
	Name             string `json:",omitzero"` // as of no card
	Rack             string `json:",omitzero"` // for people
	AvailabilityZone string `json:",omitzero"` // for people
}

// ExitPlacement is where the target of a route really leads. The tunnel end takes the target's
// packets, and what it sends back is for the MACs of ENIs, under the same VNI.
type ExitPlacement struct {
	Vtep        netip.Addr `json:",omitzero"` // may be that of the edge or of other exits
	Vni         uint32     `json:",omitzero"` // of the target alone
	Mac         wire.MAC   `json:",omitzero"` // inside the tunnel; absent: 02:00:00:00:e8:17
	UnderlayMac wire.MAC   `json:",omitzero"` // absent: found as other tunnel ends' are
}

// Allowance bounds what one instance may take. Rates are counted over all its ENIs, in the units of
// EC2's DescribeInstanceTypes.
type Allowance struct {
	Connections             uint32  `json:",omitzero"` // tracked connections; 0: an equal part of the card's table
	InstanceType            string  `json:",omitzero"` // such as m5.large, whose figures count where the others below are 0
	BaselineBandwidthInGbps float64 `json:",omitzero"` // Gbit/s each way that the instance has for ever; 0: the peak
	PeakBandwidthInGbps     float64 `json:",omitzero"` // Gbit/s each way while there are credits; 0: any
	PacketsPerSecond        uint32  `json:",omitzero"` // of both directions together; 0: any number
	FlowBandwidthInGbps     float64 `json:",omitzero"` // Gbit/s each way of one flow; 0: 5, as EC2 has it outside of a cluster placement group, where it is 10
	InternetBandwidthInGbps float64 `json:",omitzero"` // Gbit/s each way by internet gateways and local gateways together; 0: by the type's vCPUs, as EC2 has it
}

// The default addresses are of the range for benchmarks (RFC 2544, RFC 6890), which neither
// a VPC nor the internet uses. The edge has a static MAC, so that a card whose underlay is
// a pcap file or a test can send to the edge without an answer to ARP.
var (
	defaultCard            = CardPlacement{Name: "local", Vtep: netip.MustParsePrefix("198.18.0.1/24")}
	defaultEdgeVtep        = netip.MustParseAddr("198.18.0.254")
	defaultEdgeVtep6       = netip.MustParseAddr("2001:2::fe") // RFC 5180 section 8
	defaultEdgeMAC         = wire.MAC{0x02, 0, 0, 0, 0xed, 0x9e}
	defaultEdgeUnderlayMAC = wire.MAC{0x02, 0, 0, 0, 0xed, 0x01}
	defaultExitMAC         = wire.MAC{0x02, 0, 0, 0, 0xe8, 0x17}
)

// withDefaults is p with the defaults filled in, but those of VNIs and ports, which depend
// on the region.
func (p Placement) withDefaults() Placement {
	if len(p.Cards) == 0 {
		p.Cards = []CardPlacement{defaultCard}
	}
	if !p.Edge.Vtep.IsValid() {
		p.Edge.Vtep = defaultEdgeVtep
		if first := p.Cards[0].Vtep; first.IsValid() && !first.Addr().Unmap().Is4() {
			p.Edge.Vtep = defaultEdgeVtep6
		}
		if p.Edge.UnderlayMac.IsZero() {
			p.Edge.UnderlayMac = defaultEdgeUnderlayMAC
		}
	}
	if p.Edge.Mac.IsZero() {
		p.Edge.Mac = defaultEdgeMAC
	}
	return p
}

// defaultPort is a tap named after an ENI. Linux allows an interface 15 characters: the ID
// if it is short, the end of an ID as EC2 makes them, or a fingerprint of any other ID.
func defaultPort(id string) string { return string(appendDefaultPort(nil, id)) }

// appendDefaultPort appends defaultPort to a slice, and allocates nothing for IDs as EC2
// makes them if the slice has room.
func appendDefaultPort(to []byte, id string) []byte {
	const prefix, most = "eni-", 15
	tail := most - len(prefix)
	switch {
	case len(id) <= most && plainName(id):
		return append(append(to, "tap:"...), id...)
	case len(id) == len("eni-0123456789abcdef0") && strings.HasPrefix(id, prefix) && plainName(id):
		return append(append(to, "tap:"+prefix...), id[len(id)-tail:]...)
	}
	return append(append(to, "tap:"+prefix...), fmt.Sprintf("%016x", xxhash.Sum64String(id))[:tail]...)
}

// plainName tells whether an ID is a good name for an interface.
func plainName(id string) bool {
	for _, c := range []byte(id) {
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return id != ""
}
