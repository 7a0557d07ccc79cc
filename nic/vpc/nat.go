package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/wire"
)

// NATGateway is a NAT gateway of one subnet. It sends from the private addresses of an ENI
// of its own; the internet gateway makes public ones of them, as of any ENI's.
type NATGateway struct {
	ID      string
	Private bool // ConnectivityType private: it has no public addresses

	eni   string       // its ENI's ID
	addrs []netip.Addr // that it may send from, the primary first; none: all of the ENI's
}

// NAT is the NAT gateway of an ID with its ENI. Both are nil if the gateway or its ENI is not
// there.
func (r *Region) NAT(id string) (*NATGateway, *ENI) {
	g, _ := r.nats.Get(id)
	if g == nil {
		return nil, nil
	}
	if e := r.ENI(g.eni); e != nil {
		return g, e
	}
	return nil, nil
}

// Pool are the private addresses that the gateway sends from, the primary first. e is the
// gateway's ENI.
func (g *NATGateway) Pool(e *ENI) (pool []wire.Addr) {
	if len(g.addrs) == 0 {
		for _, a := range e.Addrs() {
			if a.Private.Is4() {
				pool = append(pool, a.Private)
			}
		}
	}
	for _, addr := range g.addrs {
		if a := wire.AddrFrom(addr); e.Owns(a) && !slices.Contains(pool, a) {
			pool = append(pool, a)
		}
	}
	return pool
}

// VPCBlocks are the blocks of the ENI's VPC.
func (e *OwnENI) VPCBlocks() []netip.Prefix { return e.network.cidrs }
