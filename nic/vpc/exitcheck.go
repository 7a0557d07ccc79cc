package vpc

import (
	"maps"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// checkExits checks the exits of Placement, which must lead to tunnel ends and VNIs that are
// nobody else's, and be of targets that there are. A change that touches neither exits nor VNIs
// can only take the last route from a target.
func (c *compiler) checkExits() {
	if !c.whole && !c.exits && !c.renumberVPCs {
		for _, id := range slices.Sorted(maps.Keys(c.deserted)) {
			if c.hasExit(id) {
				c.checkExitTarget(id)
			}
		}
		return
	}
	tunnels := map[exitTunnel]string{}
	for _, id := range slices.Sorted(maps.Keys(c.next.place.given.Exits)) {
		x, path := c.next.place.given.Exits[id], exitPath(id)
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
		c.checkExitTarget(id)
	}
}

// exitPath is the path of a target's exit in Placement.
func exitPath(id string) string { return "Placement: Exits: " + ec2.Shorten(id) }

// checkExitTarget checks that the target of an exit is one that routes or a list name, and that
// routes keep the target's whole ID.
func (c *compiler) checkExitTarget(id string) {
	if len(id) > longestVia {
		c.Add(exitPath(id), "the ID has %d bytes; %d are the most", len(id), longestVia)
		return
	}
	routes, _ := c.next.outward.Get(id)
	_, listed := c.next.listed[id]
	if routes == 0 && !listed && !c.elsewhere() && !c.unread.mayHave("RouteTables") {
		c.Add(exitPath(id), "no route leads to a gateway or endpoint %q, and no list has it", ec2.Shorten(id))
	}
}

// checkExitVTEP checks where an exit's packets go: not to a card, which sends nothing on, nor to
// all stations of a card's link.
func (c *compiler) checkExitVTEP(path string, vtep netip.Addr) bool {
	if !c.checkEnd(path, vtep) {
		return false
	}
	for i, card := range c.next.place.cards {
		if vtep.Unmap() == card.Vtep.Addr().Unmap() {
			c.Add(path, "Vtep %s is that of %s", vtep, cardPath(i, card.Name))
		}
		c.checkBroadcast(path, vtep, card)
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
