package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// A packet that is longer than its way's MTU leaves in fragments, or is dropped and its
// sender told the MTU, as at EC2's gateways (EC2 User Guide, network MTU). Whoever sends
// with DF learns the MTU so, and so finds the path's (RFC 1191).
//
// What the card tells a guest comes from the address of the router in the guest's subnet,
// and meets neither groups nor network ACLs, which filter nothing of the router's. What the
// card tells a sender beyond a tunnel comes from the address that the packet was for,
// because the router's address means nothing outside of the VPC; the sender's card finds
// the sender's connection in the quote.

// tooBig judges a packet that is longer than its way's MTU: next if the packet leaves in
// fragments.
func (w *Worker) tooBig(p *packet, mtu vpc.MTU) Verdict {
	p.mtu = mtu
	switch {
	case mtu < wire.LeastMTU, p.EtherType == wire.EtherTypeIPv6 && mtu < wire.LeastMTU6:
		return TooLong // no sender would heed so little
	case p.mayFragment():
		return next
	case w.mayTellMTU(p):
		return PacketTooBig
	}
	return PacketTooBigUntold
}

// mayFragment tells whether p's sender lets p be fragmented. A router fragments IPv4 alone
// (RFC 8200 section 5).
func (p *packet) mayFragment() bool {
	return p.EtherType == wire.EtherTypeIPv4 && !wire.IPv4(p.frame.Bytes()[p.L3:]).DontFragment()
}

// mayTellMTU tells whether p's sender is told that p is too long: not about an ICMP error or a
// later fragment (RFC 1122 section 3.2.2), and not more often than tellBudget.
func (w *Worker) mayTellMTU(p *packet) bool {
	if p.IsICMPError() || p.Frag == wire.LaterFragment || !p.Src.IsUnicast() {
		return false
	}
	if p.dir == wire.In && p.egress == nil {
		to, ok := w.wayBack(p)
		if !ok || w.underlay.hops[to.VTEP].mac.Load() == unresolved {
			return false
		}
	}
	return w.mayTell(w.tellerOf(p))
}

// tellMTU makes p, which is too long, the answer that tells p's sender the MTU, and sends the
// answer back.
func (w *Worker) tellMTU(p *packet) {
	if p.frame.Merged() {
		p.frame.Become(w.scratch().firstOf(p.frame))
	}
	sender := p
	if p.egress != nil {
		sender = p.egress
	}
	if sender.dir == wire.Out {
		w.tellGuest(p, sender.guest)
	} else {
		w.tellBeyond(p)
	}
	w.answer(p)
}

// tellGuest makes p the answer of the router to its sender, a guest of this card.
func (w *Worker) tellGuest(p *packet, to *guest) {
	p.frame.Trim(wire.TooBig(p.frame.Bytes(), &p.Headers, to.routerFor(p), uint16(p.mtu)))
	station := p.ethernet()
	station.SetDst(to.mac)
	station.SetSrc(to.router)
}

// routerFor is the address of the router of the guest's subnet, of p's family. In a subnet without IPv6, from
// which a middlebox may send IPv6 of others, the router has vpcRouter alone.
func (g *guest) routerFor(p *packet) wire.Addr {
	s := g.eni.Subnet
	switch {
	case p.EtherType == wire.EtherTypeIPv4:
		return g.gateway
	case s.Prefix6.IsValid():
		return firstHost(s.Prefix6)
	}
	return vpcRouter
}

// tellBeyond makes p the answer to its sender beyond a tunnel.
func (w *Worker) tellBeyond(p *packet) {
	to, _ := w.wayBack(p)
	p.frame.Trim(wire.TooBig(p.frame.Bytes(), &p.Headers, p.Dst, uint16(p.mtu)))
	station := p.ethernet()
	station.SetDst(to.Dst)
	station.SetSrc(to.Src)
	if e := p.guest.eni; e.Beside(e.Neighbor(p.Src)) {
		station.SetSrc(p.guest.mac)
	}
	w.enclose(p.frame, to, w.underlay.hops[to.VTEP].mac.Load(), entropy(&p.key))
}

// wayBack is the station from which p came by a tunnel; ok is false if nobody knows.
func (w *Worker) wayBack(p *packet) (to *vpc.Station, ok bool) {
	region, e := w.setup.Policy.Region, p.guest.eni
	switch {
	case p.byExit != nil:
		return region.Station(p.byExit.Station), true
	case w.fromEdge(p):
		return region.Station(e.VPC.Station), true
	}
	n := e.Neighbor(p.Src)
	if n == nil {
		return nil, false
	}
	return region.Station(n.Station), true
}

// firstOf is the first packet of a merged frame, in memory of s's.
func (s *pieces) firstOf(f *pmd.Frame) []byte {
	s.cutter.Start(f)
	return s.whole[:s.cutter.Next(s.whole[:])]
}
