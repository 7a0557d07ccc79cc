package vpc

import (
	"iter"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/wire"
)

// NATGateway is a NAT gateway of one subnet, or the part of a regional one in one availability
// zone. It sends from the private addresses of an ENI of its own; the internet gateway makes
// public ones of them, as of any ENI's.
type NATGateway struct {
	ID      string // of a regional one's part ID and zone: nat-1@us-east-1a
	Private bool   // ConnectivityType private: it has no public addresses

	regional bool
	table    string       // ID of a regional one's route table
	eni      string       // its ENI's ID
	addrs    []netip.Addr // that it may send from, the primary first; none: all of the ENI's
	leaving  []netip.Addr // that it gives up
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

// ownNAT is a NAT gateway to which routes of one of the card's ENIs lead.
type ownNAT struct {
	eni  *ENI    // nil: it is not there
	here *OwnENI // nil: the gateway is on another card
}

// NATFor is the ENI of the NAT gateway to which a route of e's table leads, nil if the gateway is not
// there; and the same as an ENI of this card, nil if it is on another one.
func (e *OwnENI) NATFor(r *Route) (nat *ENI, here *OwnENI) {
	n := &e.nats[r.nat]
	return n.eni, n.here
}

// LeadsToNAT tells whether a route of e's table leads to a NAT gateway.
func (e *OwnENI) LeadsToNAT() bool { return len(e.nats) > 0 }

// maxNATs is how many NAT gateways may stand on a packet's way, one after the other. The bound is ours:
// two are more than people have.
const maxNATs = 8

// NATLoops tells whether a packet for a destination that comes to an ENI goes on from one NAT gateway to the
// next without end, as the route tables of their subnets have it. Such a packet would never end, for no NAT
// gateway counts hops, and would open a connection at each.
func (r *Region) NATLoops(at *ENI, dst wire.Addr) bool {
	n, _ := r.networks.Get(at.Subnet.VPC.ID)
	holder := n.mapping.holder(dst)
	for range maxNATs {
		nat, is := r.natENIs.Get(at.ID)
		if !is || holder != nil && holder.Subnet == at.Subnet {
			return false
		}
		_, table := r.gates(at, nat)
		if at = r.nextENI(table, table.route(dst), at.Subnet); at == nil {
			return false
		}
	}
	return true
}

// nextENI is the ENI to which a route of a subnet's table leads, nil if it leads elsewhere.
func (r *Region) nextENI(table *routeTable, route *Route, of *Subnet) *ENI {
	switch route.Target {
	case NAT:
		return r.natFor(table.nats[route.nat], of)
	case Interface:
		return r.Interface(route.Via)
	}
	return nil
}

// natNumber is the index in nats of a NAT gateway, which may be new.
func (t *routeTable) natNumber(id string) uint32 {
	if i := slices.Index(t.nats, id); i >= 0 {
		return uint32(i)
	}
	t.nats = append(t.nats, id)
	return uint32(len(t.nats) - 1)
}

// natsOf are the NAT gateways of a table as they serve a subnet.
func (r *Region) natsOf(table *routeTable, of *Subnet) []ownNAT {
	list := make([]ownNAT, len(table.nats))
	for i, id := range table.nats {
		list[i].eni = r.natFor(id, of)
	}
	return list
}

// natFor is the ENI of a NAT gateway that serves a subnet, nil if there is none: of a regional
// gateway the part of the subnet's availability zone, which Placement names by the zone's name or
// ID, and another part where the zone has none yet (VPC User Guide, regional NAT gateways).
func (r *Region) natFor(id string, of *Subnet) *ENI {
	if _, e := r.NAT(id); e != nil {
		return e
	}
	for _, zone := range [...]string{of.Zone, of.ZoneID} {
		if _, e := r.NAT(partOf(id, zone)); e != nil {
			return e
		}
	}
	for part := range r.partsOf(id) {
		if e := r.ENI(part.eni); e != nil {
			return e
		}
	}
	return nil
}

// Translates tells whether a NAT gateway of a VPC lives behind a tunnel end.
func (r *Region) Translates(v *VPC, vtep uint16) (is bool) {
	r.natENIs.Ascend("", func(eni string, _ *NATGateway) bool {
		e := r.ENI(eni)
		is = e != nil && e.Subnet.VPC == v && e.Card == vtep
		return !is
	})
	return is
}

// partsOf are the parts of a regional NAT gateway, in the order of their zones.
func (r *Region) partsOf(id string) iter.Seq[*NATGateway] {
	return func(yield func(*NATGateway) bool) {
		first := partOf(id, "")
		r.nats.Ascend(first, func(part string, g *NATGateway) bool { return strings.HasPrefix(part, first) && yield(g) })
	}
}

// partOf is the ID of a regional NAT gateway's part in a zone.
func partOf(id, zone string) string { return id + "@" + zone }

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

// Leaving are the private addresses that the gateway gives up: no connection begins from them, and those that
// there are go on until EC2 releases the address (EC2 API, UnassignPrivateNatGatewayAddress, MaxDrainDurationSeconds).
func (g *NATGateway) Leaving(e *ENI) (all []wire.Addr) {
	for _, addr := range g.leaving {
		if a := wire.AddrFrom(addr); e.Owns(a) && !slices.Contains(g.addrs, addr) {
			all = append(all, a)
		}
	}
	return all
}

// VPCBlocks are the blocks of the ENI's VPC.
func (e *OwnENI) VPCBlocks() []netip.Prefix { return e.network.cidrs }
