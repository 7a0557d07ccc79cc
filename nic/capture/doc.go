// Package capture writes what a card receives, sends and drops as a capture file, with a
// comment on each packet that says what became of it and why.
//
//	worker ── copies ──▶ ring ── filter ──▶ pcapng ──▶ client of the control socket
//
//	stream.go    Stream: from a card to a file, while it goes on
//	inside.go    the packet in a tunnel, which filters judge
//	filter.go    Filter: tcpdump's expressions; lexer.go its words, parser.go its grammar
//	primitive.go what a primitive asks of a packet; field.go asks for bytes of a header
//	view.go      a packet's bytes, as a program of libpcap sees them
//	relay.go     Relay: whole blocks from a card to a file, counted
//
// Workers filter by ENI, and by whether a packet was dropped. Everything else happens in the
// goroutine of Stream, so that the packet path pays for a copy and for nothing else.
//
// # Filters
//
// A Filter means what tcpdump means by the same expression (pcap-filter(7)), or is an error:
// TestFiltersMeanWhatTcpdumpMeans has tcpdump judge, too. It knows no names of hosts, networks
// and ports, and nothing about link types other than Ethernet. It is not compiled for a virtual
// machine: the one library in Go that does so, packetcap/go-pcap, takes "portrange 20-30" and
// "tcp[tcpflags] & tcp-syn != 0" and makes programs of them that ask neither, takes "(tcp port
// 80" without its end, and has no release.
//
// Blocks are written by gopacket/gopacket, a fork of google/gopacket, because google's writer has
// neither comments nor directions. All other packages use google's.
package capture
