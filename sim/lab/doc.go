// Package lab is a small region on one machine: an internet client, the
// routers between it and the region, two edges, an underlay, two servers in two
// racks with a card each, and instances of two customers and of two VPCs that
// peer, all of them Linux network namespaces. It does what a person would do
// there, and says what was seen.
//
//	client ── gateway ── isp1 ── isp2 ── carrier ── exchange ─┬ edge1 ═ underlay ═ server x: card ── a1, a2, b1, m1
//	                                                          ╰ edge2 ═╝        ╚═ server y: card ── a3, c1, d1, e1
//
//	lab.go         the options
//	run_linux.go   Run: outside the cage, and Inner: in it
//	play.go        a run in the cage: a story, or a survey of somebody's configuration
//	stage.go       world and cards, running; introduction.go says what was built
//	check.go       one thing to try, and its line; rules.go changes groups for it; resent.go what is sent until
//	               an answer comes
//	region.go      what the configuration (region.yaml) says there is
//	world.go       hosts and links made of it; internet.go: from the client to the edges;
//	               foreign.go: the edge where it is not ours
//	routing.go     edges and routers, which speak BGP (package router)
//	card.go        cards: real processes (process.go), asked through their control sockets;
//	               controller.go: what the story's cards follow
//	driver.go      the cards' ports, and the links that need help with them
//	guest.go       what instances serve; visitor.go: who asks them, over a
//	               connection.go: pages and bytes (request.go, bulk.go), lines (talk.go)
//	story.go       the order of things; check_*.go: one kind of check each; rules.go: rules that come and go
//	survey.go      what a configuration allows, and one of each that it denies; check_foreign.go: a file through
//	               the foreign edge's tunnel; check_dns64.go: names of hosts behind NAT64
//	placing.go     what a dump of EC2 does not tell: servers, and which ENIs get a guest
//	trace.go       the routers on a way, found hop by hop
//	atlas.go       who may want to reach whom, by a flow.go; fate.go: what the oracle says of it,
//	               told whole.go: what a dump leaves out
//	trial.go       a flow tried with real stacks, and judged
//	droptimes.go   which drops are new
//	check_services.go asks the card what a machine asks when it boots; check_clients.go with programs that
//	               others wrote (tool.go), check_container.go from behind a guest; check_scan.go: what nmap finds;
//	               check_flood.go: beside who floods them
//	attack.go      a victim beside who attacks its card: flood.go from a link,
//	               pest.go at the control socket; victim.go: what it loses, and idle.go: connections that are idle
//	pace.go        what is under way when it takes long
//	vm.go          a guest that is a virtual machine; console.go: words with it; cloud.go: what one with
//	               cloud-init is told by metadata, check_cloud.go: what it then knows
//	machinery.go   what it is made of; archive.go, vm_*.sh: its file system
//	journey.go     a packet's way; travel.go: made; visit.go: its connection;
//	               watches.go: what links saw of it; picture.go: drawn; tunneled.go: read on
//	               the underlay; names.go: of routers
//	accounts.go    what became of every packet of a run
//	door.go        going in, on an errand or a journey (errand.go); exec_linux.go, terminal.go: the other side of it
//
// Nothing here is simulated but the distances. Guests and client are Linux's
// TCP, routers are Linux and speak BGP by BIRD or GoBGP, and cards and edges
// are the nitrocard program on AF_PACKET ports. Both edges announce the region;
// the carrier spreads what comes over both. Links keep their offloads: packets
// reach the cards with unfinished checksums and merged segments, and the cards'
// drivers have to mend them.
//
// The same story can be told on ports of DPDK's net_af_packet. That driver
// passes unfinished frames on as if they were whole, which nobody downstream
// can repair, so there the senders' offloads are off.
//
// Any other configuration, such as a dump of EC2, is surveyed: guests are made for its ENIs,
// and package oracle, which knows EC2's pages and not the card, says what becomes of flows
// between them. Those that arrive are tried, and one of each kind that is dropped. What the
// oracle leaves open is not tried, unless all that may happen has the same end (fate.go). The edge
// of a survey is the kernel's own VXLAN device, so that our tunnel is proven against one that we did
// not write. Attacks have this edge, too: they are on a card alone.
//
// And b1 can be a virtual machine: Linux in QEMU, whose network card is a
// vhost-user port of server x's card, beside kernel ports for the others. It
// has a page like all guests and nothing else of theirs; busybox serves it,
// because a program that links DPDK is too much for an initramfs. It says
// "ready" on its console when it does, and whether KVM works is decided by
// that word alone.
//
// Or b1 is Debian with cloud-init, unchanged. cloud-init sees in the firmware
// that the machine is EC2's, as QEMU is told, and asks metadata for all else.
//
// A server's kernel has no address and forwards nothing. What passes between
// its links passed through the card.
package lab
