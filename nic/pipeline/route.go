package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// way is where a guest's packet goes: out by an exit, or nowhere.
type way struct {
	verdict Verdict    // next, or why the packet goes nowhere
	route   *vpc.Route // the route that was hit; nil for a frame sent straight to a neighbor
	exit    exit
	vtep    uint16 // index of the tunnel end; 0 for a guest of this card
	tracked bool   // EC2 tracks each connection that goes this way
}

// route finds where a guest's packet goes.
func (w *Worker) route(p *packet) Verdict {
	a := judgeWay(w.setup.Policy, p.guest.eni, p.ethernet().Dst(), &p.Tuple)
	p.exit, p.vtep, p.route = a.exit, a.vtep, a.route
	if a.route != nil && !w.dry {
		a.route.Hit()
	}
	p.untracked = p.untracked && !a.tracked
	return a.verdict
}

// judgeWay judges a packet that the guest of an ENI sends to the MAC to. The subnet's
// route table, whose ID is ENI.Routes, decides about a frame to the router. A frame to
// a neighbor's own MAC skips the table (VPC guide, route tables).
func judgeWay(policy *vpc.Policy, e *vpc.OwnENI, to wire.MAC, t *wire.Tuple) (a way) {
	switch {
	case to.IsMulticast() || t.Dst.IsGroup():
		a.verdict = GroupAddress
	case !t.Dst.IsUnicast():
		a.verdict = Martian
	case to != e.RouterMAC:
		a.onLink(policy, e, to, t.Dst)
	default:
		a.routed(policy, e, t)
	}
	return a
}

// routed follows the route of the subnet's table. What is for an ENI of the same subnet
// goes to that ENI, whatever the route's target: traffic within one subnet cannot be routed
// to a middlebox (VPC User Guide, "Routing for a middlebox appliance").
func (a *way) routed(policy *vpc.Policy, e *vpc.OwnENI, t *wire.Tuple) {
	a.exit.flags, a.route = flow.FlagRouted, e.Route(t.Dst)
	if nat := e.PeerNAT(t.Dst); nat != nil {
		a.towards(policy, nat)
		return
	}
	n := e.Neighbor(t.Dst)
	switch target := a.route.Target; {
	case target == vpc.NoRoute:
		a.verdict = NoRoute
	case target == vpc.Local || e.Beside(n):
		a.routedTo(policy, e, n)
	case target == vpc.Internet:
		a.internet(policy, e, t)
	case target == vpc.EgressOnly:
		a.egressOnly(policy, e, t.Src, t.Dst)
	case target == vpc.Interface:
		a.middlebox(policy, e, t.Dst)
	case target == vpc.Peering:
		a.peering(policy, e.Peer(a.route.Via), t.Dst)
	case target == vpc.NAT:
		a.nat(policy, e, t.Dst)
	case target == vpc.Outside, target == vpc.Endpoint:
		a.outside(policy)
	case target == vpc.Blackhole:
		a.verdict = Blackhole
	default:
		a.verdict = RouteNotEnforced
	}
}

// routedTo is the way by the router to an ENI of the VPC. The router gives a packet for an
// ENI of the sender's subnet back to this subnet, as if no router stood between.
func (a *way) routedTo(policy *vpc.Policy, e *vpc.OwnENI, n *vpc.ENI) {
	if e.Beside(n) {
		a.exit.flags = 0
	}
	a.towards(policy, n)
}

// middlebox is the way to the ENI that the route names. The packet keeps its addresses. An
// ENI that is gone, or attached to no instance, makes the route a blackhole.
func (a *way) middlebox(policy *vpc.Policy, e *vpc.OwnENI, dst wire.Addr) {
	switch n := policy.Region.Interface(a.route.Via); {
	case n == nil || n.Subnet.VPC != e.Subnet.VPC:
		a.verdict = Blackhole
	case loops(policy, e, n, dst):
		a.verdict = NATLoop
	default:
		a.routedTo(policy, e, n)
	}
}

// nat is the way to a NAT gateway of the VPC. Connections through one are tracked, whatever
// the groups say (EC2 User Guide, security group connection tracking). The gateway's own
// packets take the routes of its subnet: a route that leads them back to the gateway leads
// nowhere, and so do routes that lead them from gateway to gateway without end. So clients in
// the gateway's own subnet are not served, because the same route is theirs.
func (a *way) nat(policy *vpc.Policy, e *vpc.OwnENI, dst wire.Addr) {
	switch n, here := e.NATFor(a.route); {
	case n == nil:
		a.verdict = NATAbsent
	case n == e.ENI, loops(policy, e, n, dst):
		a.verdict = NATLoop
	case here == nil:
		a.tracked = true
		a.tunnel(policy, n.Station)
	default:
		a.tracked = true
		a.neighbor(here)
	}
}

// loops tells whether what e sends, a NAT gateway's ENI, goes by n from NAT gateway to NAT gateway without end.
func loops(policy *vpc.Policy, e *vpc.OwnENI, n *vpc.ENI, dst wire.Addr) bool {
	return e.NAT != nil && policy.Region.NATLoops(n, dst)
}

// unspecified is the source of a host that has no address yet (RFC 1122 section 3.2.1.3).
var unspecified = wire.AddrFrom4(0)

// onLink judges a frame that the guest sent to a neighbor's own MAC, past the router.
func (a *way) onLink(policy *vpc.Policy, e *vpc.OwnENI, to wire.MAC, dst wire.Addr) {
	n := e.Neighbor(dst)
	if n != nil && (n.MAC != to || !e.Beside(n)) {
		a.verdict = NotTheRouter
		return
	}
	a.towards(policy, n)
}

// towards is the way to an ENI of the VPC: to a guest of this card, or by a tunnel. n is
// nil if no ENI has the address.
func (a *way) towards(policy *vpc.Policy, n *vpc.ENI) {
	if n == nil {
		a.verdict = NoNeighbor
		return
	}
	if own := policy.Own(n); own != nil {
		a.neighbor(own)
		return
	}
	a.tunnel(policy, n.Station)
}

// neighbor is the way to an ENI of this card.
func (a *way) neighbor(to *vpc.OwnENI) {
	a.exit.flags |= flow.FlagNeighbor
	a.exit.number, a.verdict = to.Number, next
}

// internet is the way to the edge. The source becomes the public address of the private
// one, one to one, as at an internet gateway, though a middlebox may send the packet for
// another ENI; a private address without a public one does not leave, and nothing leaves for
// a private address. An IPv6 address that the internet carries is its own public one. What is
// for the public address of another instance leaves, too, and the edge sends it in again. A
// subnet whose packets the gateway's route table leads to a middlebox cannot use the gateway
// directly (VPC User Guide, "Example routing options").
func (a *way) internet(policy *vpc.Policy, e *vpc.OwnENI, t *wire.Tuple) {
	public, holder := e.Published(t.Src)
	if public.IsZero() {
		a.verdict = NoPublicAddress
		return
	}
	if t.Dst.IsPrivate() {
		a.verdict = PrivateInternet
		return
	}
	if a.verdict = judgePublicAccess(holder); a.verdict != next {
		return
	}
	if judgeGateway(policy, e, vpc.InternetGateway, t.Src).passesBy(e) {
		a.verdict = MiddleboxPassedBy
		return
	}
	if public != t.Src {
		a.exit.flags |= flow.FlagNAT
	}
	a.tunnel(policy, e.VPC.Station)
}

// tunnel is the way to a station beyond a tunnel.
func (a *way) tunnel(policy *vpc.Policy, station uint32) {
	a.exit.number, a.vtep, a.verdict = station, policy.Region.Station(station).VTEP, next
}
