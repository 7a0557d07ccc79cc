package pipeline

import (
	"nitrocard/pmd"
)

// The packet's way. The fast path takes from a burst the plain packets of known
// connections. The other packets take two steps: gather, for the burst at once, so that
// memory latency overlaps; then walk, packet by packet. A packet without a connection
// takes every stage, in the order below, and leaves a connection behind, whose later
// packets skip the stages.
//
// What a stage may look at. The connection keeps a stage's answer per key, direction and
// policy, so a stage may decide by these alone:
//
//   - packet.key, the ends as the ENI has them. Of an ICMP query or answer the key has
//     the query's type and who asked, so key and direction tell the message's type;
//   - packet.dir, the direction;
//   - the policy in force;
//   - what knownInbound and knownOutbound compare for each packet of a known connection:
//     the tunnel end that sent the packet, whether the edge sent it to a private address,
//     whether the router sent it if found.onLink says that the router did not before, the
//     inner MAC that the packet is sent to, whether the packet has a VLAN tag, and an ICMP
//     message's code.
//
// A SYN, with ACK or without, and a first fragment take the stages each time, and their
// pass is kept for all packets of the key and direction. So a stage may drop a SYN that it
// would not drop as an ACK, and must not pass a SYN where it drops an ACK.
//
// Any other field (a TTL, a DSCP, a TCP flag) would be judged once for the whole
// connection. A stage that needs such a field is asked for each packet, as fits is for
// the length, or stands before the connection is looked up, as decap does for
// congestion marks; then passIn and passOut of the fast path need the same comparison.
// A stage that drops is free to look at anything, because a dropped packet leaves no
// connection behind. TestARecordChangesNothing holds stages to these rules.
//
// A packet through a NAT gateway of this card is a packet of the gateway's ENI twice: as it
// comes and as it goes on. Nothing is tracked at that ENI: the gateway's own connection holds what
// its stages found (Worker.throughPassage). Once the guest and the gateway know the connection, the
// fast path takes its packets through both at once, so the rules above are all that a stage
// must obey (fast_through.go).
//
// Each direction of a connection walks its stages once per policy, so the first reply
// takes its stages as the first packet took its own. A dropped packet ends no
// connection: a connection that one policy cuts goes on under a later policy that lets
// the packets pass.
//
// A later fragment has no ports; its key has the datagram's identification in their
// place. The verdict on the first fragment, under the policy of that moment, is the
// verdict on the later ones, which pass in order (follows). Under a later policy they take
// the stages again, where
// securityGroups passes those whose first fragment was tracked and drops the others. A
// stage that must cut at once asks without ports, on either side of securityGroups.
// securityGroups also finds out whether an ICMP error belongs to a connection; the error
// keeps a key of its own.
//
// What a stage may return is a Verdict. finish alone acts on it:
//
//   - next: the stage that follows is asked;
//   - answered: the stage made the frame an answer, in place, which goes back by the
//     queue that received the packet;
//   - Consumed: the packet was for the card, and nothing is sent;
//   - early: the packet is a fragment that waits for those before it, or one that waits for the
//     records of its ENI's connections, and comes again;
//   - PacketTooBig and TimeExceeded drop the packet and make the packet an answer that says so;
//   - any other name drops the packet and is the reason.
//
// Only the last stage of a way returns Sent, or again, which sends the packet through the
// stages of another guest of this card. A stage writes what it finds to packet.found.
//
// DryRun asks source, publicAccess, and the stages of enters and leaves about connections whose packets did not come
// yet, so these stages look at nothing of a frame but its MACs, and act on nothing.
//
// To add a stage: one file, which judges by a function of key, direction and policy and
// acts on the answer; one line for each direction below; a constant in verdict.go with
// its words; a packet in verdictCases, without which TestEveryVerdictIsTestedAndNamed
// fails; and a line in the maps of doc.go and of the README's figure. A stage that only
// reads packet.found may stand anywhere. A judge that only asks the configuration belongs
// to package vpc, as vpc.OwnENI.Match; query makes the question about one packet. What a
// new kind of configured object takes is in package vpc under "A new kind".

// fromUplink takes a burst that arrived from the underlay.
func (w *Worker) fromUplink(frames []pmd.Frame) {
	rest := w.fastIn(frames)
	b := &w.inward
	w.decap(b, frames, rest)
	w.findConnections(b)
	w.walkIn(b)
}

