package oracle

import (
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// way is one packet between its sender and where it ends.
type way struct {
	w       *World
	sender  *ec2.NetworkInterface // nil: the internet
	sent, p Packet                // as it was sent, and as it is
	at      string                // the ENI that the packet is at, "" at none
	detour  bool                  // a middlebox passes the packet on, or is to
	maybes  []Outcome             // where the packet may have ended before, for AWS does not tell
	through *translation          // by which a NAT gateway sends the packet on; nil: none does
	refused bool                  // by a NAT gateway, which answers the sender
	cut     int                   // the MTU for which a router cut the packet into fragments; 0: none did
	commits []func()              // what is remembered so far
	pending []func()              // what is remembered if the packet ends at this ENI
}

// FromGuest is what may become of a packet that an ENI's guest sends. direct is a frame to
// a neighbor's own MAC; all others are to the router's.
func (w *World) FromGuest(eni string, p Packet, direct bool) []Outcome {
	w.forget()
	e := w.ENI(eni)
	y := &way{w: w, sender: e, sent: p, p: p, at: eni, detour: w.isDetour(e, p)}
	if p.Headers.n > mostExtensions {
		return y.drop(Headers)
	}
	if checks(e) && !has(e, p.Src) {
		return y.drop(SourceCheck)
	}
	if !y.groups(e, Out) {
		return y.drop(GroupOut)
	}
	if !direct && !w.stays(e, p.Dst) && !w.aclAllows(w.Subnet(e), Out, y.p) {
		return y.drop(ACLOut)
	}
	if w.isMailAbroad(e, y.p) {
		return y.drop(Port25)
	}
	// "Route table rules apply to frames sent to the router MAC; frames to another ENI's MAC
	// are L2 and skip them." And such a frame stays within its subnet.
	if direct {
		to := w.Owner(w.VPC(e), p.Dst)
		if mtu := w.mtuTo(to); !y.fits(mtu) {
			return y.tooBig(e, mtu)
		}
		y.remember(e, Out)
		return y.arrive(to, false)
	}
	return y.route(e)
}

// FromInternet is what may become of a packet from a host on the internet.
func (w *World) FromInternet(p Packet) []Outcome {
	w.forget()
	y := &way{w: w, sent: p, p: p}
	to, _ := w.PublicOwner(p.Dst)
	if to != nil && p.Headers.n > mostExtensions {
		return y.drop(Headers)
	}
	if to != nil && (IsPrivate(p.Src) || w.Owner(w.VPC(to), p.Src) != nil) { // GATEWAY_REJECTS_SPOOFED_TRAFFIC
		return y.drop(PrivateEnd)
	}
	if to != nil && p.Src.Is4() && w.speaksForPeer("", to, p.Src) { // a peer's own public block is somebody else's on the internet
		y.maybe(PrivateEnd)
	}
	if from, _ := w.PublicOwner(p.Src); to != nil && from != nil { // of another VPC, whose own packets may come by the internet, too
		y.maybe(PrivateEnd)
	}
	return y.fromInternet()
}

// stays tells whether a packet is for another ENI of the same subnet. Ours: what the router
// passes on there has not left the subnet.
func (w *World) stays(e *ec2.NetworkInterface, dst netip.Addr) bool {
	to := w.Owner(w.VPC(e), dst)
	return to != nil && to.SubnetId == e.SubnetId
}

// route is the way from an ENI's subnet on.
func (y *way) route(e *ec2.NetworkInterface) []Outcome {
	r := y.w.routeFrom(e, y.p.Dst)
	if nat := y.w.natOfPeer(e, y.p.Dst); nat != nil {
		return y.toPeersNAT(e, nat)
	}
	switch {
	case r == nil:
		return y.drop(NoRoute)
	case r.State == "blackhole":
		return y.drop(Blackhole)
	case r.GatewayId == "local":
		return y.local(e)
	case r.NetworkInterfaceId != "" || r.InstanceId != "":
		return y.middlebox(e, y.w.middleboxOf(r))
	case r.VpcPeeringConnectionId != "":
		return y.peering(e, r.VpcPeeringConnectionId)
	case r.NatGatewayId != "":
		return y.natGateway(e, r.NatGatewayId)
	case r.EgressOnlyInternetGatewayId != "" && y.p.Dst.Is6():
		return y.internetGateway(e, r)
	}
	if !strings.HasPrefix(r.GatewayId, "igw-") {
		return y.drop(Elsewhere)
	}
	return y.internetGateway(e, r)
}

// local is the way to an ENI of the same VPC.
func (y *way) local(e *ec2.NetworkInterface) []Outcome {
	to := y.w.Owner(y.w.VPC(e), y.p.Dst)
	if to == nil {
		return y.drop(NoNeighbor)
	}
	if y.w.natOf(e) != nil {
		return y.fromNAT(e, to)
	}
	if mtu := y.w.mtuTo(to); !y.fits(mtu) {
		return y.tooBig(e, mtu)
	}
	y.remember(e, Out)
	return y.arrive(to, to.SubnetId != e.SubnetId)
}

// middlebox is the way to an ENI that a route names, whatever the packet's destination is.
func (y *way) middlebox(e, to *ec2.NetworkInterface) []Outcome {
	if to == nil {
		return y.drop(Blackhole) // "target gone → blackhole"
	}
	if mtu := y.w.mtuTo(to); !y.fits(mtu) {
		return y.tooBig(e, mtu)
	}
	y.remember(e, Out)
	y.detour = true
	return y.arrive(to, to.SubnetId != e.SubnetId)
}

// arrive is the way into an ENI's subnet and to its guest. crosses tells whether the packet
// came from outside the subnet.
func (y *way) arrive(e *ec2.NetworkInterface, crosses bool) []Outcome {
	if y.detour && y.w.speaksForPeer(y.at, e, y.p.Src) {
		y.maybe(Impostor) // "mapping checked by the receiver too": whether a middlebox speaks for another VPC, AWS does not tell
	}
	y.at = e.NetworkInterfaceId
	regional := y.w.natOf(e) != nil && y.w.isRegional(e)
	if crosses && !regional && !y.w.aclAllows(y.w.Subnet(e), In, y.p) {
		return y.drop(ACLIn)
	}
	if nat := y.w.natOf(e); nat != nil {
		switch carries(nat) {
		case no:
			return y.drop(NATState)
		case unknown:
			y.maybe(NATState)
		}
		return y.backThrough(e)
	}
	if checks(e) && !has(e, y.p.Dst) {
		return y.drop(DestinationCheck)
	}
	if !y.groups(e, In) {
		return y.drop(GroupIn)
	}
	y.remember(e, In)
	return y.end(Outcome{ENI: e.NetworkInterfaceId, Packet: y.p})
}

// groups asks an ENI's security groups, and tells whether the packet may go on.
func (y *way) groups(e *ec2.NetworkInterface, d Direction) bool {
	p := y.p
	if y.w.isCut(e, d, p) {
		y.maybe(groupsOf(1-d), func() { y.w.mayRemember(e, d, p) })
	}
	passes := max(y.w.passes(e, d, p), y.byRule(e, d))
	if y.refused {
		passes = max(passes, unknown) // what the guest sent may have begun the connection that this answers
	}
	switch passes {
	case no:
		return false
	case unknown:
		y.maybe(groupsOf(d), func() { y.w.lose(e, d, p) })
	}
	y.pending = []func(){func() { y.w.mayRemember(e, d, p) }}
	return true
}

// byRule tells whether a rule of an ENI's groups allows the packet. Reference to a group
// "does not work through a middlebox route"; at which of the three ENIs on the way, AWS
// does not tell.
func (y *way) byRule(e *ec2.NetworkInterface, d Direction) answer {
	switch {
	case !y.w.allowed(e, d, y.p):
		return no
	case y.detour && !y.w.allowedByAddress(e, d, y.p):
		return unknown
	}
	return yes
}

// groupsOf are an ENI's groups, in one direction.
func groupsOf(d Direction) Part { return map[Direction]Part{Out: GroupOut, In: GroupIn}[d] }

// copy is the way for one of several things that may happen next.
func (y *way) copy() *way {
	z := *y
	z.maybes, z.commits, z.pending = slices.Clone(y.maybes), slices.Clone(y.commits), slices.Clone(y.pending)
	return &z
}

// maybe is a drop that AWS's pages allow, where they also allow the packet to go on.
func (y *way) maybe(by Part, then ...func()) {
	y.maybes = append(y.maybes, y.outcome(Outcome{Dropped: by, At: y.at, Packet: y.p}, then...))
}

// remember notes that the packet passed all parts of EC2 at an ENI.
func (y *way) remember(e *ec2.NetworkInterface, d Direction) {
	p := y.p
	byRule := y.byRule(e, d) != no
	y.pending = nil
	if y.w.natOf(e) != nil {
		return // "No SG on it"
	}
	y.commits = append(y.commits, func() { y.w.remember(e, d, p, byRule) })
}

// drop ends the way.
func (y *way) drop(by Part) []Outcome { return y.end(Outcome{Dropped: by, At: y.at, Packet: y.p}) }

// end ends the way, where it was not over before.
func (y *way) end(o Outcome) []Outcome {
	return doubtful(append(y.maybes, y.outcome(o, y.pending...)))
}

// doubtful marks outcomes as alternatives, where there are several.
func doubtful(all []Outcome) []Outcome {
	if len(all) > 1 {
		for i := range all {
			all[i].Doubt = "nothing documents which of them happens"
		}
	}
	return all
}

// outcome is an outcome with what is remembered then.
func (y *way) outcome(o Outcome, then ...func()) Outcome {
	o.Translated, o.Longest = y.through != nil, y.cut
	o.commits = append(append([]func(){}, y.commits...), then...)
	return o
}
