package explain

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// Analysis is a path as EC2 tells it. at is when it was asked for.
func (n *Network) Analysis(p *Path, changes []Change, at time.Time) *Analysis {
	a := &Analysis{NetworkInsightsAnalysisId: ours + "analysis", StartDate: at.UTC(), Status: "succeeded", NetworkPathFound: p.Reachable()}
	a.ForwardPathComponents = n.pathComponents(p.Forward)
	a.ReturnPathComponents = n.pathComponents(p.Return)
	for _, all := range [][]PathComponent{a.ForwardPathComponents, a.ReturnPathComponents} {
		for i := range all {
			a.Explanations = append(a.Explanations, all[i].Explanations...)
		}
	}
	if !a.NetworkPathFound && len(a.Explanations) == 0 {
		code := ours + "not-where-it-was-for"
		if p.Unknown() {
			code = ours + "beyond-the-configuration"
		}
		a.Explanations = []Explanation{{ExplanationCode: code, Sentence: p.Why(), Packet: header(p.Packet)}}
	}
	for _, c := range changes {
		a.Changes = append(a.Changes, c.Text)
	}
	return a
}

// pathComponents are the components of a way.
func (n *Network) pathComponents(hops []Hop) (all []PathComponent) {
	for i, c := range n.Components(hops) {
		all = append(all, n.pathComponent(i+1, &c))
	}
	return all
}

// pathComponent is a component as EC2 tells it.
func (n *Network) pathComponent(number int, c *Component) PathComponent {
	p := PathComponent{SequenceNumber: number, Component: n.named(c.ID), InboundHeader: header(c.In), OutboundHeader: header(c.Out)}
	if c.ENI != nil {
		p.Vpc, p.Subnet = n.named(c.ENI.VPC.ID), n.named(c.ENI.Subnet.ID)
		if c.Kind == Interface {
			p.AttachedTo = n.named(c.ENI.Instance)
		}
	}
	switch Stage(c.Kind) {
	case NetworkACL:
		p.AclRule = n.aclRule(c)
	case SecurityGroups:
		p.SecurityGroupRule = n.groupRule(c.Look.Rule)
	case RouteTable:
		p.RouteTableRoute = routeOf(c.Look.Route)
	}
	if c.Why != pipeline.Sent {
		p.Explanations = []Explanation{n.explanation(&p, c)}
	}
	return p
}

// named is an object with its name; nil where there is no ID.
func (n *Network) named(id string) *AnalysisComponent {
	if id == "" {
		return nil
	}
	return &AnalysisComponent{id, n.nameOf(id)}
}

// header is a packet's headers; nil of none.
func header(p Packet) *AnalysisPacketHeader {
	if p == (Packet{}) {
		return nil
	}
	h := &AnalysisPacketHeader{Protocol: wire.ProtocolName(p.Protocol), SourceAddresses: []string{cidr(p.Src)}, DestinationAddresses: []string{cidr(p.Dst)}}
	if p.hasPorts() {
		h.SourcePortRanges, h.DestinationPortRanges = onePort(p.SrcPort), onePort(p.DstPort)
	}
	return h
}

// cidr is an address in CIDR notation.
func cidr(a netip.Addr) string { return netip.PrefixFrom(a, a.BitLen()).String() }

// onePort is a range of one port.
func onePort(port uint16) []PortRange { return []PortRange{{int(port), int(port)}} }

// way is a direction as rules have it.
func way(d wire.Direction) string { return [...]string{wire.In: "ingress", wire.Out: "egress"}[d&1] }

// aclRule is the entry of a network ACL that decided.
func (n *Network) aclRule(c *Component) *AnalysisAclRule {
	r := &AnalysisAclRule{Egress: c.Direction == wire.Out, RuleNumber: int(c.Look.Entry), RuleAction: "deny"}
	e := n.entry(c.Look.ACL, c.Look.Entry, c.Direction)
	if e == nil {
		return r // of the last entry, which EC2's lists may leave out
	}
	r.Protocol, r.RuleAction, r.Cidr = e.Protocol, e.RuleAction, e.CidrBlock.String()
	if e.Ipv6CidrBlock.IsValid() {
		r.Cidr = e.Ipv6CidrBlock.String()
	}
	if e.PortRange != nil {
		r.PortRange = &PortRange{e.PortRange.From, e.PortRange.To}
	}
	return r
}

