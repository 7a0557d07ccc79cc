package nic

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// guest is what sits behind an ENI of this card, as one worker's packet path
// sees it: what each packet needs of the ENI, without a walk through the
// policy.
type guest struct {
	eni   *vpc.OwnENI // nil: no ENI of this card has this number
	label *nameplate
	slot  *slot
	queue *queue // of slot, the worker's own

	number              uint32
	owner               uint64
	primary, public     uint32
	mac, router         wire.MAC
	macBits, routerBits uint64
	gateway             uint32 // the router's address: the subnet's second

	limit, cacheLimit uint32 // tracked connections and cached verdicts its instance may hold
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
