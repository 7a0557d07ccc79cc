package pipeline

import (
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// neighborDiscovery answers a guest's questions for the router, for a neighbor of the
// guest's subnet, and for routers in general, as arp answers those of IPv4. No such message
// leaves the card, and none reaches a guest.
//
// A host that looks for a duplicate of its own address (RFC 4862 section 5.4) is answered
// only if another station of the subnet has the address.
func (w *Worker) neighborDiscovery(p *packet) Verdict {
	e := p.guest.eni
	if p.Type == wire.NDNeighborAdvertisement {
		return Consumed // an announcement of an address that the card knows
	}
	q, ok := wire.ParseSolicitation(p.frame.Bytes(), &p.Headers)
	switch {
	case !ok:
		return NDInvalid
	case !q.Source.IsZero() && q.Source != e.MAC:
		return SpoofedMAC
	case !p.Src.IsZero() && !p.Src.IsLinkLocal6() && !e.Passes(p.Src):
		return SpoofedAddress
	}
	asker := wire.Neighbor{MAC: e.MAC, Addr: p.Src}
	if q.Target.IsZero() {
		return p.advertiseRouter(asker)
	}
	if p.Src.IsZero() && e.Owns(q.Target) {
		return Consumed // nobody else has it
	}
	return p.advertiseNeighbor(q.Target, asker)
}

// advertiseNeighbor makes p the answer to who has an address.
func (p *packet) advertiseNeighbor(addr wire.Addr, asker wire.Neighbor) Verdict {
	mac, ok := p.guest.whoHas(addr)
	switch {
	case !ok:
		return NDUnanswered
	case !p.resize(wire.NeighborAdvertLen):
		return NoHeadroom
	}
	wire.NeighborAdvert(p.frame.Bytes(), wire.Neighbor{MAC: mac, Addr: addr}, asker, mac == p.guest.router)
	return answered
}

// routerLifetime is for how many seconds the router is one: the longest time that there is (RFC 8319
// section 4). The choice is ours.
const routerLifetime = 0xffff

// advertEvery is how many ticks lie between two advertisements that a guest gets unasked: 4.9 hours. A host
// that was answered asks no more (RFC 4861 section 6.3.7), and Linux does not even when the router's lifetime
// is over. So the card says in time that the router goes on, three times in a lifetime. The choice is ours.
const advertEvery = 1 << 18

// advertise tells the guests about their router whose turn came after the tick before, each at a tick of its
// own: the first 2.4 hours after the card's start. The first worker does so.
func (w *Worker) advertise(before uint32) {
	if before == 0 {
		w.asker.began = w.tick
		return
	}
	turn := w.tick - w.asker.began + advertEvery/2
	for n := min(w.tick-before, advertEvery); n > 0; n-- {
		for i := (turn - n + 1) % advertEvery; i < uint32(len(w.guests)); i += advertEvery {
			w.advertiseTo(&w.guests[i])
		}
	}
}

// advertiseTo sends a guest an advertisement, unless its subnet has no IPv6.
func (w *Worker) advertiseTo(g *guest) {
	if g.eni == nil || g.eni.NAT != nil || !g.eni.Subnet.Prefix6.IsValid() {
		return
	}
	a := &w.asker
	frame := a.scratch[pmd.Headroom:][:wire.RouterAdvertLen]
	r := g.advert()
	r.Put(frame, wire.Neighbor{})
	a.request.Lend(a.scratch[:], pmd.Headroom, len(frame))
	w.originate(w.queues[g.number], &a.request)
}

// advert is what the router of the guest's subnet advertises: itself, and the subnet's block as on the link.
// EC2 gives addresses by DHCPv6 (EC2 User Guide, "IPv6 addresses"), so no host makes an address of its own.
// AWS documents no other field; they are ours.
func (g *guest) advert() wire.RouterAdvert {
	return wire.RouterAdvert{
		From: wire.Neighbor{MAC: g.router, Addr: g.router.LinkLocal()}, Lifetime: routerLifetime, Managed: true, Prefix: g.eni.Subnet.Prefix6,
	}
}

// advertiseRouter makes p the answer to who is a router.
func (p *packet) advertiseRouter(asker wire.Neighbor) Verdict {
	switch {
	case !p.guest.eni.Subnet.Prefix6.IsValid():
		return NDUnanswered
	case !p.resize(wire.RouterAdvertLen):
		return NoHeadroom
	}
	r := p.guest.advert()
	r.Put(p.frame.Bytes(), asker)
	return answered
}

// resize makes p's frame one of n bytes, whose content the caller writes. It is false if
// there is no room before the frame.
func (p *packet) resize(n int) bool {
	more := n - p.frame.Len()
	switch {
	case more > p.frame.Offset():
		return false
	case more > 0:
		p.frame.Push(more)
	default:
		p.frame.Trim(n)
	}
	return true
}
