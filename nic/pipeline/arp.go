package pipeline

import "nitrocard/nic/wire"

// arp answers a guest's question for the router or a neighbor of the guest's subnet.
// No question leaves the card, because the card knows every address and a VPC has no
// broadcast. A neighbor has the MAC of its ENI, the router a MAC derived from the
// subnet.
func (w *Worker) arp(p *packet) Verdict {
	frame := p.frame.Bytes()
	q := wire.ARP(frame[p.L3:])
	e := p.guest.eni
	switch {
	case q.Op() != wire.ARPOpRequest:
		return ARPInvalid
	case q.SenderMAC() != e.MAC:
		return SpoofedMAC
	case q.Sender() != unspecified && !e.Passes(q.Sender()):
		return SpoofedAddress
	case q.Sender() == q.Target():
		return Consumed // an announcement (RFC 5227 section 2.3) of an address that the card knows
	}
	mac, ok := p.guest.whoHas(q.Target())
	if !ok {
		return ARPUnanswered
	}
	wire.ARPReply(frame, mac)
	return answered
}

// whoHas is the MAC of addr within the guest's subnet, if the router or a neighbor has
// the address.
func (g *guest) whoHas(addr wire.Addr) (wire.MAC, bool) {
	if g.isRouter(addr) || g.isServed(addr) {
		return g.router, true
	}
	n := g.eni.Neighbor(addr)
	if n == g.eni.ENI || !g.eni.Beside(n) {
		return wire.MAC{}, false
	}
	return n.MAC, true
}
