package wire

// Fault names what is wrong with a frame. The zero Fault, NoFault, is a sound
// frame's.
type Fault uint8

// One fault for each way in which a header can be malformed.
const (
	NoFault Fault = iota
	FaultFrameOversize
	FaultEthernetTruncated
	FaultVLANTruncated
	FaultVLANDepth
	FaultARPTruncated
	FaultARPFormat
	FaultIPv4Truncated
	FaultIPv4Version
	FaultIPv4HeaderLength
	FaultIPv4LengthShort
	FaultIPv4LengthBeyond
	FaultIPv4Checksum
	FaultIPv6Truncated
	FaultIPv6Version
	FaultIPv6LengthBeyond
	FaultIPv6Mapped
	FaultIPv6Extension
	FaultIPv6Extensions
	FaultFragmentOverrun
	FaultFragmentTiny
	FaultFragmentLength
	FaultUDPTruncated
	FaultUDPLengthShort
	FaultUDPLengthBeyond
	FaultTCPTruncated
	FaultTCPOffsetShort
	FaultTCPOffsetBeyond
	FaultICMPTruncated
	FaultOuterFragment
	FaultOuterChecksum
	FaultVXLANTruncated
	FaultVXLANFlags

	// FaultCount is one more than the last fault, for arrays of counters.
	FaultCount
)

var faults = [FaultCount]struct{ name, sentence string }{
	NoFault:                {"none", "nothing is wrong"},
	FaultFrameOversize:     {"frame_oversize", "the frame has more than 65535 bytes"},
	FaultEthernetTruncated: {"ethernet_truncated", "the frame is shorter than an Ethernet header of 14 bytes"},
	FaultVLANTruncated:     {"vlan_truncated", "the frame ends within a VLAN tag"},
	FaultVLANDepth:         {"vlan_depth", "the frame has more than two VLAN tags"},
	FaultARPTruncated:      {"arp_truncated", "the frame ends within the 28 bytes of an ARP packet"},
	FaultARPFormat:         {"arp_format", "the ARP packet is not about IPv4 over Ethernet"},
	FaultIPv4Truncated:     {"ipv4_truncated", "the frame ends within the IPv4 header"},
	FaultIPv4Version:       {"ipv4_version", "the EtherType says IPv4 and the header's version does not"},
	FaultIPv4HeaderLength:  {"ipv4_header_length", "the IPv4 header says it is shorter than 20 bytes"},
	FaultIPv4LengthShort:   {"ipv4_length_short", "the IPv4 packet says it is shorter than its header"},
	FaultIPv4LengthBeyond:  {"ipv4_length_beyond", "the IPv4 packet says it is longer than the frame"},
	FaultIPv4Checksum:      {"ipv4_checksum", "the IPv4 header's checksum is wrong"},
	FaultIPv6Truncated:     {"ipv6_truncated", "the frame ends within the IPv6 header"},
	FaultIPv6Version:       {"ipv6_version", "the EtherType says IPv6 and the header's version does not"},
	FaultIPv6LengthBeyond:  {"ipv6_length_beyond", "the IPv6 packet says it is longer than the frame"},
	FaultIPv6Mapped:        {"ipv6_mapped", "an address of the IPv6 packet stands for an IPv4 address, which no packet may carry (RFC 4291 section 2.5.5.2)"},
	FaultIPv6Extension:     {"ipv6_extension", "the IPv6 packet ends within an extension header"},
	FaultIPv6Extensions:    {"ipv6_extensions", "the IPv6 packet has more than eight extension headers"},
	FaultFragmentOverrun:   {"fragment_overrun", "the fragment ends past the 65535 bytes of an IP packet"},
	FaultFragmentTiny:      {"fragment_tiny", "the fragment splits the transport header, as one made to slip past a filter does"},
	FaultFragmentLength:    {"fragment_length", "the fragment has no payload, or others follow and its payload is no multiple of 8 bytes"},
	FaultUDPTruncated:      {"udp_truncated", "the packet ends within the UDP header"},
	FaultUDPLengthShort:    {"udp_length_short", "the UDP datagram says it is shorter than its header of 8 bytes"},
	FaultUDPLengthBeyond:   {"udp_length_beyond", "the UDP datagram says it is longer than its packet"},
	FaultTCPTruncated:      {"tcp_truncated", "the packet ends within the TCP header"},
	FaultTCPOffsetShort:    {"tcp_offset_short", "the TCP header says it is shorter than 20 bytes"},
	FaultTCPOffsetBeyond:   {"tcp_offset_beyond", "the TCP header says it is longer than its packet"},
	FaultICMPTruncated:     {"icmp_truncated", "the packet ends within the ICMP header"},
	FaultOuterFragment:     {"outer_fragment", "the tunnel's packet is a fragment, and tunnels are never put together again"},
	FaultOuterChecksum:     {"outer_checksum", "the tunnel's UDP checksum is neither zero nor right"},
	FaultVXLANTruncated:    {"vxlan_truncated", "the tunnel's datagram ends within the VXLAN header"},
	FaultVXLANFlags:        {"vxlan_flags", "the VXLAN header's I flag is not set, so it names no network"},
}

// String is the fault's name in listings of counters, such as "ipv4_checksum".
func (f Fault) String() string {
	if f >= FaultCount {
		return "unknown"
	}
	return faults[f].name
}

// Sentence explains the fault to people, without a full stop.
func (f Fault) Sentence() string {
	if f >= FaultCount {
		return "unknown fault"
	}
	return faults[f].sentence
}
