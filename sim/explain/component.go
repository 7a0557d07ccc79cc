package explain

import (
	"slices"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// Component is a part of EC2 on a packet's way, as its customers know it.
type Component struct {
	Kind      string           // "network interface", "security groups", "network ACL", …
	ID        string           // "" where the configuration names none
	Name      string           // value of its tag Name, or a group's name
	Direction wire.Direction   // as the ENI at hand sees the packet
	ENI       *vpc.OwnENI      // at hand; nil at the edge
	Look      Look             // of security groups, network ACLs and route tables
	In, Out   Packet           // the packet before and after; Out is the zero Packet where the way ends
	Why       pipeline.Verdict // why the packet fell here; pipeline.Sent: it did not
}

// Kinds of components that are no stage.
const (
	Interface = "network interface"
	Gateway   = "internet gateway"
	NAT       = "NAT gateway"
	Peering   = "peering connection"
	Beyond    = "target beyond the configuration"
	Service   = "service of the card"
)

// Components are what a packet met on its way.
func (n *Network) Components(hops []Hop) []Component {
	b := &componentBuilder{Network: n, hops: hops}
	for b.i = range hops {
		h := &hops[b.i]
		if h.ENI == nil {
			b.edge(h)
			continue
		}
		for i := range h.Passes {
			if p := &h.Passes[i]; p.Direction == wire.In {
				b.inward(h, p)
			} else {
				b.outward(h, p)
			}
		}
	}
	return b.all
}

// componentBuilder makes the components of a way.
type componentBuilder struct {
	*Network
	hops []Hop
	i    int
	all  []Component
}

// add adds a component that lets the packet pass as it is, unless the pass says that it fell.
func (b *componentBuilder) add(c Component, p *Pass, fell bool) {
	c.Direction, c.Why = p.Direction, pipeline.Sent
	if c.In == (Packet{}) {
		c.In = p.Packet
	}
	if c.Out == (Packet{}) {
		c.Out = c.In
	}
	if fell {
		c.Why, c.Out = p.Verdict, Packet{}
	}
	if c.Name == "" {
		c.Name = b.nameOf(c.ID)
	}
	b.all = append(b.all, c)
}

// edge is the edge, which customers do not see, unless the packet falls there.
func (b *componentBuilder) edge(h *Hop) {
	if p := h.dropped(); p != nil {
		b.add(Component{Kind: Gateway}, p, true)
	}
}

// inward is the way of a packet into an ENI.
func (b *componentBuilder) inward(h *Hop, p *Pass) {
	fell := fellAt(p)
	if b.i > 0 && b.hops[b.i-1].ENI == nil {
		b.fromInternet(h, p, slices.Contains([]Stage{Source, Internet, EgressOnly}, fell))
		if fell == EgressOnly {
			return // the card asks ACL and groups first, and the gateway lets nothing come to them
		}
	}
	for _, l := range p.Looks {
		switch l.Stage {
		case GatewayRoutes:
			b.add(Component{Kind: string(RouteTable), ID: b.gatewayTable(h.ENI.VPC.ID), ENI: h.ENI, Look: l}, p, l.Denied)
			if !l.Denied {
				return // to the middlebox
			}
		case NetworkACL:
			b.add(Component{Kind: string(NetworkACL), ID: l.ACL, ENI: h.ENI, Look: l}, p, l.Denied)
		case SecurityGroups:
			b.groups(h, p, l)
		}
	}
	if p.Verdict.Dropped() && len(b.all) > 0 && b.all[len(b.all)-1].Why != pipeline.Sent {
		return
	}
	b.end(h, p)
}

// fromInternet is the gateway by which a packet comes from the internet to an ENI: the egress-only one, if
// the way back leads there.
func (b *componentBuilder) fromInternet(h *Hop, p *Pass, fell bool) {
	c := Component{Kind: Gateway, ID: b.gatewayOf(h.ENI.VPC.ID), ENI: h.ENI, In: h.Before, Out: p.Packet}
	if back := h.ENI.Route(wire.AddrFrom(p.Packet.Src)); back.Target == vpc.EgressOnly {
		c.Kind, c.ID = string(EgressOnly), back.Via
	}
	b.add(c, p, fell)
}

// end is the ENI that the packet came to, or the NAT gateway.
func (b *componentBuilder) end(h *Hop, p *Pass) {
	if h.ENI.NAT != nil {
		c := Component{Kind: NAT, ID: h.ENI.NAT.ID, ENI: h.ENI, Out: b.throughNAT(h)}
		if out := h.dropped(); out != nil && fellAt(out) == NATGateway {
			b.add(c, &Pass{Direction: p.Direction, Packet: p.Packet, Verdict: out.Verdict}, true)
			return
		}
		b.add(c, p, p.Verdict.Dropped())
		return
	}
	b.add(Component{Kind: Interface, ID: h.ENI.ID, ENI: h.ENI}, p, p.Verdict.Dropped())
}

// throughNAT is the packet as a NAT gateway sent it on.
func (b *componentBuilder) throughNAT(h *Hop) Packet {
	if len(h.Passes) > 1 {
		return h.Passes[1].Packet
	}
	return Packet{}
}

// groups are the security groups that were asked: the one that allowed the packet, or the first.
func (b *componentBuilder) groups(h *Hop, p *Pass, l Look) {
	id := ""
	switch {
	case l.Rule != nil:
		id = l.Rule.Group
	case len(l.Groups) > 0:
		id = l.Groups[0].ID
	}
	b.add(Component{Kind: string(SecurityGroups), ID: id, ENI: h.ENI, Look: l}, p, l.Denied)
}

// outward is the way of a packet out of an ENI.
func (b *componentBuilder) outward(h *Hop, p *Pass) {
	fell := fellAt(p)
	if h.ENI.NAT == nil {
		b.add(Component{Kind: Interface, ID: h.ENI.ID, ENI: h.ENI}, p, fell == SourceCheck)
	}
	if p.Verdict == pipeline.Consumed {
		b.add(Component{Kind: Service, ENI: h.ENI}, p, false)
	}
	for _, l := range p.Looks {
		switch l.Stage {
		case SecurityGroups:
			b.groups(h, p, l)
		case NetworkACL:
			b.add(Component{Kind: string(NetworkACL), ID: l.ACL, ENI: h.ENI, Look: l}, p, l.Denied)
		case RouteTable:
			b.route(h, p, l)
		case Mail, Card:
			if l.Denied {
				b.add(Component{Kind: string(l.Stage), ENI: h.ENI}, p, true)
			}
		}
	}
}

// beyondTable are the verdicts of the route's target, and not of the table.
var beyondTable = []pipeline.Verdict{pipeline.OutsidePeer, pipeline.NoPublicAddress, pipeline.PrivateInternet, pipeline.BlockPublicAccess, pipeline.InternetDenied, pipeline.MiddleboxPassedBy}

// route is a route table, and the gateway that its route leads through.
func (b *componentBuilder) route(h *Hop, p *Pass, l Look) {
	beyond := l.Denied && l.Route != nil && slices.Contains(beyondTable, p.Verdict)
	b.add(Component{Kind: string(RouteTable), ID: l.Table, ENI: h.ENI, Look: l}, p, l.Denied && !beyond)
	if l.Route == nil || l.Denied && !beyond {
		return
	}
	c := Component{ID: l.Route.Via, ENI: h.ENI, In: p.Packet, Out: h.After}
	switch l.Route.Target {
	case vpc.Internet:
		c.Kind = Gateway
	case vpc.EgressOnly:
		c.Kind = string(EgressOnly)
	case vpc.Peering:
		c.Kind = Peering
	case vpc.Outside, vpc.Endpoint:
		c.Kind = Beyond
	default:
		return
	}
	b.add(c, p, l.Denied)
}

// fellAt is the stage that dropped the packet, "" if none did.
func fellAt(p *Pass) Stage {
	for _, l := range p.Looks {
		if l.Denied {
			return l.Stage
		}
	}
	return ""
}

// gatewayOf is the ID of a VPC's internet gateway, "" if it has none.
func (n *Network) gatewayOf(vpc string) string {
	for i := range n.cfg.InternetGateways {
		for _, a := range n.cfg.InternetGateways[i].Attachments {
			if a.VpcId == vpc {
				return n.cfg.InternetGateways[i].InternetGatewayId
			}
		}
	}
	return ""
}

// gatewayTable is the ID of the route table of a VPC's internet gateway, "" if it has none.
func (n *Network) gatewayTable(vpc string) string {
	gateway := n.gatewayOf(vpc)
	for i := range n.cfg.RouteTables {
		t := &n.cfg.RouteTables[i]
		if gateway != "" && slices.ContainsFunc(t.Associations, func(a ec2.RouteTableAssociation) bool { return a.GatewayId == gateway }) {
			return t.RouteTableId
		}
	}
	return ""
}
