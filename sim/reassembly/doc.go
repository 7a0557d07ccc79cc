// Package reassembly holds what a card lets through of a datagram's fragments against what Linux
// makes of them: a card judges fragments without putting datagrams together, and a guest's kernel
// puts together what the card let through. What the card judged has to be what the guest sees. The
// package has tests alone.
//
//	soup_test.go        datagrams and their pieces: in order, out of order, twice, overlapping, mixed
//	card_test.go        a card with the guest behind it
//	kernel_test.go      a kernel in the guest's place, with sockets at the ports that a rule allows and denies
//	reassembly_test.go  both, side by side; and where they differ
//
// # Where they differ
//
// Each difference has its test. A kernel that gets the fragments themselves
//
//   - ignores a fragment that comes twice; the card drops the second one as fragment_overlap, and
//     the datagram arrives;
//   - forgets a datagram whose fragments overlap; the card drops the fragment that overlaps, and the
//     datagram arrives if the others are whole without it;
//   - waits 30 s or longer for fragments that come early, and the card a second.
//
// And a kernel puts a header together that is split over fragments, and a card drops such a fragment as
// fragment_tiny: the lab's port scan shows it, with nmap's fragments (sim/lab).
package reassembly
