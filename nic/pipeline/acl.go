package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// networkACL asks the network ACL of the ENI's subnet about a packet that crosses the
// subnet's edge. An ACL knows no connections: it is asked about both directions, each with
// the packet's own destination port, and about replies and ICMP errors, too (VPC User
// Guide, network ACLs).
//
// A later fragment is asked about only under another policy than its first, which
// answered for it. Nobody knows the fragment's ports any more, so that the ACL must let
// all of them pass. AWS documents no rule for fragments; the choice is ours. A later
// fragment without a first one is left to securityGroups, which ends it.
func (w *Worker) networkACL(p *packet) Verdict {
	e, later := p.guest.eni, p.Frag == wire.LaterFragment
	switch {
	case !e.Guarded(p.dir, p.pair.Remote), later && p.conn == nil:
		return next
	case !w.crosses(p):
		p.onLink = p.dir == wire.In
		return next
	}
	entry, v := judgeACL(e, p.query(p.dir), later, !w.dry)
	p.entry = entry
	return v
}

// judgeACL asks the network ACL of an ENI's subnet about a packet that crosses the
// subnet's edge. entry is the number of the ACL's entry that decided, which notes so if notes is set.
func judgeACL(e *vpc.OwnENI, q vpc.Query, later, notes bool) (entry uint16, v Verdict) {
	var allowed bool
	switch {
	case notes:
		allowed, entry = e.HitACL(q, later)
	case later:
		allowed, entry = e.AdmitsAll(q)
	default:
		allowed, entry = e.Admits(q)
	}
	if !allowed {
		return entry, [...]Verdict{NetworkACLIn, NetworkACLOut}[q.Dir&1]
	}
	return entry, next
}

// crosses tells whether p crosses the edge of its ENI's subnet. A packet between two ENIs
// of one subnet does not, even if the router passes it on.
//
// The source address does not tell where a packet comes from, because an ENI without
// source/destination check sends with any address. The inner source MAC tells: the card of
// the sender wrote the router's if the packet crossed, and left the guest's own if not
// (see address). A card is believed that a packet did not cross if the source, or an ENI
// that forwards for others, can be behind that card. The edge is outside of all subnets.
func (w *Worker) crosses(p *packet) bool {
	e := p.guest.eni
	switch {
	case p.dir == wire.Out:
		return p.exit.routed()
	case p.fromRouter():
		return true
	case p.outerSrc.IsZero():
		return false
	}
	return p.byExit != nil || p.byEdge() || !e.OnLink(p.Src) && !w.setup.Policy.Region.Forwards(e.VNI, p.vtep)
}
