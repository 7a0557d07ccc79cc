// Peers measures nitrocard beside testpmd and OVS-DPDK, in one run, on the same
// frames: make bench-peers.
//
//	main.go       flags
//	all.go        the way through
//	need.go       what has to be installed
//	cell.go       what is forwarded: so many flows, frames of a size, to so many ENIs
//	capture.go    a cell's frames, as files that net_pcap plays
//	reply.go      the answers to them, which only a tracker wants to see
//	process.go    a program of the others': its words, its CPU time
//	testpmd.go    testpmd: io
//	ovs.go        OVS-DPDK: its daemons
//	ovsport.go    its bridges, tunnels and devices; the handshake
//	ovsflow.go    its tables: decap, tracking, delivered or wrapped again
//	ovscount.go   its connections, and the frames it sent
//	nitrocard.go  nitrocard bench
//	veth.go       both on a cable of the kernel
//	kernel_*.go   what only Linux has
//	check.go      each frame that comes out, looked at
//	run.go        the contests: one after the other, and again
//	spread.go     medians, and ratios of the same round
//	table.go      what it comes to, for people
//	picture.go    the same as bars
//	machine.go    where that was
//	readme.go     all of it, in a README
//
// # What is fair
//
// All forward the same frames from the same file through the same device,
// net_pcap with infinite_rx. A sink takes what leaves: net_null for testpmd, OVS
// and nitrocard's io; sg's guests in nitrocard are sinks in memory, whose frames
// go back to DPDK's pool; what nitrocard wraps again leaves by net_pcap, which
// drops it. Rates are frames that left per second of CPU time of the whole
// process: all its threads, Go's collector too. One runs after the other, in
// rounds, and a ratio is one of the same round.
//
// Connections are taken through TCP's handshake before, and are read back from
// both. testpmd takes bursts of 64, as nitrocard does; OVS always takes 32. OVS
// is at the best of its settings, found anew for each cell: exact-match cache,
// signature cache, both or none. OVS checks the inner TCP checksum of what it
// tracks and nitrocard does not, which costs it more with longer frames.
//
// On the kernel's cable each program carries frames from either end to the
// other, so that they go round without a sender: the kernel's part of receiving
// is counted, too.
//
// OVS, its bridges and the cable are in a network namespace that ends with the
// program. Its daemons are its own, with sockets in a temporary folder; those of
// the system are not touched.
//
// # What OVS does less
//
// OVS neither translates addresses nor asks 300 rules. Its flows know a VNI and
// a MAC of each ENI, track in a conntrack zone of each ENI, and let pass what is
// established there.
//
// A cell has 16 ENIs unless its name tells how many, or fewer with fewer flows.
// ENIs take turns: of a burst of 64 each of 16 gets four frames, and each of 200
// one at most, so nitrocard sends to 64 ports. OVS has 200 VNIs, MACs and zones
// then, and its guests are one port all the same, because its DPDK has room for
// 32 ports: OVS pays for 200 guests in its caches and conntrack, and not in
// ports.
package main
