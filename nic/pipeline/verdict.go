package pipeline

import "nitrocard/nic/wire"

// Verdict is what became of a packet. A stage returns one; finish, and
// nothing else, acts on it.
//
// The zero verdict drops: a path that forgets to decide is closed.
type Verdict uint8

const (
	Undecided Verdict = iota

	// next passes the packet on to the stage that follows.
	next
	// again sends the packet through the stages of the receiving ENI, where sender and
	// receiver are guests of this card.
	again
	// early has a fragment wait for those before it, or a packet for the records of its ENI's
	// connections (early.go).
	early
	// answered sends the frame, which a stage made an answer in place, back by the
	// queue that received the frame. The packet that asked ends as Consumed.
	answered

	Sent     // left by another port
	Consumed // was for the card itself

	NotForThisCard
	NotVXLAN
	UnderlayVLAN
	UnknownVTEP
	UnknownVNI
	UnknownMAC
	SourceMismatch
	CongestionDrop
	UplinkBacklog

	EtherTypeDenied
	VLANDenied
	GroupAddress
	ARPUnanswered
	ARPInvalid
	NDUnanswered
	NDInvalid
	SpoofedMAC
	SpoofedAddress
	Martian
	NotForThisENI
	PrivateDestination
	PrivateInternet
	NoInternetGateway
	BlockPublicAccess
	EgressOnlyDenied
	InternetDenied
	MiddleboxPassedBy
	Port25Blocked
	NotTheRouter

	SecurityGroupIn
	SecurityGroupOut
	NetworkACLIn
	NetworkACLOut
	ConntrackAllowanceExceeded
	ConntrackFull
	BandwidthInExceeded
	BandwidthOutExceeded
	PacketsExceeded
	FragmentUnknown
	FragmentOverlap

	NoRoute
	Blackhole
	RouteNotEnforced
	TargetOutside
	EndpointProtocol
	LocalServiceAbsent
	LocalServiceBusy
	LinkLocalAllowanceExceeded
	NoNeighbor
	OutsidePeer
	NoPublicAddress
	NATAbsent
	NATLoop

	UnderlayUnresolved
	PacketTooBig
	PacketTooBigUntold
	TooLong
	NoHeadroom
	NoPort
	PortDown
	TxFull
	ApplianceLoop

	NATProtocol
	NATSource
	NATFragment
	NATFamily
	NATUnknown
	NATPortAllocation

	SpoofedSource
	NotAnnounced
	AddressUnassigned
	TimeExceeded
	TimeExceededUntold
	GatewayUnresolved
	RouterItself

	// malformed is the first verdict of a row, one for each of wire's faults in wire's
	// order.
	malformed
)

// Verdicts is the number of verdicts, and the length of every array of counters.
const Verdicts = int(malformed) + int(wire.FaultCount)

// Malformed is the verdict on a frame with the given fault.
func Malformed(f wire.Fault) Verdict { return malformed + Verdict(f) }

// words are a verdict's name, for counters and JSON, and a verdict's sentence, for
// people.
type words struct{ name, sentence string }

