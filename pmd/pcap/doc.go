// Package pcap reads and writes capture files, and makes a port of them.
//
//	reader.go  Reader: one packet after the other of a pcap or pcapng file
//	classic.go the packets of a pcap file
//	pcapng.go  those of a pcapng file: sections, interfaces, packets
//	block.go   its blocks, each whole or an error that says where
//	link.go    link types, and which of them carry Ethernet frames
//	unwrap.go  how packets hold those
//	writer.go  Writer: a pcap file with nanoseconds, the same bytes for the same frames
//	port.go    Port: what came in is a file, what goes out is another
//	spec.go    how a user names a port
//
// gopacket's pcapgo writes pcap; no libpcap is needed. It reads neither here. Of
// pcap it knows 256 link types, takes number 257 for Ethernet, and ends at a
// packet of which more was captured than its length, as some writers have them. Of
// pcapng it believes a packet that is longer than its block and an option that
// runs out of its own, reads on from the wrong place, and takes the end of the
// file there for a good end.
//
// A port plays its file as fast as it is polled: who wants the times of the
// capture reads it with a Reader.
package pcap
