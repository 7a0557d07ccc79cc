package oracle

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// peerOf is the VPC at the other end of an active peering, "" if there is none.
func (w *World) peerOf(id, vpc string) string {
	for _, p := range w.Config.VpcPeeringConnections {
		switch {
		case p.VpcPeeringConnectionId != id || p.Status.Code != "active":
		case p.RequesterVpcInfo.VpcId == vpc:
			return p.AccepterVpcInfo.VpcId
		case p.AccepterVpcInfo.VpcId == vpc:
			return p.RequesterVpcInfo.VpcId
		}
	}
	return ""
}

// peersOf are the VPCs at the other ends of a VPC's active peerings.
func (w *World) peersOf(vpc string) (all []string) {
	for _, p := range w.Config.VpcPeeringConnections {
		if peer := w.peerOf(p.VpcPeeringConnectionId, vpc); peer != "" {
			all = append(all, peer)
		}
	}
	return all
}

// peering is the way to an ENI of a peer: "not transitive, no edge-to-edge … Carries a
// packet only if its source or destination is in the CIDR of the VPC it goes to."
func (y *way) peering(e *ec2.NetworkInterface, id string) []Outcome {
	peer := y.w.peerOf(id, y.w.VPC(e))
	if peer == "" {
		return y.drop(Blackhole)
	}
	if !y.w.inVPC(peer, y.p.Dst) {
		return y.drop(OutsidePeer)
	}
	to := y.w.Owner(peer, y.p.Dst)
	if to == nil {
		return y.drop(NoNeighbor)
	}
	if mtu := y.w.mtuTo(to); !y.fits(mtu) {
		return y.tooBig(e, mtu)
	}
	y.remember(e, Out)
	return y.arrive(to, true)
}

// speaksForPeer tells whether an address is an ENI's of a peer, and the sender, an ENI or "" for the
// internet, is of another VPC.
func (w *World) speaksForPeer(sender string, e *ec2.NetworkInterface, a netip.Addr) bool {
	return slices.ContainsFunc(w.peersOf(w.VPC(e)), func(peer string) bool {
		return w.Owner(peer, a) != nil && (sender == "" || w.VPC(w.ENI(sender)) != peer)
	})
}

// natOfPeer is the ENI of a peer's NAT gateway that has an address, nil if none has.
func (w *World) natOfPeer(e *ec2.NetworkInterface, a netip.Addr) *ec2.NetworkInterface {
	for _, peer := range w.peersOf(w.VPC(e)) {
		if to := w.Owner(peer, a); to != nil && w.natOf(to) != nil {
			return to
		}
	}
	return nil
}

// toPeersNAT is the way to a NAT gateway of a peer: "client → NATGW → peer works, and its
// replies need no return route in the peer". Whether a packet is a reply, the gateway tells.
func (y *way) toPeersNAT(e, nat *ec2.NetworkInterface) []Outcome {
	if !y.fits(mtuNAT) {
		return y.tooBig(e, mtuNAT)
	}
	y.remember(e, Out)
	return y.arrive(nat, true)
}

// inVPC tells whether an address is in one of a VPC's CIDRs.
func (w *World) inVPC(id string, a netip.Addr) bool {
	return slices.ContainsFunc(w.Config.Vpcs, func(v ec2.Vpc) bool {
		return v.VpcId == id && slices.ContainsFunc(blocksOf(v), func(block netip.Prefix) bool { return block.Contains(a) })
	})
}
