package oracle

import "nitrocard/nic/vpc/ec2"

// natGateway is the way from an ENI through a NAT gateway.
func (y *way) natGateway(e *ec2.NetworkInterface, id string) (all []Outcome) {
	parts := y.w.natENIs(id, y.w.Subnet(e))
	switch {
	case len(parts) == 0:
		return y.drop(Blackhole)
	case y.w.natOf(e) != nil:
		return y.drop(NATLoop)
	}
	if carries(y.w.natOf(parts[0])) == unknown {
		y.maybe(Blackhole)
	}
	if !y.fits(mtuNAT) {
		return y.tooBig(e, mtuNAT)
	}
	y.remember(e, Out)
	for _, nat := range parts {
		all = append(all, y.copy().intoNAT(e, nat)...)
	}
	return doubtful(all)
}

// intoNAT is the way from an ENI into the subnet of a NAT gateway: "No SG on it; NACL of its
// subnet applies."
func (y *way) intoNAT(e, nat *ec2.NetworkInterface) []Outcome {
	y.at = nat.NetworkInterfaceId
	switch {
	case !y.atEdge(nat, In, nat.SubnetId != e.SubnetId):
		return y.drop(ACLIn)
	case !y.natCarries():
		return y.drop(NATProtocol)
	case y.p.isNoDatagram():
		return y.drop(NATFragment)
	case !In4(y.p.Dst).IsValid(), y.p.Headers.travels():
		return y.drop(NATFamily)
	// An address of the gateway's own behind 64:ff9b::/96 is like any other: the packet goes out and comes back (RFC 6146
	// section 3.8).
	case y.w.isPublicOf(nat, y.p.Dst): // it "does not answer ping to itself", and has no other service
		return y.intoItself(nat)
	case y.p.Quoted != nil:
		return y.errorIntoNAT(nat)
	case !y.w.inVPC(y.w.VPC(nat), y.p.Src): // "not usable from across peering/VPN/DX"
		return y.drop(NATSource)
	}
	t := y.w.translationOf(nat, y.p)
	lives := y.w.remembers(t)
	if lives == yes {
		return y.outOfNAT(nat, t)
	}
	var all []Outcome
	if lives == unknown {
		might := []*translation{t}
		if t.guessed {
			might = y.w.beginnings(nat, t.inside) // one of which began when nobody saw it
		}
		for _, t := range might {
			all = append(all, y.copy().outOfNAT(nat, t)...)
		}
	}
	if y.p.goesOn() {
		return doubtful(append(all, y.refuse(nat)...))
	}
	for _, fresh := range y.w.beginnings(nat, y.p) {
		all = append(all, y.copy().outOfNAT(nat, fresh)...)
	}
	return doubtful(all)
}

// intoItself is the way of a packet for the gateway's own public address, which nothing answers. It may end sooner, on its
// way out and in again.
func (y *way) intoItself(nat *ec2.NetworkInterface) []Outcome {
	all := y.copy().drop(NATUnknown)
	if y.p.goesOn() {
		all = append(all, y.copy().refuse(nat)...)
	}
	for _, a := range y.w.natAddresses(nat) {
		out := y.copy()
		if out.p.Src = a; !out.natACL(nat, Out) {
			out.maybe(ACLOut)
		}
		for _, o := range out.route(nat) {
			if o.Dropped != "" {
				all = append(all, o)
			}
		}
	}
	return doubtful(all)
}

// isNoDatagram tells whether a packet is in fragments that a NAT gateway drops: "UDP fragments
// forwarded; TCP and ICMP fragments dropped".
func (p Packet) isNoDatagram() bool { return p.Fragmented && (p.Proto == TCP || p.IsICMP()) }

// natCarries tells whether the packet is of a protocol that a NAT gateway carries: "TCP/UDP/ICMP
// only".
func (y *way) natCarries() bool {
	return y.p.Proto == TCP || y.p.Proto == UDP || y.p.IsICMP()
}

// atEdge tells whether the network ACL of a NAT gateway's subnet lets the packet into it, or out.
// Ours: a packet between the gateway and a host of the same subnet may count as one that leaves the
// subnet and comes back, because a route leads there.
func (y *way) atEdge(nat *ec2.NetworkInterface, d Direction, crosses bool) bool {
	if y.natACL(nat, d) || crosses {
		return y.natACL(nat, d)
	}
	y.maybe(map[Direction]Part{Out: ACLOut, In: ACLIn}[d])
	return true
}

// natACL tells whether the network ACL of a NAT gateway's subnet allows the packet.
func (y *way) natACL(nat *ec2.NetworkInterface, d Direction) bool {
	return y.w.isRegional(nat) || y.w.aclAllows(y.w.Subnet(nat), d, y.p)
}

// outOfNAT is the way on, by the gateway's route table.
func (y *way) outOfNAT(nat *ec2.NetworkInterface, t *translation) []Outcome {
	p := y.p
	y.p = t.out(p)
	y.through = t
	y.commits = append(y.commits, func() { y.w.heard(t, Out, p) })
	if !y.atEdge(nat, Out, !y.w.stays(nat, y.p.Dst)) {
		return y.drop(ACLOut)
	}
	return y.route(nat)
}

