package vpc

import (
	"iter"
	"maps"
	"net/netip"
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
		return r.Target == Outside && strings.HasPrefix(r.Via, vpnGateway) && region.Exit(r.Via) != nil
	})
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
	place.ends = newTunnelEnds(place.edge, place.cards, place.given.Exits)
	place.exits = &exits{of: map[string]*Exit{}, by: map[exitTunnel]*Exit{}}
	for i, id := range slices.Sorted(maps.Keys(place.given.Exits)) {
		p := place.given.Exits[id]
		x := &Exit{ID: ec2.Cut(id, longestVia), VNI: p.Vni, VTEP: firstCard + uint16(len(place.cards)+i), Tracked: strings.HasSuffix(c.endpoint(id).service, ".dynamodb")}
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

// endpoint is what VpcEndpoints tells of an endpoint: its type and its service. Both are "" if
// it tells nothing.
func (c *compiler) endpoint(id string) (of struct{ kind, service string }) {
	for _, object := range c.next.rest.Unenforced["VpcEndpoints"] {
		if idIn("VpcEndpoints", object) == id {
			members, _ := object.(map[string]any)
			of.kind, _ = members["VpcEndpointType"].(string)
			of.service, _ = members["ServiceName"].(string)
		}
	}
	return of
}

// checkExits checks the exits of Placement, which must lead to tunnel ends and VNIs that are
// nobody else's, and be of targets that there are.
func (c *compiler) checkExits() {
	tunnels := map[exitTunnel]string{}
	for _, id := range slices.Sorted(maps.Keys(c.next.place.given.Exits)) {
		x := c.next.place.given.Exits[id]
		path := "Placement: Exits: " + ec2.Shorten(id)
		if c.checkExitVTEP(path, x.Vtep) {
			at := exitTunnel{wire.AddrFrom(x.Vtep), x.Vni}
			if first := tunnels[at]; first != "" {
				c.Add(path, "Vtep %s with Vni %d is the exit of %s already", x.Vtep, x.Vni, ec2.Shorten(first))
			}
			tunnels[at] = id
		}
		c.checkExitVNI(path, x.Vni)
		c.checkStation(path, "Mac", x.Mac)
		c.checkStation(path, "UnderlayMac", x.UnderlayMac)
		if n, _ := c.next.outward.Get(ec2.Cut(id, longestVia)); n == 0 && !c.listsTarget(id) && !c.unread.mayHave("RouteTables") {
			c.Add(path, "no route leads to a gateway or endpoint %q, and no list has it", ec2.Shorten(id))
		}
	}
}

// checkExitVTEP checks where an exit's packets go: not to a card, which sends nothing on.
func (c *compiler) checkExitVTEP(path string, vtep netip.Addr) bool {
	if !c.checkEnd(path, vtep) {
		return false
	}
	for i, card := range c.next.place.cards {
		if vtep.Unmap() == card.Vtep.Addr().Unmap() {
			c.Add(path, "Vtep %s is that of %s", vtep, cardPath(i, card.Name))
		}
	}
	return true
}

// checkExitVNI checks that a VNI is one, and no VPC's.
func (c *compiler) checkExitVNI(path string, vni uint32) {
	switch v := c.next.VPC(vni); {
	case vni == 0 || vni > maxVNI:
		c.Add(path, "Vni %d is no VNI: 1 to %d", vni, maxVNI)
	case v != nil:
		c.Add(path, "Vni %d is that of %s; an exit has one of its own", vni, v.ID)
	}
}

// listsTarget tells whether a list of objects that the card does not act on has one of the ID.
func (c *compiler) listsTarget(id string) bool {
	for list, objects := range c.next.rest.Unenforced {
		if slices.ContainsFunc(objects, func(o any) bool { return idIn(list, o) == id }) {
			return true
		}
	}
	return false
}

// leadsOut tells whether an exit leads to an object of a list that the card does not act on,
// or to the gateway that the object belongs to.
func (c *compiler) leadsOut(list string, object any) bool {
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
