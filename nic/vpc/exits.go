package vpc

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// Exit is where a target leads whose other side is not the card's, such as a transit
// gateway: a tunnel end that takes the target's packets under a VNI of the target's own, and
// sends what comes back under the same VNI, to the MAC of the ENI that it is for.
type Exit struct {
	ID      string // of the target, as a route's Via has it
	VNI     uint32 // of no VPC
	VTEP    uint16 // index in Region.VTEPs
	Station uint32 // number of Region.Station

	Tracked bool // EC2 tracks what passes, whatever the groups say: DynamoDB's gateway endpoint
}

// exits are the exits of a region. They never change.
type exits struct {
	of map[string]*Exit // by ID
	by map[exitTunnel]*Exit
}

// exitTunnel is the tunnel by which packets come from an exit.
type exitTunnel struct {
	vtep wire.Addr
	vni  uint32
}

// Exit is the exit behind a route's Via, nil if Placement names none.
func (r *Region) Exit(via string) *Exit { return r.place.exits.of[via] }

// ExitAt is the exit whose packets come from a tunnel end under a VNI, nil if there is none.
func (r *Region) ExitAt(vtep wire.Addr, vni uint32) *Exit {
	return r.place.exits.by[exitTunnel{vtep, vni}]
}

// IsVPN tells whether the exit is of a virtual private gateway, which may have a route table
// of its own.
func (x *Exit) IsVPN() bool { return strings.HasPrefix(x.ID, vpnGateway) }

// isTransit tells whether the exit is of a transit gateway or of a core network.
func (x *Exit) isTransit() bool {
	return strings.HasPrefix(x.ID, "tgw-") || strings.Contains(x.ID, ":core-network/")
}

// The beginnings of the IDs of gateways that may have a route table.
const (
	internetGateway = "igw-"
	vpnGateway      = "vgw-"
)

// LeadsOut tells whether a route of the ENI's VPC leads packets for an address out by an
// exit. A route table of any subnet counts, because a middlebox may stand before the exit.
func (e *OwnENI) LeadsOut(addr wire.Addr, x *Exit) bool {
	return slices.ContainsFunc(e.outward, func(t *routeTable) bool {
		r := t.route(addr)
		return r.Target.leadsOut() && r.Via == x.ID
	})
}

// LeadsOutByVPN tells whether a route of the ENI's VPC leads packets for an address out by
// the exit of a virtual private gateway.
func (e *OwnENI) LeadsOutByVPN(addr wire.Addr, region *Region) bool {
	return slices.ContainsFunc(e.outward, func(t *routeTable) bool {
		r := t.route(addr)
		x := region.Exit(r.Via)
		return r.Target.leadsOut() && x != nil && x.IsVPN()
	})
}

// LeadsToTransit tells whether the route of the ENI's own subnet leads packets for an address
// out by the exit of a transit gateway or of a core network.
func (e *OwnENI) LeadsToTransit(addr wire.Addr, region *Region) bool {
	r := e.Route(addr)
	x := region.Exit(r.Via)
	return r.Target.leadsOut() && x != nil && x.isTransit()
}

// Exits are the exits that the routes of the ENI's VPC lead to. One may come more than once.
func (e *OwnENI) Exits(region *Region) iter.Seq[*Exit] {
	return func(yield func(*Exit) bool) {
		for _, t := range e.outward {
			for _, via := range t.outside {
				if x := region.Exit(via); x != nil && !yield(x) {
					return
				}
			}
		}
	}
}

// outwardOf are the route tables of a VPC's subnets that lead to targets whose other side is
// not the card's.
func (r *Region) outwardOf(n *network) (all []*routeTable) {
	for _, b := range n.subnets.Items() {
		if t := r.routesOf(b.of); len(t.outside) > 0 && !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// longestVia is how many bytes of a target's name a Route keeps. An ARN has up to 100.
const longestVia = 128

// exitMTU is the MTU of the way to a target. Transit gateways, endpoints and Cloud WAN carry
// 8500 bytes, VPN connections 1500 (EC2 User Guide, network MTU). Of local and carrier
// gateways the guide does not tell; 1500, which every network carries, is ours.
func exitMTU(id string) MTU {
	for _, kind := range []string{vpnGateway, "lgw-", "cagw-"} {
		if strings.HasPrefix(id, kind) {
			return InternetMTU
		}
	}
	return AcrossMTU
}

// countOutside keeps Region.outward, which counts the tables that lead to a target, as tables
// come (n is 1) and go (n is -1).
func (c *compiler) countOutside(t *routeTable, n int) {
	for _, via := range t.outside {
		had, _ := c.next.outward.Get(via)
		if had += n; had > 0 {
			c.next.outward.Set(via, had)
		} else {
			c.next.outward.Delete(via)
			c.deserted[via] = true
		}
	}
}

// markExits has what depends on exits compiled anew, because Placement has others than
// before: the tables that lead to one which came or went, for their notices, and the numbers
// of VPCs, which are no exit's.
func (c *compiler) markExits(was, is map[string]ExitPlacement) {
	c.exits, c.renumberVPCs = true, true
	c.next.routes.Scan(func(id string, t *routeTable) bool {
		if slices.ContainsFunc(t.outside, func(via string) bool {
			_, before := was[via]
			_, now := is[via]
			return before != now
		}) {
			c.mark("RouteTables", id)
		}
		return true
	})
}

// placeExits makes the exits of Placement. Each keeps the number of its station while its
// target is in Placement.
func (c *compiler) placeExits() {
	if !c.whole && !c.exits {
		return
	}
	place, before := &c.next.place, c.next.place.exits
	place.ends = newTunnelEnds(place.edge, place.cards)
	place.exits = &exits{of: map[string]*Exit{}, by: map[exitTunnel]*Exit{}}
	for _, id := range slices.Sorted(maps.Keys(place.given.Exits)) {
		p := place.given.Exits[id]
		x := &Exit{ID: ec2.Cut(id, longestVia), VNI: p.Vni, Tracked: strings.HasSuffix(c.next.listed[id].service, ".dynamodb")}
		x.VTEP = place.ends.add(VTEP{Addr: wire.AddrFrom(p.Vtep), MAC: p.UnderlayMac, Exit: x})
		if old := before.of[x.ID]; old != nil {
			x.Station = old.Station
		} else {
			x.Station = c.next.stations.take()
		}
		place.exits.of[x.ID] = x
		place.exits.by[exitTunnel{wire.AddrFrom(p.Vtep), p.Vni}] = x
		mac := p.Mac
		if mac.IsZero() {
			mac = defaultExitMAC
		}
		c.setStation(x.Station, Station{VNI: vniBytes(x.VNI), Dst: mac, Src: routerMAC(x.ID), VTEP: x.VTEP, MTU: exitMTU(x.ID)})
	}
	for id, x := range before.of {
		if place.exits.of[id] == nil {
			c.next.stations.give(x.Station)
		}
	}
}

// hasExitFor tells whether an exit leads to an object of a list that the card does not act on,
// or to the gateway that the object belongs to.
func (c *compiler) hasExitFor(list string, object any) bool {
	members, _ := object.(map[string]any)
	for _, id := range []any{idIn(list, object), members["TransitGatewayId"], members["VpnGatewayId"]} {
		if id, is := id.(string); is && c.hasExit(id) {
			return true
		}
	}
	return false
}

// hasExit tells whether Placement names an exit of a target.
func (c *compiler) hasExit(id string) bool {
	_, there := c.next.place.given.Exits[id]
	return there
}