// refuse is the gateway's answer to a packet of a connection that is over: "Idle 350 s then
// RST (no FIN) to the inside host that continues".
func (y *way) refuse(nat *ec2.NetworkInterface) []Outcome {
	if y.p.Proto != TCP || y.p.Flags&RST != 0 {
		return y.drop(NATUnknown)
	}
	y.p, y.refused = y.p.reset(), true
	return y.toInside(nat)
}

// toInside is the way from a NAT gateway to a host of its VPC.
func (y *way) toInside(nat *ec2.NetworkInterface) []Outcome {
	to := y.w.Owner(y.w.VPC(nat), y.p.Dst)
	if y.w.isMailAbroad(nat, y.p) {
		y.maybe(Port25) // whether answers to a host's port 25 count, AWS does not tell
	}
	if to == nil {
		if !y.natACL(nat, Out) {
			y.maybe(ACLOut)
		}
		return y.drop(NoNeighbor)
	}
	y.detour = true // and whether rules know the sender by its groups, AWS does not tell
	if !y.atEdge(nat, Out, to.SubnetId != nat.SubnetId) {
		return y.drop(ACLOut)
	}
	return y.fromNAT(nat, to)
}

// fromNAT is the way from a NAT gateway to an ENI of its VPC. Ours: the ENI that stands for a regional
// gateway is a neighbor of the hosts of its subnet.
func (y *way) fromNAT(nat, to *ec2.NetworkInterface) []Outcome {
	crosses := to.SubnetId != nat.SubnetId
	if !crosses && !y.w.aclAllows(y.w.Subnet(to), In, y.p) {
		y.at = to.NetworkInterfaceId
		y.maybe(ACLIn)
	}
	return y.arrive(to, crosses)
}

// backThrough is the way of a packet that has come to a NAT gateway from outside.
func (y *way) backThrough(nat *ec2.NetworkInterface) (all []Outcome) {
	if y.p.isNoDatagram() {
		return y.drop(NATFragment)
	}
	for _, t := range y.w.translations {
		if t.gateway != nat.NetworkInterfaceId || !t.answeredBy(y.p) {
			continue
		}
		switch y.w.remembers(t) {
		case yes:
			return doubtful(append(all, y.inThrough(nat, t)...))
		case unknown:
			all = append(all, y.copy().inThrough(nat, t)...)
		}
	}
	if !y.natCarries() {
		return doubtful(append(all, y.drop(NATProtocol)...))
	}
	return doubtful(append(all, y.drop(NATUnknown)...))
}

// inThrough is the way of a packet of a translation, or an error about one, from outside.
func (y *way) inThrough(nat *ec2.NetworkInterface, t *translation) []Outcome {
	p := y.p
	inside, ok := t.in(p)
	if !ok {
		return y.drop(NATFamily)
	}
	y.p = inside
	if y.cut > 0 && inside.Src.Is6() {
		y.cut += lengthened + fragmentLen6
	}
	if p.Quoted == nil { // an error keeps no flow alive (RFC 5508 section 4)
		y.commits = append(y.commits, func() { y.w.heard(t, In, p) })
	}
	return y.toInside(nat)
}

// errorIntoNAT is the way of an ICMP error of an inside host. Ours, for AWS documents nothing:
// the error may pass with the connection that it is about.
func (y *way) errorIntoNAT(nat *ec2.NetworkInterface) []Outcome {
	for _, t := range y.w.translations {
		if t.gateway == nat.NetworkInterfaceId && t.inside.answeredBy(*y.p.Quoted) && y.w.remembers(t) != no {
			y.maybe(NATUnknown)
			four, ok := y.p.as4()
			if !ok {
				return y.drop(NATFamily)
			}
			outside := t.outside
			if t.guessed {
				outside = y.w.seenAbout(nat, outside)
			}
			y.p = four
			y.p.Src = outside.Src
			quoted := outside.reversed(*y.p.Quoted)
			y.p.Quoted = &quoted
			if !y.atEdge(nat, Out, !y.w.stays(nat, y.p.Dst)) {
				return y.drop(ACLOut)
			}
			return y.route(nat)
		}
	}
	return y.drop(NATUnknown)
}

// seenAbout is the first packet of a translation as it left, of which nobody saw the address and port
// that the gateway took, with those that an ICMP error about it shows.
func (w *World) seenAbout(nat *ec2.NetworkInterface, p Packet) Packet {
	seen := w.Seen
	if seen == nil || seen.Quoted == nil {
		return p
	}
	for _, a := range w.natAddresses(nat) {
		if seen.Src == a || seen.Src == w.publicOf(nat, a) {
			p.Src, p.SrcPort, p.ID = a, seen.Quoted.DstPort, seen.Quoted.ID
		}
	}
	return p
}