// entry is an entry of a network ACL, nil if it has none of the number.
func (n *Network) entry(acl string, number uint16, d wire.Direction) *ec2.NetworkAclEntry {
	a := n.base.NetworkACL(acl)
	if a == nil {
		return nil
	}
	for i := range a.Entries {
		if e := &a.Entries[i]; e.RuleNumber == int(number) && e.Egress == (d == wire.Out) {
			return e
		}
	}
	return nil
}

// groupRule is a rule of a security group; nil of none.
func (n *Network) groupRule(r *vpc.Rule) *AnalysisSecurityGroupRule {
	if r == nil {
		return nil
	}
	a := &AnalysisSecurityGroupRule{Direction: way(wire.DirectionOf(strings.HasPrefix(r.Path, "IpPermissionsEgress")))}
	what, peer, _ := strings.Cut(strings.Replace(r.Text, " to ", " from ", 1), " from ")
	a.Protocol, _, _ = strings.Cut(what, " ")
	switch {
	case strings.HasPrefix(peer, "sg-"):
		a.SecurityGroupId = peer
	case strings.HasPrefix(peer, "pl-"):
		a.PrefixListId = peer
	default:
		a.Cidr = peer
	}
	if p := n.permission(r); p != nil && p.FromPort != nil && p.ToPort != nil && !strings.HasPrefix(a.Protocol, "icmp") {
		a.PortRange = &PortRange{*p.FromPort, *p.ToPort}
	}
	return a
}

// permission is the permission that a rule is of.
func (n *Network) permission(r *vpc.Rule) *ec2.IpPermission {
	g := n.base.SecurityGroup(r.Group)
	if g == nil {
		return nil
	}
	all, at, format := g.IpPermissions, 0, "IpPermissions[%d]"
	if strings.HasPrefix(r.Path, "IpPermissionsEgress") {
		all, format = g.IpPermissionsEgress, "IpPermissionsEgress[%d]"
	}
	if _, err := fmt.Sscanf(r.Path, format, &at); err != nil || at >= len(all) {
		return nil
	}
	return &all[at]
}

// routeOf is a route; nil of none.
func routeOf(r *vpc.Route) *AnalysisRouteTableRoute {
	if r == nil || r.Target == vpc.NoRoute {
		return nil
	}
	a := &AnalysisRouteTableRoute{DestinationCidr: r.Dest, State: "active"}
	if r.Target == vpc.Blackhole {
		a.State = "blackhole"
	}
	kind, _, _ := strings.Cut(r.Via, "-")
	switch kind {
	case "nat":
		a.NatGatewayId = r.Via
	case "eni":
		a.NetworkInterfaceId = r.Via
	case "i":
		a.InstanceId = r.Via
	case "pcx":
		a.VpcPeeringConnectionId = r.Via
	case "tgw":
		a.TransitGatewayId = r.Via
	case "eigw":
		a.EgressOnlyInternetGatewayId = r.Via
	default:
		a.GatewayId = r.Via
	}
	return a
}

// explanation is why a packet fell at a component.
func (n *Network) explanation(p *PathComponent, c *Component) Explanation {
	x := Explanation{ExplanationCode: c.Code(), Direction: way(c.Direction), Component: p.Component, Vpc: p.Vpc, Subnet: p.Subnet,
		AclRule: p.AclRule, RouteTableRoute: p.RouteTableRoute, Packet: p.InboundHeader, Sentence: c.Why.Sentence()}
	switch c.Kind {
	case string(NetworkACL):
		x.Acl = p.Component
	case string(RouteTable):
		x.RouteTable = p.Component
	case Gateway:
		x.InternetGateway = p.Component
	case NAT:
		x.NatGateway = p.Component
	}
	if c.ENI != nil {
		x.NetworkInterface = n.named(c.ENI.ID)
		for _, id := range groupIDs(c.Look.Groups) {
			x.SecurityGroups = append(x.SecurityGroups, *n.named(id))
		}
	}
	return x
}
