package pipeline

import (
	"encoding/binary"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// guest is what sits behind an ENI of this card, as the packet path sees it: what
// each packet needs of the ENI, without a walk through the policy.
type guest struct {
	eni   *vpc.OwnENI // nil: no ENI of this card has this number
	label *nameplate

	number              uint32
	owner               uint64
	primary, public     uint32
	mac, router         wire.MAC
	macBits, routerBits uint64
	gateway             uint32 // the router's address: the subnet's second

	limit, cacheLimit uint32 // tracked connections and cached Verdicts its instance may hold
	timeouts          *flow.Timeouts
}

// privateOf is the private address behind addr if addr is a public one of the
// guest's, and addr itself if not.
func (g *guest) privateOf(addr uint32) uint32 {
	if addr == g.public && addr != 0 {
		return g.primary
	}
	if private := g.eni.PrivateOf(addr); private != 0 {
		return private
	}
	return addr
}

// publicOf is the public address of private, 0 if it has none.
func (g *guest) publicOf(private uint32) uint32 {
	if private == g.primary {
		return g.public
	}
	return g.eni.PublicOf(private)
}

// guestsOf are the ENIs of places as all workers know them, by number.
func guestsOf(policy *vpc.Policy, places []Place) []guest {
	guests := make([]guest, len(policy.ENIs))
	for i := range places {
		p := &places[i]
		e := p.ENI
		guests[e.Number] = guest{
			eni: e, label: &nameplate{e.ID, e.Groups}, number: e.Number, owner: e.Owner,
			primary: e.Primary, public: e.Public, mac: e.MAC, router: e.RouterMAC, macBits: e.MAC.Bits(), routerBits: e.RouterMAC.Bits(), gateway: gatewayOf(e),
			limit: p.Limit, cacheLimit: p.CacheLimit, timeouts: timeoutsOf(e),
		}
	}
	return guests
}

// gatewayOf is the address of the router of an ENI's subnet: the one after the
// subnet's own (VPC guide, subnet sizing).
func gatewayOf(e *vpc.OwnENI) uint32 {
	if !e.Subnet.Prefix.IsValid() {
		return 0
	}
	a := e.Subnet.Prefix.Masked().Addr().As4()
	return binary.BigEndian.Uint32(a[:]) + 1
}

// timeoutsOf are the timeouts of an ENI's connections: EC2's that its owner
// may set, and the others of flow.
func timeoutsOf(e *vpc.OwnENI) *flow.Timeouts {
	t := flow.DefaultTimeouts()
	t.Established, t.UDP, t.UDPStream = e.Timeouts.TCPEstablished, e.Timeouts.UDP, e.Timeouts.UDPStream
	return &t
}
