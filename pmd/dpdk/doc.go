// Package dpdk drives ports of DPDK: network cards (0000:17:00.0) and any
// virtual device that DPDK has a driver for (net_vhost0,iface=/run/a.sock).
// It needs the build tag dpdk; without it, Open says so.
//
//	spec.go     what users write, split
//	options.go  the EAL options that DPDK starts with
//	eal.go      Init: DPDK starts, once in a process
//	open.go     Open, OpenQueues, Cable: devices are found and started
//	device.go   a device and the end of it
//	port.go     Port: one queue of a device; Rx and Tx
//	stats.go    link and counts
//	explain.go  what went wrong, in a sentence
//	other.go    what a build without DPDK answers
//	dpdk.h      what Go and C say to each other
//	burst.c     one call a burst: rx, tx
//	eal.c       start, log, memory, threads
//	device.c    probe, configure, start, link, counts, stop
//
// A call from Go to C costs 25 to 28 ns, so bursts cross and packets do not:
// one call for an Rx, one for a Tx. Arrays that cross lie in C's memory,
// because Go scans each slice of pointers that it hands out (null to null 42
// Mpps instead of 98).
//
// A received frame is lent in the mbuf that it arrived in. Its Ref is the
// slot that holds the mbuf until Tx of another DPDK port takes it over, in
// which case the slot is left empty, or until the next Rx frees it. No other
// driver may set Ref. Frames of other drivers are copied into mbufs by Tx.
//
// All mbufs come from one pool, whoever receives into them. So the memory
// that the rings of all ports may hold is known when a port is opened, and
// drivers may free without asking where an mbuf belongs. It knows no NUMA.
// Each mbuf holds the longest frame there is, 9001 bytes inside a tunnel, in
// one piece: the card need not know chains, and 4 KB pages make a buffer that
// is not touched free. What a device hands out in a chain, or with less
// headroom than promised, is copied into one piece.
//
// No device is asked to leave checksums or segments undone: the frames are
// finished then. A guest on net_vhost is not offered segmentation, and the
// driver itself completes checksums that the guest leaves; merged frames that
// it sends all the same are lost, and counted. One limit: net_af_packet and
// net_af_xdp do not tell which frames a veth left unfinished. Switch that off
// at the other end (`ethtool -K eth0 tx off`), or use the afpacket driver,
// which mends them.
package dpdk
