package pipeline

import "nitrocard/nic/wire"

// neighborDiscovery answers a guest's questions for the router, for a neighbor of the
// guest's subnet, and for routers in general, as arp answers those of IPv4. No such message
// leaves the card, and none reaches a guest.
//
// A host that looks for a duplicate of its own address (RFC 4862 section 5.4) is answered
// only if another station of the subnet has the address.
func (w *Worker) neighborDiscovery(p *packet) Verdict {
	e := p.guest.eni
	if p.Type == wire.NDNeighborAdvertisement {
		return Consumed // an announcement of an address that the card knows
	}
	q, ok := wire.ParseSolicitation(p.frame.Bytes(), &p.Headers)
	switch {
	case !ok:
		return NDInvalid
	case !q.Source.IsZero() && q.Source != e.MAC:
		return SpoofedMAC
	case !p.Src.IsZero() && !p.Src.IsLinkLocal6() && !e.Passes(p.Src):
		return SpoofedAddress
	}
	asker := wire.Neighbor{MAC: e.MAC, Addr: p.Src}
	if q.Target.IsZero() {
		return p.advertiseRouter(asker)
	}
	if p.Src.IsZero() && e.Owns(q.Target) {
		return Consumed // nobody else has it
	}
	return p.advertiseNeighbor(q.Target, asker)
}

// advertiseNeighbor makes p the answer to who has an address.
func (p *packet) advertiseNeighbor(addr wire.Addr, asker wire.Neighbor) Verdict {
	mac, ok := p.guest.whoHas(addr)
	switch {
	case !ok:
		return NDUnanswered
	case !p.resize(wire.NeighborAdvertLen):
		return NoHeadroom
	}
	wire.NeighborAdvert(p.frame.Bytes(), wire.Neighbor{MAC: mac, Addr: addr}, asker, mac == p.guest.router)
	return answered
}

// routerLifetime is for how many seconds the router is one. The card advertises only when
// asked, so this is the longest time that there is (RFC 8319); the choice is ours.
const routerLifetime = 0xffff

// advertiseRouter makes p the answer to who is a router: the subnet's, with the subnet's
// block as on the link. EC2 gives addresses by DHCPv6 (EC2 User Guide, "IPv6 addresses"), so
// no host makes an address of its own. AWS documents no other field; they are ours.
func (p *packet) advertiseRouter(asker wire.Neighbor) Verdict {
	s := p.guest.eni.Subnet
	switch {
	case !s.Prefix6.IsValid():
		return NDUnanswered
	case !p.resize(wire.RouterAdvertLen):
		return NoHeadroom
	}
	r := wire.RouterAdvert{
		From: wire.Neighbor{MAC: p.guest.router, Addr: p.guest.router.LinkLocal()}, Lifetime: routerLifetime, Managed: true, Prefix: s.Prefix6,
	}
	r.Put(p.frame.Bytes(), asker)
	return answered
}

// resize makes p's frame one of n bytes, whose content the caller writes. It is false if
// there is no room before the frame.
func (p *packet) resize(n int) bool {
	more := n - p.frame.Len()
	switch {
	case more > p.frame.Offset():
		return false
	case more > 0:
		p.frame.Push(more)
	default:
		p.frame.Trim(n)
	}
	return true
}
