// Package wire reads and rewrites the headers of Ethernet frames where they
// lie: no copy, no allocation, no state.
//
// Parse and ParseVXLAN judge a frame once. The views (Ethernet, ARP, IPv4, IPv6, UDP,
// TCP, VXLAN) give names to bytes that were judged, and check nothing again. A
// judge refuses a frame with a Fault, which is a number: any frame may come from
// an attacker, and an error value for each frame would cost an allocation.
//
//	frame |Ethernet|tags|IPv4 header|options   |TCP, UDP, ICMP|payload|padding|
//	                    |IPv6 header|extensions|
//	0              14   L3                     L4                     End
//
// A judge asks what a router asks: lengths, versions, the IPv4 header's
// checksum, and whether a fragment is made to slip past a filter. The checksums
// of TCP, UDP and ICMP are for the two ends to judge, as on a real network: a
// rewrite keeps a wrong checksum as wrong as it came. The card judges one UDP
// checksum, a tunnel's, because the card is the tunnel's end.
//
// A frame has no VLAN tag, one, or two (QinQ), with EtherType 0x8100 or 0x88a8
// in any order; a third tag is a fault. A tag with the ID 0 carries a priority
// and names no VLAN (IEEE 802.1Q clause 9.6).
//
// The walk over IPv6's extension headers is bounded, and their options are the ends' to
// read. In a first fragment the walk must reach the transport header (RFC 7112).
//
// An address is an Addr, of either family. A view of an IPv4 header, and Plain, have
// IPv4 addresses as numbers in host byte order: 10.0.1.5 is 0x0a000105.
//
//	parse.go     Headers, and Parse that fills them
//	plain.go     the short way, for the frames that are nearly all; plain6.go for those of IPv6
//	fault.go     what can be wrong with a frame
//	assigned.go  numbers that IANA and IEEE assigned
//	ethernet.go, arp.go, ipv4.go, ipv6.go, udp.go, tcp.go, icmp.go, vxlan.go
//	             a header each: its diagram, its view, its judge
//	outer6.go    the headers of a tunnel over IPv6; senton.go a tunnel that goes on to another card
//	nd.go        neighbor discovery: solicitations read, advertisements written
//	toobig.go    errors of ICMP: the packet is too long; expired.go its hops ended
//	fragment.go  where a fragment lies in its packet
//	segment.go   one segment of a merged packet
//	embedded.go  the IPv6 addresses that stand for IPv4 addresses
//	extension.go the extension headers of IPv6, fragments among them
//	ecn.go       congestion marks, and how they leave a tunnel
//	checksum.go  Internet checksums, whole and incremental
//	port.go      translation of ports and identifiers
//	rewrite.go   address translation of a packet, and of one quoted in an ICMP error
//	addr.go      IP addresses of both families
//	mac.go       Ethernet addresses; direction.go towards a guest, or from one
//
// What a function answers (Fault, Frag, ECN) and what IANA assigned is exported
// as a whole set. A view has the accessors that another package calls.
//
// Shortcuts through unsafe gain nothing (measured): a slice turned into an array
// pointer once per header needs no further bounds check for constant indexes.
package wire
