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
//	worker.go   the loop that is measured
//	tally.go    what all cores had done at the same moment
//	port.go     a port as forwarders have it
//	sink.go     a port that takes everything; tallied.go is what it counts with
//	capture.go  a port that plays a capture from memory
//	region.go   the network: ENIs, and groups of sixty rules
//	traffic.go  the flows in it
//	frame.go    their frames
//	frames.go   all of them, for who measures others
//	sizes.go    how long these are
//	stats.go    counts by port
//	report.go   Report: what a measurement comes to
//	table.go    the same for people
//	prompt.go   a session by hand
//	commands.go what can be said there
//
// What is measured is a thread that turns a forwarder: per turn one burst
// from each port, one look at the clock, nothing allocated. Rates count that
// thread's CPU time, because a neighbor on the machine must not count, and the
// clock's beside it, because a stall must show somewhere. The frames that
// count are those that left.
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