// fromGuest takes a burst that g sent. Packets of the burst for other guests of this
// card then take the stages of their receivers.
func (w *Worker) fromGuest(g *guest, frames []pmd.Frame) {
	rest := w.fastOut(g, frames)
	b := &w.outward
	w.parse(b, g, frames, rest)
	w.findConnections(b)
	for i := range b.n {
		p := &b.packets[i]
		w.finish(p, w.outbound(p))
	}
	if w.inward.n > 0 {
		w.fast.stirs, w.fast.opened = w.flows.Stirs(), false
		w.findConnections(&w.inward)
		w.walkIn(&w.inward)
	}
}

// walkIn ends each packet of a gathered inbound burst and empties it.
func (w *Worker) walkIn(b *burst) {
	for i := range b.n {
		p := &b.packets[i]
		w.finish(p, w.inbound(p))
	}
	b.n, b.looked = 0, 0
}

// inbound is the way to a guest, of a packet whose tunnel is off and whose ENI is found.
// deliver, the last step, translates the public address.
func (w *Worker) inbound(p *packet) Verdict {
	if p.allowed = p.conn != nil && w.knownInbound(p); p.allowed {
		if v := w.fits(p); v != next {
			return v
		}
		if v := w.follows(p); v != next {
			return v
		}
		w.account(p)
		return w.deliver(p)
	}
	if !w.missed(p) {
		w.refresh(p)
	}
	if v := w.source(p); v != next {
		return v
	}
	if v := w.publicAccess(p); v != next {
		return v
	}
	if v := w.gateway(p); v != next {
		return v
	}
	if v := w.enters(p); v != next {
		return v
	}
	if v := w.fits(p); v != next {
		return v
	}
	if v := w.follows(p); v != next {
		return v
	}
	if v := w.track(p); v != next {
		return v
	}
	return w.deliver(p)
}

// enters asks the stages about the way through the subnet to the guest.
func (w *Worker) enters(p *packet) Verdict {
	if v := w.networkACL(p); v != next {
		return v
	}
	if v := w.destination(p); v != next {
		return v
	}
	if v := w.securityGroups(p); v != next {
		return v
	}
	return w.egressOnly(p)
}

// outbound is the way from a guest, and from an Appliance behind an ENI. track is the last
// stage that is asked, because the connection keeps what the stages before found.
// forward then sends: to a neighbor of this card, or into a tunnel. The mapping, and
// translation at the internet gateway, are parts of route's answer.
func (w *Worker) outbound(p *packet) Verdict {
	if p.ethernet().SrcBits() != p.guest.macBits {
		return SpoofedMAC
	}
	if p.allowed = p.conn != nil && w.knownOutbound(p); p.allowed {
		if v := w.fits(p); v != next {
			return v
		}
		if v := w.follows(p); v != next {
			return v
		}
		w.account(p)
		return w.forward(p)
	}
	if !w.missed(p) {
		w.refresh(p)
	}
	if v := w.antispoof(p); v != next {
		return v
	}
	if v := w.localServices(p); v != next {
		return v
	}
	if v := w.leaves(p); v != next {
		return v
	}
	if v := w.fits(p); v != next {
		return v
	}
	if v := w.follows(p); v != next {
		return v
	}
	if v := w.track(p); v != next {
		return v
	}
	return w.forward(p)
}

// leaves asks the stages about the way from the guest out of its subnet. A NAT gateway needs
// no stage: it is an Appliance, and a route leads to its ENI.
func (w *Worker) leaves(p *packet) Verdict {
	if v := w.securityGroups(p); v != next {
		return v
	}
	leads := w.route(p) // counts after the ACL, which asks whether the way crosses the subnet's edge
	if v := w.networkACL(p); v != next {
		return v
	}
	if v := w.mail(p); v != next {
		return v
	}
	if leads != next {
		return leads
	}
	return w.endpoint(p)
}

// finish is the one place that acts on a stage's verdict: it sends, passes on,
// counts and tells.
func (w *Worker) finish(p *packet, v Verdict) {
	switch v {
	case Sent:
		w.out.long = w.out.long || p.mtu != 0
		p.to.put(w, p.frame, p)
	case again:
		w.toNeighbor(p)
	case answered:
		w.end(p, Consumed)
		w.answer(p)
	case Consumed:
		w.end(p, v)
	case early:
		if !w.hold(p) {
			w.drop(p, p.unheld())
		}
	case PacketTooBig:
		w.drop(p, v)
		w.tellMTU(p)
	case TimeExceeded:
		w.drop(p, v)
		w.tellExpired(p)
	default:
		w.drop(p, v)
	}
}
