package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/wire"
)

// peering is an active VPC peering connection.
type peering struct {
	id       string
	vpcs     [2]string // IDs
	regional bool      // both VPCs are in one region
	here     bool      // both VPCs are in the configuration

	at spot
}

// pair is the key of a peering connection in Region.pairs, the same from either end.
func (p *peering) pair() string {
	return min(p.vpcs[0], p.vpcs[1]) + " " + max(p.vpcs[0], p.vpcs[1])
}

// other is the VPC at the other end.
func (p *peering) other(vpc string) string {
	if p.vpcs[0] == vpc {
		return p.vpcs[1]
	}
	return p.vpcs[0]
}

// Peer is a VPC with which an ENI's VPC has an active peering connection.
type Peer struct {
	ID       string // of the connection, pcx-…
	VPC      *VPC
	Regional bool // both VPCs are in one region

	network *network
}

// Has tells whether an address is in a block of the peer. A peering connection leads to no
// other address: not to a peer of the peer, and to none of the peer's gateways (VPC Peering
// Guide, VPC peering limitations).
func (p *Peer) Has(addr wire.Addr) bool {
	return slices.ContainsFunc(p.network.cidrs, func(block netip.Prefix) bool { return block.Contains(addr.Netip()) })
}

// Holder is the ENI of the peer that holds a private address, nil if none does.
func (p *Peer) Holder(addr wire.Addr) *ENI { return p.network.mapping.holder(addr) }

// Peers are the VPCs that the ENI's VPC peers with.
func (e *OwnENI) Peers() []Peer { return e.peers }

// Near tells whether an ENI of the VPC, or of a peer, may hold an address. Most addresses of the
// internet are near no VPC, so that nobody looks for them at each peer.
func (e *OwnENI) Near(addr wire.Addr) bool { return e.reach.has(addr) }

// peersNear are the peers, or none if the address is not near.
func (e *OwnENI) peersNear(addr wire.Addr) []Peer {
	if !e.Near(addr) {
		return nil
	}
	return e.peers
}

// reach is a range with all IPv4 addresses that ENIs of a VPC and of its peers hold, and
// whether one may hold an address of IPv6. The zero reach has 0.0.0.0 alone.
type reach struct {
	lowest, highest uint32
	six             bool
}

func (r *reach) has(addr wire.Addr) bool {
	return addr.Is4() && addr.As4()-r.lowest <= r.highest-r.lowest || r.six && !addr.Is4()
}

// reachOf is the reach of a VPC and its peers.
func reachOf(n *network, peers []Peer) (r reach) {
	known := false
	add := func(m *mapping) {
		r.six = r.six || m.ranges.Len() > 0
		if m.pages.Len() == 0 {
			return
		}
		if !known {
			r.lowest, r.highest, known = m.lowest, m.highest, true
		}
		r.lowest, r.highest = min(r.lowest, m.lowest), max(r.highest, m.highest)
	}
	add(&n.mapping)
	for i := range peers {
		add(&peers[i].network.mapping)
	}
	return r
}

// Peer is the VPC at the other end of a peering connection, nil if the connection is not
// active or none of the ENI's VPC.
func (e *OwnENI) Peer(id string) *Peer {
	for i := range e.peers {
		if e.peers[i].ID == id {
			return &e.peers[i]
		}
	}
	return nil
}

// PeerNAT is the NAT gateway of a peer that holds an address, nil if none does. What a NAT
// gateway sent over peering is answered without a route (VPC User Guide, NAT gateway basics).
func (e *OwnENI) PeerNAT(addr wire.Addr) *ENI {
	for i := range e.peersNear(addr) {
		if n := e.peers[i].Holder(addr); n != nil && n.form.InterfaceType == natInterface {
			return n
		}
	}
	return nil
}

// peersOf are the VPCs that a VPC peers with, by ID of the connection.
func (r *Region) peersOf(vpc string) (all []Peer) {
	r.eachPeering(vpc, func(p *peering) bool {
		if n, there := r.networks.Get(p.other(vpc)); there {
			all = append(all, Peer{p.id, n.VPC, p.regional, n})
		}
		return true
	})
	return all
}

// eachPeering calls f with the active peering connections of a VPC, by ID, until f is false.
func (r *Region) eachPeering(vpc string, f func(*peering) bool) {
	first := peerKey(vpc, "")
	r.peers.Ascend(first, func(key string, p *peering) bool { return key[:min(len(key), len(first))] == first && f(p) })
}

// peerKey is the key of a VPC's peering connection in Region.peers.
func peerKey(vpc, id string) string { return vpc + " " + id }
