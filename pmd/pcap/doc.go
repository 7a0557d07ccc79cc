// Package pcap reads and writes capture files, and makes a port of them.
//
//	reader.go  Reader: one packet after the other of a pcap or pcapng file
//	blocks.go  where a pcapng file ends that was cut
//	mend.go    checksums that a sender's link left unfinished
//	writer.go  Writer: a pcap file with nanoseconds, the same bytes for the same frames
//	port.go    Port: what came in is a file, what goes out is another
//	spec.go    how a user names a port
//
// gopacket's pcapgo reads and writes the formats; no libpcap is needed. A
// port plays its file as fast as it is polled: who wants the times of the
// capture reads it with a Reader.
package pcap