// vocabulary is the one place where a verdict gets its words.
var vocabulary = [malformed]words{
	Undecided: {"undecided", "no stage decided; this is a defect of the card"},
	next:      {"next", "still on its way"},
	again:     {"again", "still on its way"},
	early:     {"early", "waits for the fragments before it, or for what is known of its connection"},
	answered:  {"answered", "on its way back"},
	Sent:      {"sent", "left by another port"},
	Consumed:  {"consumed", "was for the card itself"},

	NotForThisCard: {"not_for_this_card", "the outer addresses are not this card's"},
	NotVXLAN:       {"not_vxlan", "is neither VXLAN nor ARP or neighbor discovery, and the underlay carries nothing else to a card"},
	UnderlayVLAN:   {"underlay_vlan", "the outer frame is of a VLAN, and the card's underlay is untagged"},
	UnknownVTEP:    {"unknown_vtep", "comes from a tunnel end that the configuration does not name"},
	UnknownVNI:     {"unknown_vni", "no VPC has this VNI"},
	UnknownMAC:     {"unknown_mac", "no ENI of this VPC on this card has the inner destination MAC"},
	SourceMismatch: {"source_mismatch", "the inner source address does not live behind the tunnel end that sent it"},
	CongestionDrop: {"congestion_drop", "the underlay is congested, and the inner packet's ends do not understand marks (RFC 6040 section 4.2)"},
	UplinkBacklog:  {"uplink_backlog", "the card is behind its uplink, and more came for this ENI than its share"},

	EtherTypeDenied:    {"ethertype_denied", "a VPC carries IPv4, IPv6 and ARP; this is something else"},
	VLANDenied:         {"vlan_denied", "a VPC has no VLANs"},
	GroupAddress:       {"group_address", "a VPC has neither broadcast nor multicast"},
	ARPUnanswered:      {"arp_unanswered", "nobody in the subnet has the address asked for"},
	ARPInvalid:         {"arp_invalid", "is no ARP request for IPv4 over Ethernet"},
	NDUnanswered:       {"nd_unanswered", "nobody in the subnet has the IPv6 address asked for"},
	NDInvalid:          {"nd_invalid", "is no sound solicitation of neighbor discovery from a guest (RFC 4861), and no other such message passes"},
	SpoofedMAC:         {"spoofed_mac", "the source MAC is not the ENI's"},
	SpoofedAddress:     {"spoofed_address", "the source address is not the ENI's, and its source/destination check is on"},
	Martian:            {"martian", "no packet on a network may have this address (RFC 1812 section 5.3.7)"},
	NotForThisENI:      {"not_for_this_eni", "the destination address is not the ENI's, and its source/destination check is on"},
	PrivateDestination: {"private_destination", "comes from the internet for a private address"},
	EgressOnlyDenied:   {"egress_only", "comes from the internet unasked, and the route back leads to an egress-only internet gateway"},
	PrivateInternet:    {"private_internet", "the internet gateway lets no private address pass (RFC 1918, RFC 6598, RFC 4193)"},
	Port25Blocked:      {"port_25_blocked", "EC2 blocks TCP port 25 to public addresses and IPv6, unless Placement says Port25: open"},
	NoInternetGateway:  {"no_internet_gateway", "comes from the internet, and the VPC has no internet gateway"},
	BlockPublicAccess:  {"block_public_access", "VPC Block Public Access of the ENI's subnet blocks it"},
	InternetDenied:     {"internet_denied", "the ENI's DenyAllIgwTraffic lets nothing pass between it and the internet gateway"},
	MiddleboxPassedBy:  {"middlebox_passed_by", "the internet gateway's route table leads to a middlebox, and the packet did not come from there"},
	NotTheRouter:       {"not_the_router", "the destination MAC is neither the router's nor the neighbor's"},

	SecurityGroupIn:            {"security_group_in", "no inbound rule of the ENI's security groups allows it"},
	SecurityGroupOut:           {"security_group_out", "no outbound rule of the ENI's security groups allows it"},
	NetworkACLIn:               {"network_acl_in", "the network ACL of the ENI's subnet does not allow it in"},
	NetworkACLOut:              {"network_acl_out", "the network ACL of the ENI's subnet does not allow it out"},
	ConntrackAllowanceExceeded: {"conntrack_allowance_exceeded", "the instance tracks as many connections as it may"},
	BandwidthInExceeded:        {"bw_in_allowance_exceeded", "more comes for the instance, or for one of its flows, than the bandwidth, and the queue of what waits is full"},
	BandwidthOutExceeded:       {"bw_out_allowance_exceeded", "the instance sends more in one flow, or to the internet, than the bandwidth, and the queue of what waits is full"},
	PacketsExceeded:            {"pps_allowance_exceeded", "the instance receives and sends as many packets a second as it may, and the queue of what waits is full; or the ENI sends more than 1,024 fragments a second"},
	ConntrackFull:              {"conntrack_full", "the card's connection table is full"},
	FragmentUnknown:            {"fragment_unknown", "a fragment before this one was not seen within a second, or not allowed"},
	FragmentOverlap:            {"fragment_overlap", "brings bytes that fragments before it brought, or bytes after the last fragment"},

	NoRoute:                    {"no_route", "the subnet's route table has no route to the destination"},
	Blackhole:                  {"blackhole", "the route's target is gone, or EC2 has taken the route out of force"},
	RouteNotEnforced:           {"route_not_enforced", "the route names no target that the configuration has for this destination"},
	TargetOutside:              {"target_outside", "the route leads out of the configuration, to a transit gateway, a VPN, an endpoint or the like, and Placement names no exit for it"},
	EndpointProtocol:           {"endpoint_protocol", "a gateway endpoint carries TCP and ICMP echo; this is something else"},
	LocalServiceAbsent:         {"local_service_absent", "the card has no service at this link-local address and port"},
	LocalServiceBusy:           {"local_service_busy", "the services of the card are behind, or the packet is too long for them"},
	LinkLocalAllowanceExceeded: {"linklocal_allowance_exceeded", "the ENI sends more than 1,024 packets a second to the services of the card"},
	NoNeighbor:                 {"no_neighbor", "no ENI of the VPC has the destination address"},
	OutsidePeer:                {"outside_peer", "no block of the peer VPC has the destination address, and peering leads nowhere else"},
	NoPublicAddress:            {"no_public_address", "the route leads to the internet, and the source address has no public one"},

	NATAbsent: {"nat_absent", "the route's NAT gateway has no ENI in the configuration"},
	NATLoop:   {"nat_loop", "the routes of the subnets of NAT gateways lead from one NAT gateway to the next and back, without end"},

	UnderlayUnresolved: {"underlay_unresolved", "the remote tunnel end did not answer ARP or neighbor discovery yet"},
	PacketTooBig:       {"packet_too_big", "is longer than its way carries and not to be fragmented; the sender was told the MTU"},
	PacketTooBigUntold: {"packet_too_big_untold", "is longer than its way carries and not to be fragmented; the sender was not told, because the packet is an error or a fragment, nobody knows the way back, or the sender was told so often enough"},
	TooLong:            {"too_long", "the frame is longer than the port sends"},
	NoHeadroom:         {"no_headroom", "no room before the frame for the tunnel headers; this is a defect of the driver"},
	NoPort:             {"no_port", "the ENI or the uplink has no port attached"},
	PortDown:           {"port_down", "the port it should leave by is down"},
	TxFull:             {"tx_full", "the port it should leave by had no room"},
	NATProtocol:        {"nat_protocol", "a NAT gateway carries TCP, UDP and ICMP; this is something else"},
	NATSource:          {"nat_source", "the NAT gateway serves its own VPC and what transit gateways lead to, and the source is neither"},
	NATFragment:        {"nat_fragment", "a NAT gateway carries fragments of UDP alone"},
	NATFamily:          {"nat_family", "has no form in the other family: not for 64:ff9b::/96, a message, header or length that RFC 7915 does not translate, or an ICMP error with a wrong checksum"},
	NATUnknown:         {"nat_unknown", "belongs to no connection through the NAT gateway"},
	NATPortAllocation:  {"nat_port_allocation", "the NAT gateway has no port left to this destination, or no room for another connection"},

	SpoofedSource:      {"spoofed_source", "comes from the internet with an address of the region's own prefixes, or with one that no packet on the internet has"},
	NotAnnounced:       {"not_announced", "comes from the internet for an address that is in no prefix that the edge announces"},
	AddressUnassigned:  {"address_unassigned", "is for an address that the edge announces and that no ENI has"},
	TimeExceeded:       {"time_exceeded", "had no hop left at the edge (TTL or hop limit); its sender was told"},
	TimeExceededUntold: {"time_exceeded_untold", "had no hop left at the edge or behind it (TTL or hop limit); the sender was not told: no router behind the edge tells, and the edge tells no guest, tells of no error or fragment, and tells so many senders a second"},
	GatewayUnresolved:  {"gateway_unresolved", "the router towards the internet is not known, or did not answer ARP or neighbor discovery yet"},
	RouterItself:       {"router_itself", "is for the edge itself, which answers pings from the internet, at most so many a second, and nothing else"},

	ApplianceLoop: {"appliance_loop", "went through as many parts of the card, one after the other, as a packet may; do two parts send to each other?"},
}

// String is the verdict's name, in snake case.
func (v Verdict) String() string {
	if v < malformed {
		return vocabulary[v].name
	}
	return wire.Fault(v - malformed).String()
}

// Reasons are the names of all verdicts that drop.
func Reasons() (names []string) {
	for v := range Verdict(Verdicts) {
		if v.Dropped() && v != Malformed(wire.NoFault) {
			names = append(names, v.String())
		}
	}
	return names
}

// Sentence says in words why the packet met this verdict.
func (v Verdict) Sentence() string {
	if v < malformed {
		return vocabulary[v].sentence
	}
	return wire.Fault(v - malformed).Sentence()
}

// ByNAT tells whether the verdict is a NAT gateway's.
func (v Verdict) ByNAT() bool { return v >= NATProtocol && v <= NATPortAllocation }

// Dropped tells whether the verdict is a reason for a drop.
func (v Verdict) Dropped() bool { return v == Undecided || v > Consumed }
