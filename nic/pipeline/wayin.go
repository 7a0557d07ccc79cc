package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// byTunnel has the packet come by the tunnel end by which the connection's packets come under the policy.
func (r *DryRun) byTunnel(k *Known) Verdict {
	p, ends := &r.packet, r.worker.underlay.ends
	at, v := r.origin(k)
	if v != next {
		return v
	}
	p.outerSrc = ends[at].Addr
	switch {
	case ends[at].Exit != nil:
		p.byExit = ends[at].Exit
	case at == vpc.Edge:
		if g := r.before.guest(k.Key.ENI()); g != nil {
			if public, _ := g.eni.Published(k.Pair.Local); !public.IsZero() {
				p.Dst = public
			}
		}
	}
	return next
}

// origin is the index of the tunnel end by which the connection's packets come under the policy; 0 is
// this card. The record tells the end by which they come until then, and the policy in force why: if it
// says so of that end, its successor's answer to the same question counts, if it has one. A sender whose
// answers lead nowhere any more sends as before.
func (r *DryRun) origin(k *Known) (vtep uint16, v Verdict) {
	policy, before, here := r.Policy(), r.before.Policy, r.packet.guest.eni
	g, came, known := r.before.guest(k.Key.ENI()), k.Conn.Status().VTEP(), r.tells(k)
	switch {
	case !known || g == nil:
		return r.supposed(k, g)
	case policy == before:
		return came, next
	case came == vpc.Edge || r.before.underlay.ends[came].Exit != nil:
		return r.successor(came)
	}
	for _, way := range [...]func(*vpc.Policy, *vpc.OwnENI, *Known) (uint16, bool){wayIn, wayBack} {
		if at, ok := way(before, g.eni, k); ok && at == came {
			if at, ok = way(policy, here, k); ok {
				return at, next
			}
		}
	}
	return r.successor(came)
}

// supposed is origin for a connection of which the record does not tell: what the policy says, or else the
// one in force, in which g, if not nil, has the ENI; else the edge.
func (r *DryRun) supposed(k *Known, g *guest) (vtep uint16, v Verdict) {
	if at, ok := wayIn(r.Policy(), r.packet.guest.eni, k); ok {
		return at, next
	}
	if g != nil {
		if at, ok := wayIn(r.before.Policy, g.eni, k); ok {
			return r.successor(at)
		}
	}
	return vpc.Edge, next
}

// tells tells whether the connection's record has the tunnel end by which its packets come. The number
// of a tunnel end is the policy's that evaluated the connection, and another policy may number
// otherwise.
func (r *DryRun) tells(k *Known) bool {
	s := k.Conn.Status()
	return k.Conn.Under(r.before.Policy.Epoch) && (s.Walked(wire.In) || s.Walked(wire.Out)) && int(s.VTEP()) < len(r.before.underlay.ends)
}

// successor is the policy's tunnel end in the place of one of the policy in force: of the same exit, or
// with the same address.
func (r *DryRun) successor(came uint16) (vtep uint16, v Verdict) {
	end := &r.before.underlay.ends[came]
	switch {
	case came <= vpc.Edge:
		return came, next
	case end.Exit != nil:
		if x := r.Policy().Region.Exit(end.Exit.ID); x != nil {
			return x.VTEP, next
		}
		return 0, UnknownVNI
	}
	at, known := r.worker.setup.vtep(end.Addr)
	if !known {
		return 0, UnknownVTEP
	}
	return at, next
}

// wayIn is the tunnel end by which a policy lets a connection's packets come: that of the ENI which has
// the remote address, or of the last middlebox on the way from there; else that to which the answers go. ok
// is false if they go nowhere.
func wayIn(policy *vpc.Policy, e *vpc.OwnENI, k *Known) (vtep uint16, ok bool) {
	if n := lastOn(policy, e, k); n != nil {
		return tunnelEndOf(policy, n), true
	}
	return wayBack(policy, e, k)
}

// mostMiddleboxes bounds how many middleboxes stand one behind another: routes may go in a circle.
const mostMiddleboxes = 8

// lastOn is the ENI from which a connection's packets come, unless they come by the edge or an exit: the
// holder of the remote address, or the last middlebox to which the routes on the way lead; nil if there is
// none.
func lastOn(policy *vpc.Policy, e *vpc.OwnENI, k *Known) *vpc.ENI {
	n := holder(e, k.Pair.Remote)
	if n == nil {
		if first := judgeGateway(policy, e, vpc.InternetGateway, k.Pair.Local).first; first != e.ENI {
			return first
		}
		return nil
	}
	for range mostMiddleboxes {
		r := policy.Region.RouteOf(n, k.Pair.Local)
		if r.Target != vpc.Interface || e.Beside(n) {
			break
		}
		m := policy.Region.Interface(r.Via)
		if m == nil || m == e.ENI || m.Subnet.VPC != n.Subnet.VPC {
			break
		}
		n = m
	}
	return n
}

// wayBack is the tunnel end to which the answers to a connection's packets go; ok is false if they go
// nowhere.
func wayBack(policy *vpc.Policy, e *vpc.OwnENI, k *Known) (vtep uint16, ok bool) {
	to := e.RouterMAC
	if n := e.Neighbor(k.Pair.Remote); e.Beside(n) {
		to = n.MAC
	}
	t := wire.Tuple{Proto: k.Key.Proto(), Src: k.Pair.Local, Dst: k.Pair.Remote, SrcPort: k.Key.LocalPort, DstPort: k.Key.RemotePort}
	a := judgeWay(policy, e, to, &t)
	return a.vtep, a.verdict == next
}

// holder is the ENI of the VPC or of a peer that has an address; nil if none has.
func holder(e *vpc.OwnENI, addr wire.Addr) *vpc.ENI {
	n, peers := e.Neighbor(addr), e.Peers()
	for i := 0; n == nil && i < len(peers); i++ {
		n = peers[i].Holder(addr)
	}
	return n
}

// tunnelEndOf is the index of the tunnel end from which an ENI sends; 0: of this card.
func tunnelEndOf(policy *vpc.Policy, e *vpc.ENI) uint16 {
	if policy.Own(e) != nil {
		return 0
	}
	return e.Card
}
