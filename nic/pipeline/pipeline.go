package pipeline

import (
	"nitrocard/pmd"
)

// The packet's way. First the fast path takes from a burst what is plain and
// of a known connection. The rest takes two steps: gather, for the burst at
// once, so that memory latency overlaps; then walk, packet by packet. A packet
// without a connection takes every stage, in the order below, and leaves one
// behind for its followers.
//
// The followers skip the stages, so a stage may let a packet pass, or find a way
// for it, by nothing but these: the connection's key, which has an ICMP query's
// type in it; the direction; the policy in force; and what knownInbound and
// knownOutbound compare anew with each packet: the tunnel end it came from, the
// inner MAC it is sent to, whether it has a VLAN tag, is a first fragment, is a
// SYN, and which code an ICMP query has. Another field (a TTL, a DSCP, a length, a
// TCP flag) would be judged once and never again: a stage that needs one has its
// comparison there, too, or its place before them, as decap has for congestion
// marks. What it returns is a Verdict, and what it finds (flags, path, tunnel end)
// is kept for the direction that it was asked for, under this policy. Who drops is
// free: what is dropped leaves nothing behind. TestARecordChangesNothing holds
// stages to that.

// fromUplink takes a burst that arrived from the underlay.
func (w *Worker) fromUplink(frames []pmd.Frame) {
	rest := w.fastIn(frames)
	b := &w.inward
	w.decap(b, frames, rest)
	w.findConnections(b)
	w.walkIn(b)
}

// fromGuest takes a burst that g sent, and then what of it goes to guests of
// this same card through their stages.
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

// inbound is the way to a guest: source, destination, nacl, sg, block public
// access, fits, track, deliver, which translates the public address. The tunnel is
// off and the ENI found when the way begins.
func (w *Worker) inbound(p *packet) Verdict {
	if p.allowed = w.knownInbound(p); p.allowed {
		if v := w.fits(p); v != next {
			return v
		}
		w.account(p)
		return w.deliver(p)
	}
	w.refresh(p)
	if v := w.source(p); v != next {
		return v
	}
	if v := w.destination(p); v != next {
		return v
	}
	// Network ACLs of the subnet, inbound, are to be asked here.
	if v := w.securityGroups(p); v != next {
		return v
	}
	if v := w.publicAccess(p); v != next {
		return v
	}
	if v := w.fits(p); v != next {
		return v
	}
	if v := w.track(p); v != next {
		return v
	}
	return w.deliver(p)
}

// outbound is the way from a guest: antispoof, local services, sg, nacl,
// route, nat, mapping, fits, track, encap. Tracking comes last because the
// connection keeps what the stages before found.
func (w *Worker) outbound(p *packet) Verdict {
	if p.ethernet().SrcBits() != p.guest.macBits {
		return SpoofedMAC
	}
	if p.allowed = w.knownOutbound(p); p.allowed {
		if v := w.fits(p); v != next {
			return v
		}
		w.account(p)
		return w.forward(p)
	}
	w.refresh(p)
	if v := w.antispoof(p); v != next {
		return v
	}
	// Further services of the card (DHCP, DNS, metadata, time, the router's
	// own address) are to be served here, before any group is asked.
	if v := w.localServices(p); v != next {
		return v
	}
	if v := w.securityGroups(p); v != next {
		return v
	}
	// Network ACLs of the subnet, outbound, are to be asked here.
	if v := w.route(p); v != next {
		return v
	}
	// A NAT gateway in the packet's way is to translate it here.
	if v := w.fits(p); v != next {
		return v
	}
	if v := w.track(p); v != next {
		return v
	}
	return w.forward(p)
}

// finish is the one place that acts on a stage's verdict: it sends, passes on,
// counts and tells.
func (w *Worker) finish(p *packet, v Verdict) {
	switch v {
	case Sent:
		p.to.put(w, p.frame, p)
	case again:
		w.toNeighbor(p)
	case answered:
		w.end(p, Consumed)
		w.answer(p)
	case Consumed:
		w.end(p, v)
	default:
		w.drop(p, v)
	}
}
