// Package nic is the card: it takes bursts from its ports, does to each packet
// what EC2 does, and sends what is left.
//
//	internet ── edge ═══ VXLAN over the underlay ═══ card ── ENI ── guest
//
// The card is put together from houses of their own:
//
//	pipeline  the packet's way, stage by stage: start with pipeline.go there
//	flow      connections, and what is known of each
//	vpc       a configuration, compiled: Region for all cards, Policy for one
//	bay       places for ports, and the devices in them
//	seat      CPUs of threads that poll, the gate that lets others in, sleep
//	wire      headers
//	ctl       the control socket
//	printable text of strangers, fit for a terminal
//	nictest   the world around a card, for tests
//
// nic is the front of them:
//
//	card.go       Card: New, Attach, Close, Observe
//	apply.go      a configuration is put in force; change.go is one on its way there
//	allowance.go  who gets how many connections
//	run.go        Run and Poll; thread.go is one worker's thread, bind.go tells drivers of it
//	ports.go, enis.go, flows.go, drops.go, load.go  what the card shows
//
// # Threads
//
// Each worker of the pipeline has a thread, which has its CPU to itself, or the
// first thing to come along, such as Go's collector, would take the CPU for
// milliseconds. A worker must not stand for anybody who may lose his own CPU: so a
// listing has the connection table's lock for a few microseconds at a time and
// allocates nothing meanwhile, and aging, which can wait, does not wait for the
// lock.
//
// What workers have is read and changed at the gate, while all of them stand
// between two bursts. All that takes time is done before, so they stand for a few
// microseconds.
package nic
