// Package afpacket is a port on any Linux network interface, through packet
// sockets and memory shared with the kernel (packet(7)); no cgo.
//
//	port_linux.go  Port: Rx, counts; send_linux.go is Tx
//	open_linux.go  sockets, options, rights
//	claim_linux.go an interface is one card's
//	rx_linux.go    the receive ring: TPACKET_V2, and frames too long for it
//	tx_linux.go    the transmit ring: TPACKET_V2, one system call a burst
//	link_linux.go  up, down, gone; MAC and MTU
//	other.go       what systems without packet sockets answer
//
// Frames are lent straight out of the receive ring. PACKET_RESERVE leaves
// the headroom before each, and a slot goes back to the kernel on the first
// Rx after its frame was lent.
//
// TPACKET_V2 receives, because it hands over each frame at once: TPACKET_V3
// hands over blocks, and a frame waits until its block is full or a millisecond
// old. Rates are the same at 114 and at 1,514 bytes. Slots of V2 have one size.
// What is longer, a merged frame of 64 KB, has a slot in the ring, which keeps
// the order, and is read from the socket, by a system call each.
//
// The ring is as long as a worker may be away from it: 200 ms at 100,000 frames
// a second.
//
// TPACKET_V2 sends, too, in slots for the device's MTU; the queueing discipline
// is passed by, so a full device is told at once and not hidden.
//
// A frame that leaves by a veth costs its sender the far end's receiving, too:
// the kernel does it within send(2), for one frame after the other. Of the 1.2
// µs that a frame of 114 bytes takes there (Zen 3, Linux 6.18), that is 45 %,
// and 10 % are all there is outside the kernel. None of these made it faster:
// slots of other sizes, a TPACKET_V3 ring, longer bursts than 64, the
// queueing discipline, naming the protocol to send. sendmmsg(2) takes 1.3
// times as long, as does sending without PACKET_VNET_HDR; see txRing.put. A
// thread for the far end (napi threaded) halves the sender's time, given a CPU
// of its own; without, most frames find its queue full.
//
// PACKET_VNET_HDR tells which frames a virtual link left unfinished. They are
// finished before the card sees them; see package gso. Merged frames of TCP go
// on whole if the card asks for them (pmd.Merging), and leave by a socket of their own, by
// which the kernel takes 64 KB at once. Those in a tunnel leave as bundles (pmd.Cutter.Bundle):
// the kernel cuts them where a device does not, and a card at the other end joins them again.
//
// Of the time that one stream between two guests of a card takes on two CPUs, 7 % are the card's
// two copies of each 64 KB (Zen 5, Linux 6.18), so no way around a copy makes the stream much
// faster. A ring of 512 slots does not, nor does a worker that sleeps 5 or 20 µs after its last
// frame instead of 100.
package afpacket
