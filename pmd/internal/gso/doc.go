// Package gso finishes frames that a virtual link handed over unfinished.
//
//	header.go  the 10 bytes in front of a frame that say what is missing
//	sum.go     a checksum that was left to the hardware
//	layout.go  where the headers of a merged frame are
//	cut.go     a merged frame, cut into the segments it stands for
//
// Linux sends a virtual link whole 64 KB of a TCP stream as one frame and
// leaves its checksum undone, because hardware would finish both. A kernel
// VXLAN device on such a link wraps the merged frame once: then each segment
// needs a tunnel of its own.
package gso
