// Package replay runs a card over capture files, on a clock that the packets'
// timestamps drive: the same card as on the wire, with ports in memory. A
// timeout of five days passes in a blink, and the same input gives the same
// bytes, always.
//
//	replay.go   Run: packets and events in the order of time
//	plan.go     what must be right before the first packet
//	underlay.go the MACs of tunnel ends
//	input.go    one capture file, in its own order of time
//	merge.go    the next packet of all inputs
//	events.go   changes of the configuration, all validated before the first packet
//	ports.go    a port in memory for the uplink and each ENI, and the file it is drained to
//	verdict.go  one line a packet
//	time.go     Unix time to the nanosecond
//
// One packet is injected at a time and the card polled until it is through,
// so outputs never depend on how packets would have met in a burst.
package replay
