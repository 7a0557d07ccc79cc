// Package wire reads and rewrites the headers of Ethernet frames where they
// lie: no copy, no allocation, no state.
//
// Parse and ParseVXLAN judge a frame once. After that the views (Ethernet,
// VLAN, ARP, IPv4, UDP, TCP, ICMP, VXLAN) are bytes with names, and trust
// what was judged. A frame is refused with a Fault, a number and not an error
// value, because every frame comes from somebody who may wish the card harm
// and making an error for each would be his lever.
//
//	frame |Ethernet|tags|IPv4 header|options|TCP, UDP, ICMP|payload|padding|
//	0              14   L3                  L4                     End
//
// What is judged is what a router judges: lengths, versions, the IPv4
// header's checksum, and fragments that are made to slip past a filter. TCP,
// UDP and ICMP checksums are the two ends' business, as on a real network;
// whoever rewrites a header keeps a wrong one as wrong as it came. The one
// exception is a tunnel's UDP checksum: its receiver is the card itself.
//
// VLAN tags: none, one, or two (QinQ) with EtherType 0x8100 or 0x88a8 in any
// order. A third is a fault. A tag with the ID 0 carries a priority and names no
// VLAN (IEEE 802.1Q clause 9.6).
//
// IPv4 addresses are numbers in host byte order: 10.0.1.5 is 0x0a000105.
//
//	parse.go     Headers, and Parse that fills them
//	plain.go     the short way for the frames that are nearly all
//	fault.go     what can be wrong with a frame
//	assigned.go  numbers that IANA and IEEE assigned
//	ethernet.go, arp.go, ipv4.go, udp.go, tcp.go, icmp.go, vxlan.go
//	             a header each: its diagram, its view, its judge
//	ecn.go       congestion marks, and how they leave a tunnel
//	checksum.go  Internet checksums, whole and incremental
//	rewrite.go   address translation of a packet, and of one quoted in an ICMP error
//	mac.go       Ethernet addresses
//
// Measured: shortcuts through unsafe gain nothing over a slice turned into an
// array pointer once per header, after which constant indexes need no check.
package wire
