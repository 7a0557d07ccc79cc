package explain

import (
	"net/netip"
	"slices"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// Change is a change of the configuration that lets a packet go on where it fell.
type Change struct {
	Text  string
	Edits []vpc.Edit
	dst   netip.Addr // that the packet is for then; the invalid one: the same
}

// mostChanges is how many changes are looked for, one after the other.
const mostChanges = 8

// Repair looks for the smallest changes that let a path's packet and its answer through: each
// for the place where they fall after the changes before. A change counts only if the packet
// goes on then, by the cards' own judgement. What is the path after the changes; they are enough
// if it is Reachable.
func (n *Network) Repair(p *Path) (changes []Change, what *Path, err error) {
	at := n
	for what = p; !what.Reachable() && len(changes) < mostChanges; {
		next, path, change, err := at.better(what)
		if at != n {
			at.Close()
		}
		if err != nil || next == nil {
			return changes, what, err
		}
		at, what, changes = next, path, append(changes, change)
	}
	if at != n {
		at.Close()
	}
	return changes, what, nil
}

// better is the first change that helps, with the network and the path then; nil if none does.
func (n *Network) better(p *Path) (*Network, *Path, Change, error) {
	for _, c := range n.candidates(p) {
		next, err := n.Changed(c.Edits...)
		if err != nil {
			continue // EC2 would refuse the change, too
		}
		q := p.Question
		if c.dst.IsValid() {
			q.Packet.Dst = c.dst
		}
		path, err := next.Explain(q)
		if err != nil {
			next.Close()
			return nil, nil, c, err
		}
		if path.goesFurther(p) {
			return next, path, c, nil
		}
		next.Close()
	}
	return nil, nil, Change{}, nil
}

// goesFurther tells whether a path's packet, or its answer, came further than another's.
func (p *Path) goesFurther(than *Path) bool {
	return slices.Compare(p.steps(), than.steps()) > 0
}

// steps measure how far a path's packets came.
func (p *Path) steps() []int {
	return append(progress(p.Forward, p.There()), progress(p.Return, p.Reachable())...)
}

// progress measures how far a packet came.
func progress(hops []Hop, arrived bool) []int {
	looks := 0
	if n := len(hops); n > 0 {
		for _, p := range hops[n-1].Passes {
			looks += len(p.Looks) + len(order[0])
		}
	}
	if arrived {
		return []int{1, 0, 0}
	}
	return []int{0, len(hops), looks}
}

// candidates are changes that may help, the best first.
func (n *Network) candidates(p *Path) []Change {
	f := n.fallOf(p)
	switch {
	case f == nil:
		return nil
	case f.hop.ENI == nil:
		return f.publish(p.To, n.meant(p))
	}
	switch f.pass.Verdict {
	case pipeline.SecurityGroupIn, pipeline.SecurityGroupOut:
		return f.allowByGroup()
	case pipeline.NetworkACLIn, pipeline.NetworkACLOut:
		return f.allowByACL()
	case pipeline.NoRoute, pipeline.Blackhole, pipeline.RouteNotEnforced, pipeline.NATAbsent, pipeline.MiddleboxPassedBy:
		return f.routes()
	case pipeline.NoPublicAddress:
		return append(f.publish(f.hop.ENI.ID, f.pass.Packet.Src), f.routes()...)
	case pipeline.SpoofedAddress, pipeline.NotForThisENI:
		return f.editENI("turn off the source/destination check of "+f.hop.ENI.ID, func(e *ec2.NetworkInterface) { e.SourceDestCheck = new(bool) })
	case pipeline.InternetDenied:
		return f.editENI("let "+f.hop.ENI.ID+" use the internet gateway (DenyAllIgwTraffic: false)", func(e *ec2.NetworkInterface) { e.DenyAllIgwTraffic = false })
	case pipeline.Port25Blocked:
		return f.openMail()
	}
	return nil
}
