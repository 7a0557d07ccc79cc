package wire

import "strconv"

// EtherTypes (IEEE 802 Numbers).
const (
	EtherTypeIPv4 = 0x0800
	EtherTypeARP  = 0x0806
	EtherTypeVLAN = 0x8100 // IEEE 802.1Q customer tag
	EtherTypeIPv6 = 0x86dd
	EtherTypeQinQ = 0x88a8 // IEEE 802.1ad service tag
)

// Protocols of IPv4 and IPv6 (IANA Protocol Numbers).
const (
	ProtoICMP    = 1
	ProtoTCP     = 6
	ProtoUDP     = 17
	ProtoDCCP    = 33
	ProtoICMPv6  = 58
	ProtoUDPLite = 136
)

// PortVXLAN is the UDP port of tunnels (RFC 7348 section 5).
const PortVXLAN = 4789

// Flags of TCP, as in Headers.Flags (RFC 9293 section 3.1).
const (
	TCPFin = 1 << iota
	TCPSyn
	TCPRst
	TCPPsh
	TCPAck
	TCPUrg
	TCPEce
	TCPCwr
)

// Types of ICMP messages (RFC 792, RFC 950 for address masks, RFC 8335 for
// extended echoes).
const (
	ICMPEchoReply         = 0
	ICMPUnreachable       = 3
	ICMPSourceQuench      = 4
	ICMPRedirect          = 5
	ICMPEcho              = 8
	ICMPTimeExceeded      = 11
	ICMPParameter         = 12
	ICMPTimestamp         = 13
	ICMPTimestampReply    = 14
	ICMPInformation       = 15
	ICMPInformationReply  = 16
	ICMPMask              = 17
	ICMPMaskReply         = 18
	ICMPExtendedEcho      = 42
	ICMPExtendedEchoReply = 43
)

// Types of ICMPv6 messages (RFC 4443).
const (
	ICMPv6Unreachable  = 1
	ICMPv6TooBig       = 2
	ICMPv6TimeExceeded = 3
	ICMPv6Parameter    = 4
	ICMPv6Echo         = 128
	ICMPv6EchoReply    = 129
)

// Types of neighbor discovery, which is part of ICMPv6 (RFC 4861).
const (
	NDRouterSolicitation    = 133
	NDRouterAdvertisement   = 134
	NDNeighborSolicitation  = 135
	NDNeighborAdvertisement = 136
	NDRedirect              = 137
)

// Operations of ARP (RFC 826).
const (
	ARPOpRequest = 1
	ARPOpReply   = 2
)

// Lengths of headers in bytes, without options.
const (
	EthernetLen = 14
	VLANLen     = 4
	arpLen      = 28
	IPv4Len     = 20
	IPv6Len     = 40
	UDPLen      = 8
	TCPLen      = 20
	ICMPLen     = 8
	VXLANLen    = 8

	// OuterLen is the length of the headers that a tunnel puts in front of a frame.
	OuterLen = EthernetLen + IPv4Len + UDPLen + VXLANLen
	// OuterLen6 is OuterLen for a tunnel over IPv6.
	OuterLen6 = EthernetLen + IPv6Len + UDPLen + VXLANLen
)

// ICMPFragNeeded is the code of an ICMPUnreachable that reports the path's MTU
// (RFC 1191).
const ICMPFragNeeded = 4

// ProtocolName is "tcp", "udp", "icmp" or "icmpv6", as EC2 writes them in security group
// rules. Any other protocol's name is its number.
func ProtocolName(proto uint8) string {
	switch proto {
	case ProtoICMP:
		return "icmp"
	case ProtoTCP:
		return "tcp"
	case ProtoUDP:
		return "udp"
	case ProtoICMPv6:
		return "icmpv6"
	}
	return strconv.Itoa(int(proto))
}
