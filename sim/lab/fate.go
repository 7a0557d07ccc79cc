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
	seen     netip.Addr     // the source that the packet arrives with
	via      []string       // ENIs of middleboxes and NAT gateways on its way
	nat      bool           // a NAT gateway chose a port
}

// arrives tells whether both the packet and its answer do.
func (f fate) arrives() bool { return f.end.Dropped == "" }

// prophet foretells flows. Each flow is the first in its world.
type prophet struct {
	config *vpc.Config // with the ENIs alone that may meet the flows
	guests []string
}

// newProphet asks the oracle about flows among these guests.
func newProphet(c *vpc.Config, guests []string) *prophet {
	few := *c
	few.NetworkInterfaces = nil
	nats := natENIs(c)
	for _, e := range c.NetworkInterfaces {
		if nats[e.NetworkInterfaceId] || slices.Contains(guests, e.NetworkInterfaceId) {
			few.NetworkInterfaces = append(few.NetworkInterfaces, e)
		}
	}
	return &prophet{&few, guests}
}

// foretell is the fate of a flow. ok is false where AWS does not tell, where the flow would
// not meet a card at all, or where it ends at an ENI without a guest.
func (p *prophet) foretell(f flow) (end fate, ok bool) {
	w := &oracle.World{Config: p.config}
	there, ok := p.walk(w, f.from, f.packet, &end)
	end.end = there
	if !ok || there.Dropped != "" {
		return end, ok && p.known(there)
	}
	end.at, end.seen, end.answered = there.ENI, there.Packet.Src, true
	if there.ENI == "" && f.from == "" {
		return end, false
	}
	end.end, ok = p.walk(w, there.ENI, there.Packet.Answer(), &end)
	back := end.end.Dropped == "" && end.end.ENI == f.from
	return end, ok && (back || end.end.Dropped != "" && p.known(end.end))
}

// known tells whether a card drops what the oracle says is dropped: the internet itself has
// no way to an address of nobody's, and of a target outside the region Placement may say
// where the target leads.
func (p *prophet) known(o oracle.Outcome) bool {
	return o.Dropped != oracle.NoGateway && (o.Dropped != oracle.Elsewhere || len(p.config.Placement.Exits) == 0)
}

// walk follows a packet to its end, through whatever passes it on.
func (p *prophet) walk(w *oracle.World, from string, packet oracle.Packet, f *fate) (end oracle.Outcome, ok bool) {
	const mostHops = 4
	for range mostHops {
		var all []oracle.Outcome
		switch direct, nobody := p.direct(w, from, packet); {
		case nobody:
			return end, false
		case from == "":
			all = w.FromInternet(packet)
		default:
			all = w.FromGuest(from, packet, direct)
		}
		if len(all) != 1 || p.isNAT64(packet, all[0]) {
			return end, false
		}
		end = all[0]
		w.Happened(end)
		f.nat = f.nat || end.Translated
		if end.Dropped != "" || end.Internet {
			return end, true
		}
		if !slices.Contains(p.guests, end.ENI) {
			return end, false
		}
		if owner := w.Owner(w.VPC(w.ENI(end.ENI)), end.Packet.Dst); owner != nil && owner.NetworkInterfaceId == end.ENI {
			return end, true
		}
		f.via = append(f.via, end.ENI)
		from, packet = end.ENI, end.Packet
	}
	return end, false
}

// isNAT64 tells whether a packet of IPv6 met a NAT gateway: which port the gateway takes, and in which family its
// drops are told, a trial does not know.
func (p *prophet) isNAT64(packet oracle.Packet, o oracle.Outcome) bool {
	return packet.Src.Is6() && (o.Translated || natENIs(p.config)[o.At])
}

// direct tells whether a guest sends to a neighbor of its subnet, whose MAC it asks for, or
// to an address of the subnet that nobody has.
func (p *prophet) direct(w *oracle.World, from string, packet oracle.Packet) (direct, nobody bool) {
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
