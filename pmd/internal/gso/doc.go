// Package gso finishes frames that a virtual link handed over unfinished.
//
//	header.go   the 10 bytes in front of a frame that say what is missing
//	sum.go      a checksum that was left to the hardware
//	layout.go   which headers of a merged frame differ between its segments
//	find.go     where they are: from the outside in, through IP
//	tunnel.go   … and through what lies between: UDP and its tunnels, GRE, MPLS
//	cut.go      a merged frame, cut into the segments it stands for
//	whole.go    a merged frame that goes on as it is, for the port that it leaves by to cut
//	bundle.go   the packets of a merged frame in a tunnel, as one datagram to be cut
//	finisher.go all of this for a port, with counts
//	capture.go  the same for frames of a capture, where nothing says what is missing
//
// Linux sends a virtual link whole 64 KB of a TCP stream as one frame and
// leaves its checksum undone, because hardware would finish both. A tunnel of
// the sender's on such a link wraps the merged frame once: then each segment
// needs one of its own, whichever tunnels they are and however many.
//
// The header tells where the innermost transport header is. So a way through
// the headers is right if it leads there, and a header that nobody here knows
// is noticed: the frame is lost then, and counted as that.
package gso
