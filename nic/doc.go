// Package nic is the card: it takes bursts from its ports, does to each packet
// what EC2 does, and sends what is left.
//
//	internet ── edge ═══ VXLAN over the underlay ═══ card ── ENI ── guest
//
// Start with pipeline.go: it is the packet's way, top to bottom. Each stage is
// a file:
//
//	fastpath.go     all of it at once, for plain packets of known connections;
//	                gather.go and steady_amd64.go are its first and last step
//	decap.go        tunnel off, (VNI, MAC) → ENI
//	connection.go   key → connection; what makes a packet known
//	destination.go  who may send to the ENI; delivery to its guest
//	antispoof.go    what a guest may send as
//	arp.go          local services: what the card answers itself
//	sg.go           security groups
//	related.go      ICMP errors of known connections
//	route.go        route tables, public addresses, who is where
//	track.go        leaves a connection behind
//	encap.go        to a neighbor on this card, or tunnel on
//	finish.go       how a packet ends that is not sent: counted, noted, told
//
// Around it: verdict.go gives every outcome its words; worker.go turns the
// crank, loop.go keeps it turning, and gate.go lets others in between two
// bursts; slot.go is a place for a port and queue.go what one worker has of it,
// rota.go which queues it looks at in a turn, outbox.go what it sends after a
// burst; packet.go and guest.go are what the stages work on, enitable.go finds
// the ENI of a frame;
// underlay.go resolves tunnel ends; view.go is what is in force, allowance.go
// who gets how many connections, rulebook.go the rules they name; card.go,
// apply.go, plug.go, reopen.go and run.go are the card as others see it; seat.go
// is the CPU that a worker has to itself; enis.go, ports.go, drops.go, flows.go
// and work.go are what it shows.
//
// # Why it is built so
//
// A packet of a known connection costs one exact match: the record holds what
// the stages found, under the policy whose epoch it carries. A new policy
// makes every record stale at once by its epoch, without touching one; the
// next packet of each connection walks the stages again. So a change is in
// force for every packet that starts after it, and costs the packet path
// nothing.
//
// Public addresses are translated on the card, which is the only place that
// knows them beside the edge: the key always holds the private one, so a
// connection is one record whichever address it came by.
//
// # Workers
//
// A card has one or more workers, each with its own thread, queues, bursts and
// counts, which nobody else touches while it runs. They share four things.
//
// The view: policy, ports, tunnel ends. It never changes; a new one is put in
// force while all workers stand at the gate, so that no two of them ever work
// under different policies. All that takes time is done before: they stand for a
// few microseconds. Counters are read there, too, a few slots at a time.
//
// The connection table: any worker may meet any connection, as a device puts
// its two directions into queues by hashes of its own. Known packets take no
// lock and no locked instruction. What opens or ends connections, or keeps what
// the stages found, is done under the table's lock, by packets that are slow
// anyway; see package flow for what others see meanwhile. The rulebook, and the
// owners' counts, are under the same lock.
//
// The hops of the underlay: one atomic word each. What one worker learns all
// know; the first one asks.
//
// A worker's thread has its CPU to itself, or the first thing to come along,
// such as Go's collector, would take it for milliseconds. It must not stand for
// anybody who may lose his CPU: so a listing has the connection table's lock for
// a few microseconds at a time and allocates nothing meanwhile, and aging, which
// can wait, does not wait for the lock.
//
// Ports with fewer queues than there are workers: one worker receives from a
// queue, and a lock is held for each burst that leaves by it.
package nic
