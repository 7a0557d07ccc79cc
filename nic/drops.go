package nic

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// DropView is one reason for drops and its count: a Verdict of the card's, or a pmd.Loss
// of a driver's.
type DropView struct {
	Reason   string            `json:"reason"`
	Sentence string            `json:"sentence"`
	Packets  uint64            `json:"packets"`
	ENIs     map[string]uint64 `json:"enis,omitempty"` // by the ENI whose stages dropped the packets or whose port lost them
}

// LastDrop is one of the latest drops, in full.
type LastDrop struct {
	Time           time.Time `json:"time"`
	Reason         string    `json:"reason"`
	Sentence       string    `json:"sentence"`
	Port           string    `json:"port"` // that received the packet
	ENI            string    `json:"eni,omitempty"`
	Protocol       string    `json:"protocol,omitempty"`
	Source         string    `json:"source,omitempty"` // address:port, or address where there are no ports
	Destination    string    `json:"destination,omitempty"`
	SecurityGroups []string  `json:"security_groups,omitempty"` // the groups that denied the packet, if groups did
	NetworkACL     *ACLEntry `json:"network_acl,omitempty"`     // the entry that denied the packet, if one did
	Route          *RouteHit `json:"route,omitempty"`           // the route that led the packet nowhere, if one did
	NATGateway     string    `json:"nat_gateway,omitempty"`     // ID of the NAT gateway that denied the packet, if one did
	MTU            string    `json:"mtu,omitempty"`             // the MTU that the packet exceeded, and what has the MTU
}

// DeniedBy is what denied the packet, in words: groups, an entry of a network ACL, a NAT gateway, a route, or
// an MTU; "" if the reason says it all.
func (l *LastDrop) DeniedBy() string {
	switch {
	case l.NetworkACL != nil:
		return l.NetworkACL.String()
	case l.MTU != "":
		return l.MTU
	case l.NATGateway != "":
		return l.NATGateway
	case l.Route != nil:
		return l.Route.String()
	}
	return strings.Join(l.SecurityGroups, ",")
}

// DropsView is every reason with a count, most frequent first, and the latest drops,
// newest first.
type DropsView struct {
	Reasons []DropView `json:"reasons"`
	Last    []LastDrop `json:"last"`
}

// Drops counts the drops by reason and shows the latest ones.
func (c *Card) Drops() DropsView {
	reasons, lost := map[Verdict]*DropView{}, losses{}
	view := DropsView{Reasons: []DropView{}}
	for s := range c.asked("") {
		s.addDrops(reasons)
		lost.add(s)
	}
	view.Last = c.lastDrops()
	for _, r := range slices.Sorted(maps.Keys(reasons)) {
		view.Reasons = append(view.Reasons, *reasons[r])
	}
	view.Reasons = append(view.Reasons, lost...)
	slices.SortStableFunc(view.Reasons, func(a, b DropView) int { return cmp.Compare(b.Packets, a.Packets) })
	return view
}

// addDrops adds the drops among the packets that s received to the totals, and the drops
// by the stages of s's ENI to the ENI's.
func (s *counted) addDrops(reasons map[Verdict]*DropView) {
	at := func(v Verdict) *DropView {
		if reasons[v] == nil {
			reasons[v] = &DropView{Reason: v.String(), Sentence: v.Sentence(), ENIs: map[string]uint64{}}
		}
		return reasons[v]
	}
	for i := range pipeline.Verdicts {
		v := Verdict(i)
		if n := s.Ends[v]; n > 0 && v.Dropped() {
			at(v).Packets += n
		}
		if n := s.Drops[v]; n > 0 && s.name != Uplink && s.name != Internet {
			at(v).ENIs[s.name] += n
		}
	}
}

// losses are the frames that drivers lost before the card saw them, by reason.
type losses []DropView

// add counts the frames that the driver of s lost.
func (l *losses) add(s *counted) {
	if s.report == nil {
		return
	}
	for _, loss := range s.report.Stats.Losses() {
		if loss.Frames == 0 {
			continue
		}
		i := slices.IndexFunc(*l, func(v DropView) bool { return v.Reason == loss.Reason })
		if i < 0 {
			i = len(*l)
			*l = append(*l, DropView{Reason: loss.Reason, Sentence: loss.Sentence, ENIs: map[string]uint64{}})
		}
		v := &(*l)[i]
		v.Packets += loss.Frames
		if s.name != Uplink && s.name != Internet {
			v.ENIs[s.name] += loss.Frames
		}
	}
}

// lastDrops are the latest drops of all workers, newest first.
func (c *Card) lastDrops() []LastDrop {
	all := make([]pipeline.Drops, len(c.crew.Workers))
	c.gate.Do(func() {
		for i, w := range c.crew.Workers {
			all[i] = w.Drops
		}
	})
	last := []LastDrop{}
	for i := range all {
		for _, d := range all[i].Latest() {
			last = append(last, lastDrop(&d))
		}
	}
	slices.SortStableFunc(last, func(a, b LastDrop) int { return b.Time.Compare(a.Time) })
	return last[:min(len(last), pipeline.DropsKept)]
}

// lastDrop is d for people.
func lastDrop(d *pipeline.Drop) LastDrop {
	id, groups := d.ENI()
	v := LastDrop{Time: time.Unix(0, d.When).UTC(), Reason: d.Verdict.String(), Sentence: d.Verdict.Sentence(), Port: d.Port(), ENI: id, NATGateway: d.NATGateway()}
	switch d.Verdict {
	case pipeline.SecurityGroupIn, pipeline.SecurityGroupOut:
		v.SecurityGroups = groupIDs(groups)
	case pipeline.NetworkACLIn, pipeline.NetworkACLOut:
		v.NetworkACL = deniedBy(d.Verdict, d.ACL(), d.Entry)
	case pipeline.PacketTooBig, pipeline.PacketTooBigUntold:
		v.MTU = d.MTU.String()
		v.Route = NewRouteHit(d.Routes(), d.Route)
	default:
		v.Route = NewRouteHit(d.Routes(), d.Route)
	}
	if t := &d.Tuple; d.IP {
		v.Protocol = wire.ProtocolName(t.Proto)
		v.Source, v.Destination = endpoint(t.Src, t.SrcPort, t.Proto), endpoint(t.Dst, t.DstPort, t.Proto)
	}
	return v
}

// Reasons are the names of all verdicts that drop.
func Reasons() []string { return pipeline.Reasons() }
