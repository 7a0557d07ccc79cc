// Package tap is a port that is the other end of a network interface: what
// the host's or a guest's kernel sends there, the card receives (tun(4)).
//
//	open_linux.go  making the interface
//	port_linux.go  Port: Rx, Tx, counts
//	link_linux.go  up, down, gone; MAC and MTU
//	other.go       what systems without TAP answer
//
// The kernel is told that the other end can finish checksums and cut merged
// segments, so a stream costs one system call for 64 KB and not for each
// packet. Package gso then finishes them, unless the card takes them merged.
package tap
