// Package lab is a small region on one machine: an internet client, an edge
// router, an underlay, two servers with a card each, and four instances of
// two customers, all of them Linux network namespaces. It does what a person
// would do there, and says what was seen.
//
//	client ── edge ═══ underlay ═══ server x: card ── a1, a2, b1
//	                           ╚═══ server y: card ── a3
//
//	lab.go         the options
//	run_linux.go   Run: outside the cage, and Inner: in it
//	region.go      what the configuration (region.yaml) says there is
//	world.go       hosts and links made of it
//	card.go        cards: real processes, asked through their control sockets
//	guest.go       what instances serve; visitor.go: who asks them
//	story.go       the order of things; check_*.go: one kind of check each
//	journey.go     a packet's way, watched; picture.go: drawn
//	door.go        going in, on an errand (errand.go); exec_linux.go, terminal.go: the other side of it
//
// Nothing here is simulated but the distances. Guests and client are Linux's
// TCP, the edge is the kernel's own VXLAN device with a static table, as a
// controller would fill it, so our tunnel is proven against one we did not
// write, and cards are the nitrocard program on AF_PACKET ports. Links keep
// their offloads: packets reach the card with unfinished checksums and merged
// segments, and the card's drivers have to mend them.
//
// A server's kernel has no address and forwards nothing. What passes between
// its links passed through the card.
package lab
