// Package pipeline is the packet's way through the card: what EC2 does to packets,
// from the burst that a port brings to the frames that leave.
//
// Start with pipeline.go: it is the way, top to bottom. Each stage is a file:
//
//	decap.go         tunnel off, (VNI, MAC) → ENI; enitable.go finds it
//	connection.go    key → connection; what makes a packet known
//	destination.go   who may send to the ENI; delivery to its guest
//	antispoof.go     what a guest may send as
//	arp.go           local services: what the card answers itself
//	sg.go            security groups
//	publicaccess.go  VPC Block Public Access
//	related.go       ICMP errors of known connections
//	route.go         route tables, public addresses, who is where
//	fits.go          whether the packet can leave at all
//	track.go         leaves a connection behind
//	encap.go         to a neighbor on this card, or tunnel on
//	finish.go        how a packet ends that is not sent: counted, noted, told
//
// fast*.go and fast*.s are all of it at once, for plain packets of known
// connections. Nothing but pipeline.go, and what a view prepares, knows of them.
//
// What stages work on: packet.go is a frame on its way, found.go what the stages find
// out about a packet, verdict.go what a stage says of a packet, guest.go an ENI of this
// card, underlay.go the tunnel ends. What is in force is a View (view.go), which never
// changes. Who works is a Worker (worker.go), which takes bursts from Queues (queue.go)
// in turn (rota.go) and sends them from its outbox (outbox.go). What workers count is
// in counts.go and drop.go, what they tell in event.go, the rules that connections name
// in rulebook.go. All workers of a card, and what they share, are a Crew (crew.go). In a port's
// place a Queue may have a part of the card (station.go).
//
// Stages, what they read and assembly lie in one package because assembly knows
// the fields of one package only. CPUs, devices and configuration files lie
// elsewhere: the way needs nothing of them.
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
// A crew has one or more workers, each with its own thread, queues, bursts and
// counts, which nobody else touches while it runs. They share four things.
//
// The view: policy, ports, tunnel ends. It never changes; a new one is put in
// force while all workers stand at a gate, so that no two of them ever work under
// different policies.
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
// Ports with fewer queues than there are workers: one worker receives from a
// queue, and a lock is held for each burst that leaves by it.
package pipeline
