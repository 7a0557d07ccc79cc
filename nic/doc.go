// Package nic is the card: it takes bursts of packets from its ports, does to each packet
// what EC2 does, and sends the packets that pass.
//
//	internet ── edge ═══ VXLAN over the underlay ═══ card ── ENI ── guest
//
// The card is put together from packages of their own:
//
//	pipeline  the packet's way, stage by stage: start with pipeline.go there
//	flow      connections, and what is known of each
//	vpc       a configuration, compiled: Region for all cards, Policy for one
//	nat       the NAT gateway, which is behind an ENI in a guest's place
//	siit      translation between IPv6 and IPv4, for NAT64
//	bgp       what an edge announces to the internet
//	service   what the card answers its guests: DHCP, DNS, time; imds their metadata
//	bay       places for ports, and the devices in them
//	seat      CPUs for threads that poll, the gate to their memory, sleep
//	wire      headers
//	ctl       the control socket
//	follow    what a controller says to a card
//	capture   what the card receives, sends and drops, as a file
//	printable text of strangers, fit for a terminal
//	sandbox   what rights the process keeps
//	nictest   the world around a card, for tests
//
// Package nic is the front of these packages:
//
//	card.go       Card: New, Attach, Close, Observe
//	apply.go      puts a configuration in force; change.go is a configuration on its way
//	allowance.go  how many connections each instance may have; allowances.go what else
//	capture.go    Capture: packets, and what became of them
//	handover.go   connections that go along with an ENI to another card
//	dryrun.go     what a change would do to connections; fate.go and shorter.go tell why
//	answer.go     what a card answers its controller; gather.go adds up cards' answers
//	access.go     what a change newly allows and denies
//	decider.go    what decides about packets, and what never did, gatherunused.go on all cards;
//	              aclentry.go an entry of an ACL, routehit.go a route
//	hits.go       what rules, entries and routes let pass, by the connections that live;
//	              rulesinforce.go which of those rules a policy has
//	flush.go      ends what the rules in force would not let begin
//	run.go        Run and Poll; thread.go is one worker's thread, bind.go tells drivers of it
//	nats.go       the card's NAT gateways
//	translated.go what a change would do to connections through them
//	ports.go, enis.go, flows.go, drops.go, load.go, identity.go  what the card shows
//
// # Threads
//
// Each worker of the pipeline has a thread with a CPU to itself. Otherwise another
// thread, such as one of Go's collector, would take the CPU for milliseconds. No worker
// may wait for a thread that may lose its own CPU: an overloaded control socket would keep
// packets waiting for milliseconds. So only workers take the locks that workers take. A
// listing asks a worker to copy a few connections at a time, between two bursts; and
// aging, which can wait, does not wait for a lock.
//
// Other threads read and change the workers' state at the gate, while all workers stand
// between two bursts. A worker gathers the others and runs the change. Whatever takes time
// is done before, so the workers stand for a few microseconds.
package nic
