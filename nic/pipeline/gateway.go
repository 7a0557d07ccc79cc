package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// gateway follows the route table of the internet gateway, if it has one, with a packet that
// the edge sent to a public address of an ENI of this card: to a middlebox first, which sends
// the packet on to the ENI. The packet's destination is the private address already. A
// packet by the exit of a virtual private gateway follows that gateway's table in the same
// way.
//
// The card does so, and not the edge, because the edge knows which server has a public
// address and no rule of a customer: an edge that missed a change of a route table would
// lead packets past a middlebox. A packet to a middlebox on another server so takes one more
// way over the underlay. Such a packet leaves no connection at its ENI, because the same
// packet comes once more, from the middlebox.
//
// Whether the table holds for what the middlebox itself sent to a public address behind the table, AWS
// does not document. Ours: it does, because the internet gateway gets such a packet as it gets all
// others. The packet comes to the middlebox once, with the middlebox's public address as source, and never in a
// circle, because the middlebox's own subnet leads it on to its ENI.
func (w *Worker) gateway(p *packet) Verdict {
	if p.guest.inward == [2]bool{} {
		return next
	}
	e, in := p.guest.eni, w.leadsIn(p)
	if in.route != nil {
		in.route.Hit()
	}
	var station uint32
	switch {
	case in.first != nil && in.first != e.ENI:
		if own := w.setup.Policy.Own(in.first); own != nil {
			return w.toMiddlebox(p, &w.guests[own.Number])
		}
		station = in.first.Station
	case in.exit != nil:
		station = in.exit.Station
	case in.verdict != next:
		p.route, p.table = in.route, gatewayTable+table(p.gateway())
		return in.verdict
	default:
		return next
	}
	to := w.setup.Policy.Region.Station(station)
	if v := w.fitsTunnel(p, to); v != next {
		return v
	}
	p.translateDst()
	p.exit.flags = flow.FlagRouted
	p.address(to.Dst, to.Src)
	return w.encap(p, to)
}

// leadsIn is where the gateway leads p by which p came. An egress-only internet gateway has no route table:
// what comes by that gateway meets no middlebox, and nobody outside reaches one by it.
func (w *Worker) leadsIn(p *packet) inward {
	if !p.byEdge() && (p.byExit == nil || !p.byExit.IsVPN()) || !p.guest.inward[p.gateway()&1] {
		return inward{verdict: next}
	}
	if p.byEdge() && byEgressOnly(p.guest.eni, p.pair.Remote) {
		return inward{verdict: next}
	}
	return judgeGateway(w.setup.Policy, p.guest.eni, p.gateway(), p.pair.Local)
}

// gateway is the one by which a packet came that came by one.
func (p *packet) gateway() vpc.Gateway {
	if p.byEdge() {
		return vpc.InternetGateway
	}
	return vpc.VPNGateway
}

// inward is where a gateway leads a packet that comes into the VPC. Without first and exit, the
// packet goes to the ENI that it is for, or nowhere.
type inward struct {
	route   *vpc.Route // of the gateway's table; nil: the gateway has none
	first   *vpc.ENI   // of the middlebox that the packet goes to first, maybe the packet's own ENI
	exit    *vpc.Exit  // of the Gateway Load Balancer endpoint that the packet goes to first
	verdict Verdict    // next, or why the packet goes nowhere
}

// passesBy tells whether a packet straight from the ENI to the gateway passes by the middlebox or
// endpoint that packets the other way go to first.
func (i inward) passesBy(e *vpc.OwnENI) bool {
	return (i.first != nil && i.first != e.ENI) || i.exit != nil || i.verdict == TargetOutside
}

// judgeGateway judges packets by a gateway for a private address. A middlebox must be attached to
// an instance and, for the internet gateway, have a public address, its primary or another (VPC
// User Guide, "Gateway route tables").
func judgeGateway(policy *vpc.Policy, e *vpc.OwnENI, by vpc.Gateway, private wire.Addr) inward {
	r := e.Inward(by, private)
	switch {
	case r == nil || r.Target == vpc.Local:
		return inward{route: r, verdict: next}
	case r.Target == vpc.Outside:
		if x := policy.Region.Exit(r.Via); x != nil {
			return inward{route: r, exit: x, verdict: next}
		}
		return inward{route: r, verdict: TargetOutside}
	case r.Target != vpc.Interface:
		return inward{route: r, verdict: Blackhole}
	}
	first := policy.Region.Interface(r.Via)
	if first == nil || first.Subnet.VPC != e.Subnet.VPC || (by == vpc.InternetGateway && private.Is4() && !first.HasPublic()) {
		return inward{route: r, verdict: Blackhole}
	}
	return inward{route: r, first: first, verdict: next}
}

// toMiddlebox takes a packet from the internet through the stages of a middlebox on this
// card, as a packet from a guest of this card. The middlebox's connection may know the packet: a later fragment
// has no ports by which the stages could let it pass.
func (w *Worker) toMiddlebox(p *packet, g *guest) Verdict {
	p.translateDst()
	p.guest, p.outerSrc, p.byExit = g, wire.Addr{}, nil
	p.conn, p.missed, p.found = nil, false, found{}
	p.exit.flags = flow.FlagRouted
	p.address(g.mac, g.router)
	w.keyIn(p, &p.key)
	if at, epoch, _ := w.flows.Find(&p.key); epoch != 0 && w.flows.Has(at, &p.pair) {
		p.at, p.conn = at, w.flows.Conn(at)
	}
	return w.inbound(p)
}
