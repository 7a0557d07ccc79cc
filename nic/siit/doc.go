// Package siit translates packets between IPv6 and IPv4: the IP/ICMP translation algorithm
// (RFC 7915). The package remembers nothing. Whoever calls says which addresses stand for one
// another, as package nat does for its NAT64.
//
//	header.go    Ends, and what the headers of both families say
//	translate.go To4 and To6, of packets that are no ICMP errors
//	error.go     ErrorTo4 and ErrorTo6, of ICMP errors with the packet that each quotes
//	message.go   types and codes of ICMP
//
// A translation writes the new headers before the transport header, which stays where it is.
// The frame begins later or earlier then:
//
//	|Ethernet|IPv6, 40 bytes|extensions|TCP, UDP or ICMP …
//	            |Ethernet|IPv4, 20 bytes|TCP, UDP or ICMP …
//
// Checksums are updated, so a wrong one stays wrong. What RFC 7915 leaves open is as on all
// ways of this card: hop limits stay, because EC2's routers do not count (see TTLs in
// nic/vpc/AWS.md), and a packet is fragmented where a link is too narrow for the packet, not here:
// every way inside a VPC carries what a translated packet has at most.
package siit
