// Package pipeline is the packet's way through the card: what EC2 does to packets,
// from the burst that a port brings to the frames that leave.
//
// Start with pipeline.go, which is the way, top to bottom. Each stage is a file:
//
//	decap.go         tunnel off, (VNI, MAC) → ENI, which enitable.go finds
//	departed.go      what still comes for an ENI that left for another card;
//	                 handover.go its connections, which go along
//	connection.go    key → connection; what makes a packet known
//	source.go        who may send to the ENI
//	publicaccess.go  who may pass the internet gateway
//	gateway.go       gateway route tables: to a middlebox first
//	destination.go   which addresses are the ENI's; delivery to its guest
//	parse.go         a guest's frame → headers
//	antispoof.go     what a guest may send as
//	services.go      local services: what the card answers itself; arp.go and nd.go are two,
//	                 punt.go the way to those of package service, persecond.go their allowance
//	acl.go           network ACLs
//	sg.go            security groups
//	egressonly.go    egress-only internet gateways
//	mail.go          TCP port 25 towards the internet
//	related.go       ICMP errors of known connections
//	route.go         route tables, public addresses, who is where;
//	                 peering.go the way to a peer VPC and from it
//	exits.go         targets whose other side is not the card's: the way there and back
//	fits.go          whether the packet can leave at all; toobig.go if it is too long for its way, tellings.go
//	                 how often somebody is told so
//	fragment.go      fragments in order; early.go those that wait for others
//	track.go         leaves a connection behind
//	forward.go       to a neighbor on this card, or into a tunnel
//	encap.go         tunnel on
//	finish.go        how a packet ends that is not sent: counted, noted, told
//
// fast*.go and fast*.s do the work of all stages at once, for plain packets of known
// connections; fast_through.go takes such packets through NAT gateways. Only pipeline.go calls
// the fast path, and only a Setup prepares for it.
//
// An edge is a card in another role, with few stages of its own:
//
//	edge.go          its stages; edgefast.go does their work at once, for plain packets
//	link.go          its link to the internet; edges.go the edges that share its tunnel end
//	publictable.go   who has a public address; ranges.go the region's own prefixes
//	hops.go          packets whose hops end here
//
// The files beside the stages:
//
//	packet.go        a frame on its way; found.go what the stages find out about it
//	verdict.go       a stage's answer about a packet
//	guest.go         an ENI of this card
//	underlay.go      the tunnel ends; asker.go asks for their MACs
//	claim.go         who says that a tunnel end moved, and whether it did
//	setup.go         Setup: the policy and the ports in force
//	worker.go        Worker: takes bursts and runs each packet to its end
//	queue.go         Queue: a worker's part of a port; rota.go which queue is next
//	backlog.go       which frames of a flood are dropped while the uplink's ring is full
//	bucket.go        a token bucket that workers share
//	instance.go      Instance: what an instance may send and receive, and has left of that;
//	                 allowance.go names what it may lack, amount.go adds up bytes and packets
//	meter.go         what bounds one ENI at one worker; metering.go which ENIs are bounded
//	shaper.go        frames that wait for their instance; fifo.go their memory
//	classes.go       what bounds one flow, and what goes to the internet; classqueue.go frames that
//	                 wait for their class, classdequeue.go how they leave
//	outbox.go        the frames that leave when a burst ends; merged.go cuts some of them
//	counts.go        counts; drop.go the latest drops; event.go what an observer is told
//	capture.go       Capture: a worker's part of a capture; capturing.go shows it packets
//	losses.go        what of them found no room in it, by place
//	rulebook.go      the rules that connections name
//	dryrun.go        what packets of connections would meet under another policy;
//	                 wayin.go by which tunnel end they come, translation.go through a NAT gateway
//	doubt.go         the groups are asked again about a tracked connection
//	crew.go          Crew: all workers of a card, and what they share
//	appliance.go     Appliance: a part of the card in a port's place; passage.go one that translates, passed.go what it did not see
//
// Stages, assembly and the structs that both read lie in one package, because assembly
// knows the fields of one package only. CPUs, devices and configuration files lie in
// other packages, because the way needs nothing of them.
//
// # Why it is built so
//
// A packet of a known connection costs one exact match: the connection's record holds
// what the stages found, and the epoch of the policy that they asked. A new policy has a
// new epoch, which makes every record stale at once without a write to any. The next
// packet of each connection walks the stages again. So a new policy is in force for
// every packet that starts after the change, and costs the packet path nothing.
//
// The card translates public addresses, because only the card and the edge know them. In what the
// edge brings, the key holds the private address, so a connection has one record for both
// directions. Whoever else sends to a public address is not translated (privateFor).
//
// # Workers
//
// A crew has one or more workers, each with its own thread, queues, bursts and
// counts, which no other thread touches while the worker runs. Workers share five things.
//
// The setup: policy, ports, tunnel ends. A setup never changes. A new setup is put in
// force while all workers stand at a gate, so no two workers ever work under different
// policies.
//
// The connection table: any worker may meet any connection, because a device puts a
// connection's two directions into queues by a hash of its own. Known packets take no
// lock and no locked instruction. A packet that opens, ends or updates a record takes
// the table's lock, and is slow anyway; package flow says what other workers see
// meanwhile. The rulebook, and the owners' counts, are under the same lock.
//
// The hops of the underlay: one atomic word each, and the claims about them, under a lock
// of their own. The first worker asks for MACs when it is time to. Whichever worker
// receives an ARP packet stores the MAC for all, and asks at once if the packet claims
// that a tunnel end moved.
//
// What instances may send and receive: token buckets of one atomic word each. What comes too
// fast for an instance waits at the worker that received it, in a FIFO for each ENI. A worker has
// 64 FIFOs at most, which bounds its memory; while all are in use, what comes too fast for a
// further ENI is dropped.
//
// Ports with fewer queues than there are workers: one worker receives from a
// queue, and every worker that sends by the queue holds a lock for each burst.
package pipeline
