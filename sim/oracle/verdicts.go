package oracle

// verdicts are the card's names for drops of each part of EC2.
var verdicts = map[Part][]string{
	Headers:          {"ipv6_extensions"},
	Fragments:        {"fragment_unknown", "fragment_overlap", "fragment_tiny", "fragment_length", "fragment_overrun"},
	SourceCheck:      {"spoofed_address"},
	GroupOut:         {"security_group_out"},
	ACLOut:           {"network_acl_out"},
	Port25:           {"port_25_blocked"},
	NoRoute:          {"no_route"},
	Blackhole:        {"blackhole"},
	Elsewhere:        {"target_outside", "route_not_enforced"},
	OutsidePeer:      {"outside_peer"},
	NoNeighbor:       {"no_neighbor"},
	NoPublic:         {"no_public_address"},
	PrivateEnd:       {"private_internet", "source_mismatch"},
	PublicAccess:     {"block_public_access"},
	TooBig:           {"packet_too_big", "packet_too_big_untold"},
	PassedBy:         {"middlebox_passed_by"},
	EgressOnly:       {"egress_only", "network_acl_in", "security_group_in"}, // a card asks the gateway last
	NATProtocol:      {"nat_protocol", "nat_family"},                         // a packet may be neither
	NATFragment:      {"nat_fragment", "nat_family"},
	NATFamily:        {"nat_family", "nat_unknown"}, // an answer may be neither
	NATSource:        {"nat_source"},
	NATState:         {"security_group_in", "network_acl_in", "nat_unknown"}, // its ENI is one of a subnet, and has no groups
	NATLoop:          {"nat_loop", "network_acl_in"},                         // which the packet meets once more
	NATUnknown:       {"nat_unknown"},
	NoGateway:        {"", "private_destination", "no_internet_gateway"}, // the edge knows no such address
	Impostor:         {"source_mismatch"},
	ACLIn:            {"network_acl_in"},
	DestinationCheck: {"not_for_this_eni"},
	GroupIn:          {"security_group_in"},
}

// Verdicts are the card's names for drops of this part of EC2. The oracle itself has no use
// for them: they are for whoever compares a card with it.
func (p Part) Verdicts() []string { return verdicts[p] }
