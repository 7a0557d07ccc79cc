package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// egressOnly drops a packet from the internet that nobody of the ENI's subnet asked for,
// where the way back leads to an egress-only internet gateway (VPC User Guide, "Egress-only
// internet gateways"). The stage comes after the security groups, because the groups find
// out which connection a packet belongs to.
func (w *Worker) egressOnly(p *packet) Verdict {
	if p.byEdge() && p.asked && p.initiator == wire.In && byEgressOnly(p.guest.eni, p.pair.Remote) {
		p.route = p.guest.eni.Route(p.pair.Remote)
		return EgressOnlyDenied
	}
	return next
}

// byEgressOnly tells whether packets between an ENI and an address pass an egress-only
// internet gateway, whose connections EC2 tracks whatever the rules say (EC2 User Guide,
// "Automatically tracked connections").
func byEgressOnly(e *vpc.OwnENI, remote wire.Addr) bool {
	return !remote.Is4() && e.Route(remote).Target == vpc.EgressOnly
}

// judgeEgressOnly tells whether packets may pass the egress-only internet gateway. VPC Block
// Public Access lets them pass in its mode block-ingress (VPC User Guide, "VPC BPA basics").
func judgeEgressOnly(e *vpc.ENI) Verdict {
	if e.Subnet.Block == vpc.BlockBidirectional {
		return BlockPublicAccess
	}
	return next
}

// egressOnly is the way to the edge through the egress-only internet gateway, which
// translates nothing.
func (a *way) egressOnly(policy *vpc.Policy, e *vpc.OwnENI, src, dst wire.Addr) {
	public, holder := e.Published(src)
	if public.IsZero() {
		a.verdict = NoPublicAddress
		return
	}
	if dst.IsPrivate() {
		a.verdict = PrivateInternet
		return
	}
	if a.verdict = judgeEgressOnly(holder); a.verdict == next {
		a.tunnel(policy, e.VPC.Station)
	}
}
