//go:build linux

package lab

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/sim/oracle"
)

// fate is what EC2 does to the first packet of a flow and to the answer, as the oracle says.
type fate struct {
	end      oracle.Outcome // of the packet; where the packet arrives, of the answer
	answered bool           // end is the answer's
	at       string         // the ENI where the packet arrives; "": the internet
	seen     []netip.Addr   // the source that the packet arrives with; several where a NAT gateway has several addresses
	via      []string       // ENIs of middleboxes and NAT gateways on its way
	nat      bool           // a NAT gateway chose a port
}

// arrives tells whether both the packet and its answer do.
func (f fate) arrives() bool { return f.end.Dropped == "" }

// isLike tells whether a trial could tell two fates apart by no more than the source that is seen.
func (f fate) isLike(g fate) bool {
	return f.end.Dropped == g.end.Dropped && f.end.At == g.end.At && f.answered == g.answered &&
		f.at == g.at && slices.Equal(f.via, g.via) && f.nat == g.nat
}

// prophet foretells flows. Each flow is the first in its world.
type prophet struct {
	config *vpc.Config // with the ENIs alone that may meet the flows
	guests []string
}

// newProphet asks the oracle about flows among these guests.
func newProphet(c *vpc.Config, guests []string) *prophet {
	few := *whole(c)
	few.NetworkInterfaces = nil
	nats := natENIs(c)
	for _, e := range c.NetworkInterfaces {
		if nats[e.NetworkInterfaceId] || slices.Contains(guests, e.NetworkInterfaceId) {
			few.NetworkInterfaces = append(few.NetworkInterfaces, e)
		}
	}
	return &prophet{&few, guests}
}

// foretell is the fate of a flow. ok is false where the flow would not meet a card at all, where it
// ends at an ENI without a guest, and where AWS leaves open what becomes of it: which address a NAT
// gateway takes may stay open, if the flow's end is the same by each.
func (p *prophet) foretell(f flow) (end fate, ok bool) {
	for nth, worlds := 0, 1; nth < worlds; nth++ {
		c := course{prophet: p, world: oracle.World{Config: p.config}, number: nth, worlds: 1}
		if !c.run(f) || nth > 0 && !c.isLike(end) {
			return end, false
		}
		c.seen = append(end.seen, c.seen...)
		end, worlds = c.fate, max(worlds, c.worlds)
	}
	return end, true
}

// course is a flow's way in one of the worlds that AWS's pages allow. Wherever they leave open which
// of several outcomes a packet has, a digit of the world's number says so, the lowest one at first.
type course struct {
	*prophet
	world  oracle.World
	number int // its digits that the way has not met
	worlds int // how many there are, as far as the way shows
	fate
}

// run follows a flow there and back.
func (c *course) run(f flow) (ok bool) {
	c.end, ok = c.walk(f.from, f.packet)
	if !ok || c.end.Dropped != "" {
		return ok && c.known(c.end)
	}
	there := c.end
	c.at, c.seen, c.answered = there.ENI, []netip.Addr{there.Packet.Src}, true
	if there.ENI == "" && f.from == "" {
		return false
	}
	c.end, ok = c.walk(there.ENI, there.Packet.Answer())
	back := c.end.Dropped == "" && c.end.ENI == f.from
	return ok && (back || c.end.Dropped != "" && c.known(c.end))
}

// known tells whether a card drops what the oracle says is dropped: the internet itself has
// no way to an address of nobody's, and of a target outside the region Placement may say
// where the target leads.
func (p *prophet) known(o oracle.Outcome) bool {
	return o.Dropped != oracle.NoGateway && (o.Dropped != oracle.Elsewhere || len(p.config.Placement.Exits) == 0)
}

// walk follows a packet to its end, through whatever passes it on.
func (c *course) walk(from string, packet oracle.Packet) (end oracle.Outcome, ok bool) {
	const mostHops = 4
	w := &c.world
	for range mostHops {
		var all []oracle.Outcome
		switch direct, nobody := direct(w, from, packet); {
		case nobody:
			return end, false
		case from == "":
			all = w.FromInternet(packet)
		default:
			all = w.FromGuest(from, packet, direct)
		}
		end = all[c.number%len(all)]
		c.number, c.worlds = c.number/len(all), c.worlds*len(all)
		w.Happened(end)
		c.nat = c.nat || end.Translated
		if end.Dropped != "" || end.Internet {
			return end, true
		}
		if !slices.Contains(c.guests, end.ENI) {
			return end, false
		}
		if owner := w.Owner(w.VPC(w.ENI(end.ENI)), end.Packet.Dst); owner != nil && owner.NetworkInterfaceId == end.ENI {
			return end, true
		}
		c.via = append(c.via, end.ENI)
		from, packet = end.ENI, end.Packet
	}
	return end, false
}

// direct tells whether a guest sends to a neighbor of its subnet, whose MAC it asks for, or
// to an address of the subnet that nobody has.
func direct(w *oracle.World, from string, packet oracle.Packet) (direct, nobody bool) {
	e := w.ENI(from)
	if e == nil {
		return false, false
	}
	onLink := func(block netip.Prefix) bool { return block.Contains(packet.Dst) }
	if !slices.ContainsFunc(blocksOf(*w.Subnet(e), packet.Dst.Is6()), onLink) {
		return false, false
	}
	to := w.Owner(w.VPC(e), packet.Dst)
	return to != nil, to == nil
}
