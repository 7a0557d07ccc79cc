package explain

import (
	"net/netip"

	"nitrocard/nic"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// host is a card with its ports: the uplink, and the guest of its ENI, or of the edge the port to
// the internet.
type host struct {
	card   *nic.Card
	eni    *vpc.OwnENI // nil: the host is the edge
	uplink *mem.Port
	inside *mem.Port // nil: a NAT gateway of the card is behind the ENI
	served bool      // a service of the card has a packet, and answers on a thread of its own when it likes
}

// connections is how many connections a card of this package tracks. A question opens one.
const connections = 32

// hostOf is the card of a number, made when the first packet comes to it.
func (n *Network) hostOf(number int, eni string) (*host, error) {
	if h := n.hosts[number]; h != nil {
		return h, nil
	}
	h, err := n.newHost(cardMAC(number), nic.Options{Card: cardName(number)})
	if err != nil {
		return nil, err
	}
	n.hosts[number] = h
	h.eni = h.card.Policy().ENI(eni)
	if h.eni.NAT != nil {
		return h, nil
	}
	h.inside = mem.New(mem.Options{Queue: queue})
	return h, h.card.Attach(eni, func() (pmd.Port, error) { return h.inside, nil })
}

// queue is how many frames wait in a port. A packet brings one, or an answer to it.
const queue = 8

// newHost is a card with an uplink.
func (n *Network) newHost(mac wire.MAC, o nic.Options) (*host, error) {
	o.MaxConnections, o.Seed = connections, 1
	card, err := nic.NewIn(n.region, o)
	if err != nil {
		return nil, err
	}
	h := &host{card: card, uplink: mem.New(mem.Options{MAC: mac, Queue: queue})}
	card.Observe(func(e *nic.Event) { n.ended = append(n.ended, *e) })
	return h, card.Attach(nic.Uplink, func() (pmd.Port, error) { return h.uplink, nil })
}

// The edge's link to the internet, of addresses that no host on the internet has (RFC 7600
// section 4.8, RFC 6890) and no VPC.
var (
	edgeAddresses = []netip.Prefix{netip.MustParsePrefix("192.0.0.9/29"), netip.MustParsePrefix("100::9/64")}
	gateways      = []netip.Addr{netip.MustParseAddr("192.0.0.10"), netip.MustParseAddr("100::10")}

	internetMAC = wire.MAC{0x02, 0, 0, 0, 0xed, 0x02}
	gatewayMAC  = wire.MAC{0x02, 0, 0, 0, 0x15, 0x9a}
)

// theEdge is the edge, made when the first packet comes to it.
func (n *Network) theEdge() (*host, error) {
	if n.edge != nil {
		return n.edge, nil
	}
	h, err := n.newHost(edgeUnderlayMAC, nic.Options{Edge: &pipeline.Internet{Addresses: edgeAddresses, Gateways: gateways}})
	if err != nil {
		return nil, err
	}
	n.edge = h
	h.inside = mem.New(mem.Options{MAC: internetMAC, Queue: queue})
	if err := h.card.Attach(nic.Internet, func() (pmd.Port, error) { return h.inside, nil }); err != nil {
		return nil, err
	}
	n.introduce(h)
	return h, nil
}

// introduce tells the edge the MAC of the routers to the internet.
func (n *Network) introduce(h *host) {
	h.inside.Inject(wire.ARPRequest(make([]byte, 64), wire.Neighbor{MAC: gatewayMAC, Addr: wire.AddrFrom(gateways[0])}, wire.AddrFrom(edgeAddresses[0].Addr())))
	advert := make([]byte, wire.NeighborAdvertLen)
	wire.NeighborAdvert(advert, wire.Neighbor{MAC: gatewayMAC, Addr: wire.AddrFrom(gateways[1])}, wire.Neighbor{MAC: internetMAC, Addr: wire.AddrFrom(edgeAddresses[1].Addr())}, true)
	h.inside.Inject(advert)
	h.card.Poll(n.now)
	h.drain()
}

// drain forgets what the card sent that is no packet of a question, such as ARP.
func (h *host) drain() {
	h.uplink.Sent()
	if h.inside != nil {
		h.inside.Sent()
	}
}
