// Package bench measures how fast cores forward frames, in the modes and
// words of DPDK's testpmd.
//
//	session.go  Session, Run: a measurement is started, stopped, told
//	options.go  Options: what is measured
//	mode.go     Mode: what is done with each frame
//	rig.go      each mode's forwarder and ports, set up
//	cable.go    io, macswap: between two ports, no card
//	decap.go    decap: what the card calls until it knows the ENI
//	card.go     sg, full: the card itself, between an edge and guests
//	wrap.go     encap: sg, and guests that wrap what they get
//	edge.go     edge: the card as edge, between the internet and servers
//	worker.go   the loop that is measured
//	tally.go    what all cores had done at the same moment
//	port.go     a port as forwarders have it
//	sink.go     a port that takes everything; tallied*.go is what a sink counts with
//	capture.go  a port that plays a capture from memory
//	region.go   the network: ENIs, and groups of sixty rules
//	traffic.go  the flows in it
//	frame.go    their frames
//	frames.go   the edge's frames, each flow's once, for who measures others
//	sizes.go    lengths of frames
//	stats.go    counts by port
//	report.go   Report: what a measurement comes to
//	spread.go   Spread: the middle of several measurements, and how far they lie apart
//	table.go    a report for people
//	prompt.go   a session by hand
//	commands.go commands of the prompt
//	cpu_*.go    CPU time of a thread and of the process
//
// What make bench measures is in tests: speed_test.go known packets and first
// ones, enis_test.go many guests, flood_test.go denied packets and what a flood
// does to others, afpacket_linux_test.go the card between two veth links.
// turns_test.go compares two kinds of traffic in turns, on one CPU: a virtual
// machine's CPUs may be unlike, and their speed changes from minute to minute.
//
// What is measured is a thread that turns a forwarder: per turn one burst from
// each port, or from each that the card looks at, one look at the clock, nothing
// allocated. Rates count the thread's CPU time, because a neighbor on the machine
// must not count, and the clock's time beside it, because a stall must show
// somewhere. A frame counts when it has left.
//
// Ports in memory send from few buffers that stay in the cache, as a network
// card fills them, and take everything. So io tells what the harness costs,
// and any other mode less io what the mode costs.
//
// Each core's thread is pinned to a CPU, the last ones of the process, and all
// other threads keep off it where a CPU is left for them; taskset says which
// CPUs the process has. Each core has a queue of its own of every port and its
// own part of the flows; modes with a card share the card, the others nothing.
// Rates are then a core's, of all cores' CPU time, and the clock's are the
// total.
package bench
