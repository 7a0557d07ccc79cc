package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
)

// route finds where a guest's packet goes: what the subnet's route table says
// of a frame sent to the router, or the neighbor whose MAC it carries, which
// skips the table (VPC guide, route tables).
func (w *Worker) route(p *packet) Verdict {
	to := p.ethernet().Dst()
	if to.IsMulticast() || isGroup(p.Dst) {
		return GroupAddress
	}
	if martian(p.Dst) {
		return Martian
	}
	if to != p.guest.router {
		return w.link(p)
	}
	p.exit.flags |= flow.FlagRouted
	switch r := p.guest.eni.Route(p.Dst); r.Target {
	case vpc.Local:
		return w.mapping(p)
	case vpc.Internet:
		return w.internet(p)
	case vpc.Blackhole:
		return Blackhole
	case vpc.NotEnforced:
		return RouteNotEnforced
	}
	return NoRoute
}

// isGroup tells whether addr is for more than one station: multicast (RFC
// 5771) or the limited broadcast (RFC 919). No route leads there.
func isGroup(addr uint32) bool { return addr>>28 == 0xe || addr == 0xffff_ffff }

// martian tells whether addr is nobody's on any network: this network,
// loopback, or reserved (RFC 1812 section 5.3.7).
func martian(addr uint32) bool { return addr>>24 == 0 || addr>>24 == 127 || addr>>28 == 0xf }

// link takes a frame that the guest sent to a neighbor's own MAC.
func (w *Worker) link(p *packet) Verdict {
	n := p.guest.eni.Neighbor(p.Dst)
	if n == nil {
		return NoNeighbor
	}
	if n.MAC != p.ethernet().Dst() || n.Subnet != p.guest.eni.Subnet {
		return NotTheRouter
	}
	return w.towards(p, n)
}

// mapping finds who in the VPC has the destination address.
func (w *Worker) mapping(p *packet) Verdict {
	n := p.guest.eni.Neighbor(p.Dst)
	if n == nil {
		return NoNeighbor
	}
	return w.towards(p, n)
}

// towards notes the way to ENI n: a guest of this card, or a tunnel.
func (w *Worker) towards(p *packet, n *vpc.ENI) Verdict {
	if own := w.view.Policy.Own(n); own != nil {
		p.exit.flags |= flow.FlagNeighbor
		p.exit.number, p.vtep = own.Number, 0
		return next
	}
	return w.tunnel(p, n.Station)
}

// internet notes the way to the edge. The source becomes the public address
// of the private one, one to one, as at an internet gateway; a private address
// without one does not leave.
func (w *Worker) internet(p *packet) Verdict {
	if p.guest.eni.PublicOf(p.Src) == 0 {
		return NoPublicAddress
	}
	if p.guest.eni.Subnet.Block == vpc.BlockBidirectional {
		return BlockPublicAccess
	}
	p.exit.flags |= flow.FlagNAT
	return w.tunnel(p, p.guest.eni.VPC.Station)
}

// tunnel notes a station beyond a tunnel.
func (w *Worker) tunnel(p *packet, station uint32) Verdict {
	p.exit.number, p.vtep = station, w.view.Policy.Region.Station(station).VTEP
	return next
}
