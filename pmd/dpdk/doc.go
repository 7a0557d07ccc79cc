// Package dpdk drives ports of DPDK: network cards (0000:17:00.0) and any
// virtual device that DPDK has a driver for (net_vhost0,iface=/run/a.sock).
// It needs the build tag dpdk; without it, Open says so.
//
//	spec.go     what users write, split
//	options.go  the EAL options that DPDK starts with
//	option.go   what is wrong with one of them
//	eal.go      Init: DPDK starts, once in a process
//	open.go     Open, OpenQueues, Cable: devices are found
//	device.go   a device is started, and ended with its last port
//	port.go     Port: one queue of a device; Rx and Tx
//	cut.go      merged frames, cut into their segments
//	mbuf.go     what Go reads and writes of an mbuf
//	link.go     whether the device is up, or gone; MAC and MTU of the kernel's
//	stats.go    counts
//	detail.go   what the device is set to, its own counts
//	tunnels.go  what chooses the queue of a frame
//	explain.go  what went wrong, in a sentence
//	other.go    what a build without DPDK answers
//	dpdk.h      what Go and C say to each other
//	burst.c     one call a burst: rx, tx
//	eal.c       start, log, memory, threads
//	tunnels.c   a rule for tunnels, in rte_flow's words
//	device.c    probe, configure, start, link, counts, stop
//
// A call from Go to C costs 25 to 28 ns, so bursts cross and packets do not:
// one call for an Rx, one for a Tx. Arrays that cross lie in C's memory and
// hold numbers, because Go scans each slice of pointers that it hands out
// (null to null 42 Mpps instead of 98).
//
// A received frame is lent in the mbuf that it arrived in. Its Ref is the
// slot that holds the mbuf: Tx of another DPDK port takes it from there, the
// next Rx frees it if it is there still, and a frame that is sent twice is
// found out. No other driver may set Ref. Frames of other drivers are copied
// into mbufs by Tx, at the price of one more call a burst.
//
// All mbufs come from one pool, whoever receives into them. So the memory
// that the rings of all ports may hold is known when a port is opened, and
// drivers may free without asking where an mbuf belongs. It knows no NUMA.
// Each mbuf holds the longest frame there is, 9001 bytes inside a tunnel, in
// one piece: the card need not know chains. It costs address space rather
// than memory where pages are small, and no speed. What a device hands out in
// a chain, or with less headroom than promised, is copied into one piece.
//
// No device is asked to leave checksums or segments undone: the frames are
// finished then. A guest on net_vhost is not offered TCP segmentation, and the
// driver itself completes checksums that the guest leaves. Merged frames that
// it sends all the same are lost, and counted as too long. Where a user offers
// segmentation (tso=1), or a device merges frames unasked, DPDK says so of each
// merged frame, which package gso cuts. Its segments are written into mbufs, and
// are lent as any frame is. A merged frame is lost, and counted as uncut, where
// DPDK does not tell how long its segments were, and where its headers are none
// that are known. A device that merges does not tell where the TCP header is: IP
// headers lead there. A burst without merged frames pays for none of this.
//
// For net_af_packet the kernel puts fragments of IPv4 together (PACKET_FANOUT_FLAG_DEFRAG, which
// DPDK gives no way to leave out), so the card sees a guest's datagram whole. One that is longer
// than a frame is lost, and counted as too long.
//
// No device is asked to check or to write checksums either. On the way in, the
// card sums two IPv4 headers, 40 bytes that it reads anyway, and drops what is
// wrong; to trust a device it would have to carry and ask the device's flags
// for each frame of every driver. Sums of payloads it leaves to the guests. On
// the way out, the tunnel's header is made beforehand with its sum, the UDP sum
// of a tunnel is zero (RFC 7348 section 5), and the frame in it is finished.
// What would be left is a guest's unfinished payload: to leave it so until the
// uplink's device completes it inside the tunnel is for guests on net_vhost
// alone, and wrong for each other port that the frame may leave by.
//
// Several queues are chosen by the flow in the tunnel where the device offers
// that, and else by the frame's own flow; a key of Toeplitz with which both
// directions of a flow hash alike is asked for. What the device then says it
// does is read back, and shown. A device whose configuration stops at the tunnel is asked
// for a rule (rte_flow) that looks into VXLAN, validated first. A refusal is
// shown in the driver's own words, and changes no packet: workers share the
// connections in any case.
//
// A device that is gone for good is closed and opened anew, in this order: DPDK
// has it until it is closed. Gone is a device that DPDK says was removed, an
// interface that was deleted or left this network namespace, a net_vhost without
// its socket, and a net_virtio_user without its host. DPDK is asked now and
// then; its event of a removal (RTE_ETH_EVENT_INTR_RMV) comes from few drivers,
// most of which answer that question too.
//
// MAC and MTU are followed where others can change them: those of the kernel's
// interfaces. A network card on vfio is this process's alone, and so is the MAC
// of a net_vhost; a guest does not tell it the MTU that it has.
//
// Limits of DPDK's drivers for the kernel's interfaces, which the afpacket
// and tap drivers here do not have: net_af_packet and net_af_xdp do not tell
// which frames a veth left unfinished (`ethtool -K eth0 tx off` at its other
// end helps); net_af_packet cuts frames above 2 KB unless it is given
// framesz=9216,blocksz=36864, turns 802.1ad tags into 802.1Q, and waits
// while the interface does not send; net_tap carries an MTU of 1500, whatever
// its interface is given.
package dpdk
