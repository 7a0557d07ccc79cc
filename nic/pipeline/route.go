package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// way is where a guest's packet goes: out by an exit, or nowhere.
type way struct {
	verdict Verdict   // next, or why the packet goes nowhere
	route   vpc.Route // the route that was hit; zero for a frame sent straight to a neighbor
	exit    exit
	vtep    uint16 // index of the tunnel end; 0 for a guest of this card
}

// route finds where a guest's packet goes.
func (w *Worker) route(p *packet) Verdict {
	a := judgeWay(w.setup.Policy, p.guest.eni, p.ethernet().Dst(), &p.Tuple)
	p.exit, p.vtep = a.exit, a.vtep
	return a.verdict
}

// judgeWay judges a packet that the guest of an ENI sends to the MAC to. The subnet's
// route table, whose ID is ENI.Routes, decides about a frame to the router. A frame to
// a neighbor's own MAC skips the table (VPC guide, route tables).
func judgeWay(policy *vpc.Policy, e *vpc.OwnENI, to wire.MAC, t *wire.Tuple) (a way) {
	switch {
	case to.IsMulticast() || isGroup(t.Dst):
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

// routed follows the route of the subnet's table.
func (a *way) routed(policy *vpc.Policy, e *vpc.OwnENI, t *wire.Tuple) {
	a.exit.flags, a.route = flow.FlagRouted, e.Route(t.Dst)
	if n := e.PeerNAT(t.Dst); n != nil {
		a.towards(policy, n)
		return
	}
	switch a.route.Target {
	case vpc.Local:
		n := e.Neighbor(t.Dst)
		if e.Beside(n) {
			a.exit.flags = 0 // the router gives the packet back to its subnet
		}
		a.towards(policy, n)
	case vpc.Internet:
		a.internet(policy, e, t.Src)
	case vpc.Peering:
		a.peering(policy, e.Peer(a.route.Via), t.Dst)
	case vpc.Blackhole:
		a.verdict = Blackhole
	case vpc.NotEnforced:
		a.verdict = RouteNotEnforced
	default:
		a.verdict = NoRoute
	}
}

// isGroup tells whether addr is for more than one station: multicast (RFC 5771) or the
// limited broadcast (RFC 919). No route leads to such an address.
func isGroup(addr wire.Addr) bool { return addr.As4()>>28 == 0xe || addr.As4() == 0xffff_ffff }

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
		a.exit.flags |= flow.FlagNeighbor
		a.exit.number, a.verdict = own.Number, next
		return
	}
	a.tunnel(policy, n.Station)
}

// internet is the way to the edge. The source becomes the public address of the private
// one, one to one, as at an internet gateway; a private address without a public one
// does not leave.
func (a *way) internet(policy *vpc.Policy, e *vpc.OwnENI, src wire.Addr) {
	switch {
	case e.PublicOf(src).IsZero():
		a.verdict = NoPublicAddress
	case e.Subnet.Block.Blocks(wire.Out, true):
		a.verdict = BlockPublicAccess
	default:
		a.exit.flags |= flow.FlagNAT
		a.tunnel(policy, e.VPC.Station)
	}
}

// tunnel is the way to a station beyond a tunnel.
func (a *way) tunnel(policy *vpc.Policy, station uint32) {
	a.exit.number, a.vtep, a.verdict = station, policy.Region.Station(station).VTEP, next
}
