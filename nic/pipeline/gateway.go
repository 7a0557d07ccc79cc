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
func (w *Worker) gateway(p *packet) Verdict {
	by := vpc.InternetGateway
	switch {
	case w.fromEdge(p):
	case p.byExit != nil && p.byExit.IsVPN():
		by = vpc.VPNGateway
	default:
		return next
	}
	e := p.guest.eni
	first, x, v := judgeGateway(w.setup.Policy, e, by, p.pair.Local)
	var station uint32
	switch {
	case v != next, first == e.ENI, first == nil && x == nil:
		return v
	case first == nil:
		station = x.Station
	default:
		if own := w.setup.Policy.Own(first); own != nil {
			return w.toMiddlebox(p, &w.guests[own.Number])
		}
		station = first.Station
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

// judgeGateway is the ENI of the middlebox that packets by a gateway for a private address go
// to first, nil if there is none. The middlebox must be attached to an instance and, for the
// internet gateway, have a public address (VPC User Guide, "Gateway route tables"). Where the
// table leads to an endpoint of a Gateway Load Balancer, x is the endpoint's exit.
func judgeGateway(policy *vpc.Policy, e *vpc.OwnENI, by vpc.Gateway, private wire.Addr) (first *vpc.ENI, x *vpc.Exit, v Verdict) {
	r := e.Inward(by, private)
	switch {
	case r == nil || r.Target == vpc.Local:
		return nil, nil, next
	case r.Target == vpc.Outside:
		if x = policy.Region.Exit(r.Via); x == nil {
			return nil, nil, TargetOutside
		}
		return nil, x, next
	case r.Target != vpc.Interface:
		return nil, nil, Blackhole
	}
	first = policy.Region.Interface(r.Via)
	if first == nil || first.Subnet.VPC != e.Subnet.VPC || by == vpc.InternetGateway && private.Is4() && first.Public().IsZero() {
		return nil, nil, Blackhole
	}
	return first, nil, next
}

// toMiddlebox takes a packet from the internet through the stages of a middlebox on this
// card, as a packet from a guest of this card.
func (w *Worker) toMiddlebox(p *packet, g *guest) Verdict {
	p.translateDst()
	p.guest, p.outerSrc, p.byExit = g, wire.Addr{}, nil
	p.conn, p.missed, p.found = nil, false, found{}
	p.exit.flags = flow.FlagRouted
	p.address(g.mac, g.router)
	w.keyIn(p, &p.key)
	return w.inbound(p)
}
