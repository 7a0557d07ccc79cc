package explain

import (
	"slices"
	"strings"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Stage is a part of the packet path that looks something up.
type Stage string

// The stages, by direction in the order of the packet path (pipeline.go).
const (
	SourceCheck    Stage = "source check"     // antispoof, of what a guest sends
	Source         Stage = "source"           // of what comes to an ENI
	Internet       Stage = "internet gateway" // public access, of what comes to an ENI
	GatewayRoutes  Stage = "gateway route table"
	NetworkACL     Stage = "network ACL"
	Destination    Stage = "destination check"
	SecurityGroups Stage = "security groups"
	EgressOnly     Stage = "egress-only internet gateway"
	Mail           Stage = "port 25"
	RouteTable     Stage = "route table"
	NATGateway     Stage = "NAT gateway"
	Card           Stage = "card" // the rest: a port, an MTU
)

var order = [2][]Stage{
	wire.In:  {Source, Internet, GatewayRoutes, NetworkACL, Destination, SecurityGroups, EgressOnly, Card},
	wire.Out: {NATGateway, SourceCheck, SecurityGroups, NetworkACL, Mail, RouteTable, Card},
}

// Look is what a stage looked up about a packet, and what it decided.
type Look struct {
	Stage  Stage
	Denied bool // the stage dropped the packet

	// Security groups.
	Rule      *vpc.Rule    // that allowed the packet, or the first packet of its connection
	Known     bool         // the groups were not asked: the packet belongs to a connection that they allowed
	Untracked bool         // EC2 keeps no state of the connection
	Groups    []*vpc.Group // that were asked

	ACL   string // a network ACL that was asked
	Entry uint16 // number of its entry that decided; vpc.FinalDeny is *

	Table string     // a route table that was asked; "" with a Route: the VPC's main one, which the configuration lacks
	Route *vpc.Route // that was hit
}

// String is the look in words.
func (l Look) String() string {
	if what := l.what(); what != "" {
		return string(l.Stage) + ": " + what
	}
	return string(l.Stage)
}

// what is what was found.
func (l Look) what() string {
	switch l.Stage {
	case SecurityGroups:
		return l.byGroups()
	case NetworkACL:
		return l.ACL + " " + vpc.EntryName(l.Entry)
	case RouteTable, GatewayRoutes:
		if l.Route != nil {
			return strings.TrimSpace(l.Table + " " + l.Route.String())
		}
	case SourceCheck, Destination:
		if !l.Denied {
			return "off"
		}
	}
	return ""
}

// byGroups is what the groups found.
func (l Look) byGroups() string {
	switch {
	case l.Denied:
		return "no rule of " + strings.Join(groupIDs(l.Groups), ", ")
	case l.Rule != nil && l.Known:
		return "known connection, by " + l.Rule.Group + " " + l.Rule.Text
	case l.Rule != nil:
		return l.Rule.Group + " " + l.Rule.Text
	}
	return "known connection"
}

// groupIDs are the IDs of groups.
func groupIDs(groups []*vpc.Group) (ids []string) {
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	return ids
}

// looker finds out what the stages of one pass looked up. Each judge that it asks is one that the
// stage asked, with the same question.
type looker struct {
	region  *vpc.Region
	eni     *vpc.OwnENI
	pass    *Pass
	event   *pipeline.Event
	crosses bool // the edge of the ENI's subnet
}

// look notes what each stage found, up to the one that dropped the packet.
func (l *looker) look() {
	by := Stage("")
	if l.pass.Direction == wire.Out && l.event.Verdict == pipeline.Consumed {
		return // neither groups nor ACLs filter what is for a service of the card (EC2 User Guide, security groups)
	}
	if l.event.Verdict.Dropped() {
		by = stageOf(l.event.Verdict, l.pass.Direction)
	}
	for _, s := range order[l.pass.Direction] {
		found, told := l.at(s, s == by)
		if told {
			l.pass.Looks = append(l.pass.Looks, found)
		}
		if s == by {
			return
		}
	}
}

// at is what one stage found; told is false if there is nothing to tell of it.
func (l *looker) at(s Stage, denied bool) (found Look, told bool) {
	found = Look{Stage: s, Denied: denied}
	switch s {
	case SecurityGroups:
		l.groups(&found)
		return found, l.eni.NAT == nil // whose ENI is in no group
	case NetworkACL:
		found.ACL, found.Entry = l.eni.ACL(), l.event.Entry
		if found.Entry == 0 && l.crosses { // the ACL lets everything pass, so no packet asks it
			_, found.Entry = l.eni.Admits(l.query())
		}
		return found, denied || found.Entry != 0
	case RouteTable:
		found.Table, found.Route = l.event.Routes, l.event.Route
		return found, denied || found.Route != nil
	case GatewayRoutes:
		found.Route = l.eni.Inward(vpc.InternetGateway, wire.AddrFrom(l.pass.Packet.Dst))
		return found, denied || found.Route != nil && l.crosses && found.Route.Target != vpc.Local
	case SourceCheck:
		return found, denied || l.eni.NAT == nil && !l.eni.SourceDestCheck && !l.eni.Owns(wire.AddrFrom(l.pass.Packet.Src))
	case Destination:
		return found, denied || l.eni.NAT == nil && !l.eni.SourceDestCheck && !l.eni.Owns(wire.AddrFrom(l.pass.Packet.Dst))
	}
	return found, denied
}

// groups is what the security groups found.
func (l *looker) groups(found *Look) {
	found.Groups, found.Rule = l.eni.Groups, l.event.Rule
	if found.Denied {
		return
	}
	if found.Rule != nil {
		outbound := strings.HasPrefix(found.Rule.Path, "IpPermissionsEgress")
		found.Known = outbound != (l.pass.Direction == wire.Out)
	} else {
		found.Known = true
	}
	if !found.Known {
		found.Untracked = l.eni.Match(l.query()).Untracked && !l.tracks()
	}
}

// tracks tells whether EC2 tracks what the packet opens whatever the rules say, as it goes by a NAT gateway,
// an egress-only internet gateway or DynamoDB's endpoint (EC2 User Guide, "Automatically tracked connections").
func (l *looker) tracks() bool {
	q := l.query()
	r, out := l.eni.Route(q.Remote), q.Dir == wire.Out && !l.eni.OnLink(q.Remote)
	switch r.Target {
	case vpc.EgressOnly:
		return true
	case vpc.NAT:
		return out
	case vpc.Outside, vpc.Endpoint:
		x := l.region.Exit(r.Via)
		return out && x != nil && x.Tracked
	}
	return false
}

// query is the question of groups and ACLs about the packet alone.
func (l *looker) query() vpc.Query {
	p, d := &l.pass.Packet, l.pass.Direction
	q := vpc.Query{Remote: wire.AddrFrom(p.Src), Port: p.DstPort, Proto: p.Protocol, Dir: d}
	if d == wire.Out {
		q.Remote = wire.AddrFrom(p.Dst)
	}
	if p.isICMP() {
		q.Port = uint16(p.Type)<<8 | uint16(p.Code)
	}
	return q
}

// byStage are the verdicts of each stage, where a stage's verdicts are not the route's.
var byStage = map[Stage][]pipeline.Verdict{
	SourceCheck:    {pipeline.SpoofedMAC, pipeline.SpoofedAddress, pipeline.LocalServiceAbsent, pipeline.LocalServiceBusy, pipeline.LinkLocalAllowanceExceeded},
	Source:         {pipeline.SourceMismatch, pipeline.UnknownVTEP, pipeline.PrivateDestination, pipeline.OutsidePeer, pipeline.PrivateInternet, pipeline.Martian},
	Internet:       {pipeline.NoInternetGateway, pipeline.BlockPublicAccess, pipeline.InternetDenied},
	GatewayRoutes:  {pipeline.Blackhole, pipeline.TargetOutside},
	NetworkACL:     {pipeline.NetworkACLIn, pipeline.NetworkACLOut},
	Destination:    {pipeline.NotForThisENI},
	SecurityGroups: {pipeline.SecurityGroupIn, pipeline.SecurityGroupOut},
	EgressOnly:     {pipeline.EgressOnlyDenied},
	Mail:           {pipeline.Port25Blocked},
	NATGateway:     {pipeline.NATProtocol, pipeline.NATSource, pipeline.NATFragment, pipeline.NATFamily, pipeline.NATUnknown, pipeline.NATPortAllocation},
	RouteTable: {pipeline.NoRoute, pipeline.Blackhole, pipeline.RouteNotEnforced, pipeline.TargetOutside, pipeline.EndpointProtocol, pipeline.NoNeighbor,
		pipeline.OutsidePeer, pipeline.NoPublicAddress, pipeline.PrivateInternet, pipeline.BlockPublicAccess, pipeline.InternetDenied, pipeline.MiddleboxPassedBy,
		pipeline.NATAbsent, pipeline.NATLoop, pipeline.GroupAddress, pipeline.Martian, pipeline.NotTheRouter},
}

// stageOf is the stage that a verdict is of, in a direction.
func stageOf(v pipeline.Verdict, d wire.Direction) Stage {
	for _, s := range order[d] {
		if slices.Contains(byStage[s], v) {
			return s
		}
	}
	return Card
}
