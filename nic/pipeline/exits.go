package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Exits are the ways to targets whose other side is not the card's: transit gateways, VPN
// connections, endpoints. An exit's tunnel end takes their packets, and sends packets to the
// ENIs of the VPCs that have routes to the target.

// outside is the way out by the exit of the route's target. The exit gets the packet as the
// guest sent it. Without an exit the packet goes nowhere.
func (a *way) outside(policy *vpc.Policy) {
	x := policy.Region.Exit(a.route.Via)
	if x == nil {
		a.verdict = TargetOutside
		return
	}
	a.tracked = x.Tracked
	a.tunnel(policy, x.Station)
}

// endpoint holds what a guest sends to a gateway endpoint to what such an endpoint carries:
// TCP and ICMP echo (Reachability Analyzer, explanation codes). ICMP errors pass, too, because
// those that tell the path MTU belong to TCP; AWS documents nothing about them, and the choice
// is ours.
func (w *Worker) endpoint(p *packet) Verdict {
	if p.route == nil || p.route.Target != vpc.Endpoint {
		return next
	}
	switch query := p.Query(); {
	case p.Proto == wire.ProtoTCP, query == wire.ICMPEcho, query == wire.ICMPv6Echo:
		return next
	case p.IsICMPError(), p.IsICMP() && p.Frag == wire.LaterFragment:
		return next
	}
	return EndpointProtocol
}

// judgeExit tells whether an exit may speak for the source of a packet to dst: as far as the
// VPC's routes lead there by the exit, and to private addresses alone, for an exit knows no
// public ones. dst is as the packet has it. For an ENI of a peer, whose groups rules may name, the
// exit speaks only where the route of the ENI's own subnet leads there by the exit.
func judgeExit(e *vpc.OwnENI, x *vpc.Exit, src, dst wire.Addr) Verdict {
	switch {
	case martian(src):
		return Martian
	case !e.LeadsOut(src, x), heldByPeer(e, src) && e.Route(src).Via != x.ID:
		return SourceMismatch
	case dst.Is4() && !e.PrivateOf(dst).IsZero():
		return NotForThisENI
	}
	return next
}

// exitTable finds the ENIs of this card that packets by exits are for, by the exits' tunnel
// ends and VNIs. Two exits may share a VNI, and each then has its own place for an ENI's MAC. A
// MAC that two ENIs have, in two VPCs that lead to one exit, is in no table: which of the two a
// packet is for nobody knows.
func exitTable(policy *vpc.Policy, guests []guest) eniTable {
	type way struct {
		exit uint16
		to   wire.Target
	}
	found := map[way]eniPlace{}
	for i := range guests {
		g := &guests[i]
		if g.eni == nil {
			continue
		}
		for x := range g.eni.Exits(policy.Region) {
			by := way{x.VTEP, wire.TargetOf(x.VNI, g.macBits)}
			had, twice := found[by]
			found[by] = eniPlace{target: by.to, number: g.number, exit: by.exit, taken: !twice || had.taken && had.number == g.number}
		}
	}
	t := newTableFor(len(found))
	for _, place := range found {
		if place.taken {
			t.add(place)
		}
	}
	return t
}
