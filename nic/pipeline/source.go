package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// source holds the underlay to the mapping: a packet with an address of the VPC must
// come from the tunnel end where that address's ENI lives, and only the edge speaks for
// the world outside, or an exit for the part of the world to which routes lead by it. So a
// guest that took over its server cannot speak for the guests of other servers.
//
// A card with an ENI that forwards, a middlebox without source/destination check, speaks
// for all addresses of that ENI's VPC, because the middlebox does: its guest may send from
// any address. No packet proves that it came through the middlebox, so that whoever takes
// over the middlebox's server may speak for that VPC's addresses, as whoever takes over the
// middlebox may, and for no other VPC's.
func (w *Worker) source(p *packet) Verdict {
	switch {
	case p.outerSrc.IsZero():
		return next // from a guest of this card, which antispoof held to what its ENI may send
	case p.byExit != nil:
		p.vtep = p.byExit.VTEP
		return judgeExit(p.guest.eni, p.byExit, p.Src, p.Dst)
	}
	if w.fromEdge(p) {
		p.vtep = vpc.Edge
		return arrival{vpc.Edge, p.Src, p.pair.Local}.judgeInternet(w.setup.Policy, p.guest.eni, p.Dst != p.pair.Local || p.published())
	}
	from, ok := w.setup.vtep(p.outerSrc)
	if !ok {
		return UnknownVTEP
	}
	p.vtep = from
	return arrival{from, p.Src, p.pair.Local}.judge(w.setup.Policy, p.guest.eni)
}

// fromEdge tells whether a packet came through the edge, behind which is the
// internet. Stages behind source read byEdge of the packet.
func (w *Worker) fromEdge(p *packet) bool {
	return p.byExit == nil && p.outerSrc == w.underlay.ends[vpc.Edge].Addr
}

// byEdge tells whether source found that the packet came through the edge.
func (p *packet) byEdge() bool { return p.vtep == vpc.Edge }

// cameFrom tells whether a packet came from the tunnel end of an index, 0 for a guest of this
// card. Exits may share an address with the edge, and differ in VNI.
func (w *Worker) cameFrom(p *packet, vtep uint16) bool {
	switch end := &w.underlay.ends[vtep]; {
	case p.byExit != nil:
		return vtep == p.byExit.VTEP
	case p.outerSrc.IsZero():
		return vtep == 0
	default:
		return end.Addr == p.outerSrc && end.Exit == nil
	}
}

// martian tells whether no host sends from an address, or no router forwards it, as one of a
// single link of IPv6 (RFC 4291 section 2.5.6).
func martian(src wire.Addr) bool { return !src.IsUnicast() || src.IsLinkLocal6() }

// judgeInternet tells whether the edge may speak for the source of a packet to an ENI: for the
// world outside, and only to public addresses, as an internet gateway does. published says
// that the internet may send to the destination, which is no private address of the ENI's.
func (a arrival) judgeInternet(policy *vpc.Policy, e *vpc.OwnENI, published bool) Verdict {
	switch {
	case martian(a.src):
		return Martian
	case e.Near(a.src) && (e.Neighbor(a.src) != nil || a.overPeeringAlone(policy, e)):
		return SourceMismatch
	case a.src.IsPrivate():
		return PrivateInternet
	case !published:
		return PrivateDestination
	}
	return next
}

// arrival is a packet that another card, or the edge, sent to an ENI of this card.
type arrival struct {
	vtep     uint16    // index of the tunnel end
	src, dst wire.Addr // dst is the private address behind a public one
}

// judge tells whether the card may speak for the source: for its own ENIs, and for all other
// addresses if one of its ENIs in the VPC forwards, with the source/destination check off; and
// so it does for VPCs that peer with the ENI's.
func (a arrival) judge(policy *vpc.Policy, e *vpc.OwnENI) Verdict {
	sender := e.Neighbor(a.src)
	switch {
	case martian(a.src):
		return Martian
	case sender == nil && a.byGateway(policy, e):
		return next
	case sender == nil:
		return a.overPeering(policy, e)
	case sender.Card != a.vtep && !policy.Region.Forwards(e.VNI, a.vtep):
		return SourceMismatch
	}
	return next
}

// byGateway tells whether the packet is one from the internet, or by the exit of a virtual
// private gateway, that a gateway route table leads to the ENI, a middlebox, first. The card
// that sends such a packet must have the ENI that the packet is for in the end, and the
// source must be one that the edge, or the exit, may speak for: none of an ENI of a peer, whose
// groups rules may name.
func (a arrival) byGateway(policy *vpc.Policy, e *vpc.OwnENI) bool {
	public, of := e.Published(a.dst)
	if of == nil || of.Card != a.vtep {
		return false
	}
	fromInternet := !public.IsZero() && !a.overPeeringAlone(policy, e) && !a.src.IsPrivate()
	if fromInternet && leadsTo(policy, e, vpc.InternetGateway, a.dst) {
		return true
	}
	return leadsTo(policy, e, vpc.VPNGateway, a.dst) && e.LeadsOutByVPN(a.src, policy.Region) && !heldByPeer(e, a.src)
}

// leadsTo tells whether the route table of a gateway leads what is for a private address to an
// ENI first.
func leadsTo(policy *vpc.Policy, e *vpc.OwnENI, by vpc.Gateway, private wire.Addr) bool {
	return judgeGateway(policy, e, by, private).first == e.ENI
}

// published tells whether the internet may send to a packet's destination, which then is no
// private address of the ENI's. The key does not tell, because the key of a packet for the
// public address holds the private one, too. A destination other than the key's is published.
func (p *packet) published() bool {
	return p.Dst != p.pair.Local || p.Dst.IsGlobal6() || !p.guest.eni.Owns(p.Dst)
}
