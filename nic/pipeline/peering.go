package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// peering is the way over a VPC peering connection: straight to the ENI of the peer that has
// the address, and nowhere else. So peering is not transitive, and leads to no gateway of the
// peer (VPC Peering Guide, VPC peering limitations). The packet travels in the receiver's
// VPC, so its VNI is that of the peer.
func (a *way) peering(policy *vpc.Policy, peer *vpc.Peer, dst wire.Addr) {
	if peer == nil || !peer.Has(dst) {
		a.verdict = OutsidePeer
		return
	}
	a.towards(policy, peer.Holder(dst))
}

// overPeering judges a packet whose source nobody in the ENI's VPC has. A tunnel end speaks
// for the ENIs of a peer that live behind it, and for all of the peer's ENIs and the world
// outside if an ENI of the peer there forwards; AWS checks no source on the way over peering.
// But no other tunnel end speaks for an ENI of a peer, because rules may name the groups of
// that ENI; except where a NAT gateway of the ENI's own VPC lives, which brings the answers of hosts
// that it reached over peering.
//
// The packet must be for an address of the ENI's own, even if the ENI forwards, because
// peering is not transitive.
func (a arrival) overPeering(policy *vpc.Policy, e *vpc.OwnENI) Verdict {
	peers, held, forwarded := e.Peers(), false, false
	for i := range peers {
		n := peers[i].Holder(a.src)
		forwards := policy.Region.Forwards(peers[i].VPC.VNI, a.vtep)
		if n != nil && (n.Card == a.vtep || forwards) {
			return a.toOwn(e)
		}
		held = held || n != nil
		forwarded = forwarded || forwards
	}
	switch {
	case held && policy.Region.Translates(e.Subnet.VPC, a.vtep):
		return a.toOwn(e)
	case held:
		return SourceMismatch
	case policy.Region.Forwards(e.VNI, a.vtep):
		return next
	case forwarded:
		return a.toOwn(e)
	}
	return SourceMismatch
}

// toOwn holds a packet to the addresses of the ENI.
func (a arrival) toOwn(e *vpc.OwnENI) Verdict {
	if !e.Owns(a.dst) {
		return OutsidePeer
	}
	return next
}

// overPeeringAlone tells whether the packet's source is an ENI of a peer whose packets come
// over peering and not from the internet. IPv6 comes from the internet, too: it needs no
// translation, and the table of the peer's ENI may lead to the peer's internet gateway.
func (a arrival) overPeeringAlone(policy *vpc.Policy, e *vpc.OwnENI) bool {
	peers := e.Peers()
	for i := range peers {
		n := peers[i].Holder(a.src)
		if n != nil && (a.src.Is4() || !leadsAbroad(policy.Region.RouteOf(n, a.dst))) {
			return true
		}
	}
	return false
}

// leadsAbroad tells whether a route leads to the internet, or to a middlebox that may lead there.
func leadsAbroad(r *vpc.Route) bool {
	return r.Target == vpc.Internet || r.Target == vpc.EgressOnly || r.Target == vpc.Interface
}

// heldByPeer tells whether an ENI of a peer has an address.
func heldByPeer(e *vpc.OwnENI, addr wire.Addr) bool {
	if !e.Near(addr) {
		return false
	}
	peers := e.Peers()
	for i := range peers {
		if peers[i].Holder(addr) != nil {
			return true
		}
	}
	return false
}
