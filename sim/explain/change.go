package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
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

// fall is where a path's packet, or its answer, fell.
type fall struct {
	*Network
	path   *Path
	hop    *Hop
	pass   *Pass
	answer bool // the answer fell
}

// fallOf is where a path ended early; nil if no card dropped the packet.
func (n *Network) fallOf(p *Path) *fall {
	hops, answer := p.Forward, false
	if p.There() {
		hops, answer = p.Return, true
	}
	if len(hops) == 0 {
		return nil
	}
	last := &hops[len(hops)-1]
	if pass := last.dropped(); pass != nil {
		return &fall{n, p, last, pass, answer}
	}
	return nil
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

// remote is the address at the other end, as the stages of the ENI saw it.
func (f *fall) remote() netip.Addr {
	if f.pass.Direction == wire.Out {
		return f.pass.Packet.Dst
	}
	return f.pass.Packet.Src
}

// block is the smallest block for rules: the other end's address, or all if it stands for all.
func (f *fall) block() netip.Prefix {
	a := f.remote()
	if q := &f.path.Question; q.Anyone && (q.From == "" && a == q.Packet.Src || q.To == "" && a == q.Packet.Dst) {
		return netip.PrefixFrom(a, 0).Masked()
	}
	return netip.PrefixFrom(a, a.BitLen())
}

// service is the packet's protocol and port, or ICMP type, as a rule has them.
func (f *fall) service() (proto string, from, to *int, text string) {
	p := &f.pass.Packet
	proto = wire.ProtocolName(p.Protocol)
	switch {
	case p.hasPorts():
		lo, hi := int(p.DstPort), int(p.DstPort)
		if f.answer && f.path.Packet.SrcPort >= Ephemeral { // clients choose among many, and NAT gateways from 1024 on
			lo, hi = 1024, 65535
		}
		if text = fmt.Sprintf("%s %d", proto, lo); lo != hi {
			text += fmt.Sprintf("-%d", hi)
		}
		return proto, &lo, &hi, text
	case p.isICMP():
		kind, code := int(p.Type), -1
		return proto, &kind, &code, fmt.Sprintf("%s type %d", proto, kind)
	}
	return proto, nil, nil, "protocol " + proto
}

// allowByGroup adds a rule to the ENI's first group.
func (f *fall) allowByGroup() []Change {
	if len(f.hop.ENI.Groups) == 0 {
		return nil
	}
	id := f.hop.ENI.Groups[0].ID
	group := f.base.SecurityGroup(id)
	if group == nil {
		return nil
	}
	next, block := *group, f.block()
	proto, from, to, text := f.service()
	rule := ec2.IpPermission{IpProtocol: proto, FromPort: from, ToPort: to}
	if block.Addr().Is4() {
		rule.IpRanges = []ec2.IpRange{{CidrIp: block}}
	} else {
		rule.Ipv6Ranges = []ec2.Ipv6Range{{CidrIpv6: block}}
	}
	list, peer := &next.IpPermissions, " from "
	if f.pass.Direction == wire.Out {
		list, peer = &next.IpPermissionsEgress, " to "
	}
	*list = append(slices.Clip(*list), rule)
	return []Change{{Text: fmt.Sprintf("add to security group %s the %s rule: %s%s%s", id, f.pass.Direction.Bound(), text, peer, block),
		Edits: []vpc.Edit{{Kind: "SecurityGroups", ID: id, Object: &next}}}}
}

// allowByACL adds an entry to the network ACL of the ENI's subnet, before the one that denied.
func (f *fall) allowByACL() []Change {
	id := f.hop.ENI.ACL()
	acl := f.base.NetworkACL(id)
	if acl == nil {
		return nil
	}
	denied := f.pass.Looks[len(f.pass.Looks)-1].Entry
	number := f.freeEntry(acl, denied)
	if number == 0 {
		return nil
	}
	proto, from, to, text := f.service()
	block := f.block()
	entry := ec2.NetworkAclEntry{RuleNumber: number, Egress: f.pass.Direction == wire.Out, Protocol: fmt.Sprint(f.pass.Packet.Protocol), RuleAction: "allow"}
	switch {
	case f.pass.Packet.isICMP():
		entry.IcmpTypeCode = &ec2.IcmpTypeCode{Type: *from, Code: *to}
	case from != nil:
		entry.PortRange = &ec2.PortRange{From: *from, To: *to}
	}
	peer := map[bool]string{true: " to ", false: " from "}[entry.Egress]
	if block.Addr().Is4() {
		entry.CidrBlock = block
	} else {
		entry.Ipv6CidrBlock = block
	}
	_ = proto
	next := *acl
	next.Entries = append(slices.Clip(acl.Entries), entry)
	return []Change{{Text: fmt.Sprintf("add to network ACL %s the %s entry %d, before entry %s: allow %s%s%s", id, f.pass.Direction.Bound(), number, EntryName(denied), text, peer, block),
		Edits: []vpc.Edit{{Kind: "NetworkAcls", ID: id, Object: &next}}}}
}

// freeEntry is a number that no entry of the direction has, before the one that denied; 0 if
// there is none.
func (f *fall) freeEntry(acl *ec2.NetworkAcl, denied uint16) int {
	used, last := map[int]bool{}, 0
	for i := range acl.Entries {
		if e := &acl.Entries[i]; e.Egress == (f.pass.Direction == wire.Out) {
			used[e.RuleNumber] = true
			if e.RuleNumber < vpc.FinalDeny {
				last = max(last, e.RuleNumber)
			}
		}
	}
	if denied >= vpc.FinalDeny && last+100 < vpc.FinalDeny {
		return last + 100 // as people number them
	}
	for n := int(denied) - 1; n > 0; n-- {
		if !used[n] && n < vpc.FinalDeny {
			return n
		}
	}
	return 0
}

// meant is the private address that a packet of the internet is for, whichever address it has.
func (n *Network) meant(p *Path) netip.Addr {
	e := n.base.ENI(p.To)
	if e == nil {
		return netip.Addr{}
	}
	if private := e.PrivateOf(wire.AddrFrom(p.Packet.Dst)); !private.IsZero() {
		return private.Netip()
	}
	return p.Packet.Dst
}

// publicFor is the public address of an ENI's private one, the invalid one if it has none.
func publicFor(e *vpc.ENI, private netip.Addr) netip.Addr {
	for _, a := range e.Addrs() {
		if a.Private.Netip() == private && !a.Public.IsZero() {
			return a.Public.Netip()
		}
	}
	return netip.Addr{}
}

// publish gives an ENI's private address a public one, so that the internet reaches it. If the
// address has one, the internet is to send there.
func (f *fall) publish(eni string, private netip.Addr) []Change {
	e := f.base.ENI(eni)
	if e == nil || f.answer {
		return nil
	}
	if !private.Is4() || !e.Owns(wire.AddrFrom(private)) {
		return nil
	}
	if has := publicFor(e, private); has.IsValid() {
		return []Change{{Text: fmt.Sprintf("send to %s, the public address of %s", has, private), dst: has}}
	}
	public := f.freePublic()
	text := fmt.Sprintf("associate a public IPv4 address with %s of %s", private, eni)
	changes := f.editObject(eni, text, func(e *ec2.NetworkInterface) {
		e.PrivateIpAddresses = slices.Clone(e.PrivateIpAddresses)
		if len(e.PrivateIpAddresses) == 0 {
			e.PrivateIpAddresses = []ec2.NetworkInterfacePrivateIpAddress{{Primary: true, PrivateIpAddress: private}}
		}
		for i := range e.PrivateIpAddresses {
			if a := &e.PrivateIpAddresses[i]; a.PrivateIpAddress == private {
				a.Association = &ec2.NetworkInterfaceAssociation{PublicIp: public}
			}
		}
	})
	if f.path.From == "" {
		for i := range changes {
			changes[i].dst = public
		}
	}
	return changes
}

// freePublic is a public address that no ENI has: one of the provider's, if Placement tells them, or
// else one of a range for documentation (RFC 5737).
func (f *fall) freePublic() netip.Addr {
	taken := func(a netip.Addr) bool { return len(f.holdersOf(wire.AddrFrom(a))) > 0 }
	const probes = 256
	for _, p := range f.cfg.Placement.PublicPrefixes {
		a := p.Addr().Next()
		for i := 0; i < probes && p.Addr().Is4() && p.Contains(a); i++ {
			if !taken(a) {
				return a
			}
			a = a.Next()
		}
	}
	return netip.MustParseAddr("192.0.2.1")
}

// editENI is a change of the ENI at which the packet fell.
func (f *fall) editENI(text string, edit func(*ec2.NetworkInterface)) []Change {
	return f.editObject(f.hop.ENI.ID, text, edit)
}

// editObject is a change of an ENI.
func (f *fall) editObject(eni, text string, edit func(*ec2.NetworkInterface)) []Change {
	was, ok := f.base.Edit("NetworkInterfaces", eni).Object.(*ec2.NetworkInterface)
	if !ok {
		return nil
	}
	next := *was
	edit(&next)
	return []Change{{Text: text, Edits: []vpc.Edit{{Kind: "NetworkInterfaces", ID: eni, Object: &next}}}}
}

// openMail lifts the block of port 25, which AWS does if asked.
func (f *fall) openMail() []Change {
	p, ok := f.base.Edit(vpc.KindRegionPlacement, "").Object.(*vpc.Placement)
	if !ok {
		return nil
	}
	next := *p
	next.Port25 = "open"
	return []Change{{Text: "ask AWS to lift the block of TCP port 25 (here: Placement, Port25: open)", Edits: []vpc.Edit{{Kind: vpc.KindRegionPlacement, Object: &next}}}}
}

// routes lead to where the packet's destination is.
func (f *fall) routes() (all []Change) {
	table, ok := f.base.Edit("RouteTables", f.hop.ENI.Routes()).Object.(*ec2.RouteTable)
	if !ok {
		return nil
	}
	e, dst := f.hop.ENI, f.pass.Packet.Dst
	for _, p := range e.Peers() {
		if p.Has(wire.AddrFrom(dst)) {
			if to := p.Holder(wire.AddrFrom(dst)); to != nil {
				all = append(all, f.route(table, subnetOf(to, dst), ec2.Route{VpcPeeringConnectionId: p.ID}))
			}
		}
	}
	if dst.IsPrivate() || e.Neighbor(wire.AddrFrom(dst)) != nil {
		return all
	}
	everywhere := netip.PrefixFrom(dst, 0).Masked()
	if id := f.gatewayOf(e.VPC.ID); id != "" {
		all = append(all, f.route(table, everywhere, ec2.Route{GatewayId: id}))
	}
	for i := range f.cfg.NatGateways {
		if nat := &f.cfg.NatGateways[i]; dst.Is4() && nat.VpcId == e.VPC.ID && nat.ConnectivityType != "private" {
			all = append(all, f.route(table, everywhere, ec2.Route{NatGatewayId: nat.NatGatewayId}))
		}
	}
	return all
}

// subnetOf is the block of an ENI's subnet that has an address.
func subnetOf(e *vpc.ENI, a netip.Addr) netip.Prefix {
	if a.Is4() {
		return e.Subnet.Prefix.Masked()
	}
	return e.Subnet.Prefix6.Masked()
}

// route is a table with a route, in the place of one to the same destination.
func (f *fall) route(table *ec2.RouteTable, dest netip.Prefix, r ec2.Route) Change {
	r.Origin, r.State = "CreateRoute", "active"
	if dest.Addr().Is4() {
		r.DestinationCidrBlock = dest
	} else {
		r.DestinationIpv6CidrBlock = dest
	}
	next, do := *table, "add to"
	next.Routes = slices.DeleteFunc(slices.Clone(table.Routes), func(o ec2.Route) bool {
		same := o.DestinationCidrBlock == r.DestinationCidrBlock && o.DestinationIpv6CidrBlock == r.DestinationIpv6CidrBlock && o.DestinationPrefixListId == ""
		if same {
			do = "replace in"
		}
		return same
	})
	next.Routes = append(next.Routes, r)
	via := strings.Join([]string{r.GatewayId, r.NatGatewayId, r.VpcPeeringConnectionId}, "")
	return Change{Text: fmt.Sprintf("%s route table %s the route %s to %s", do, table.RouteTableId, dest, via),
		Edits: []vpc.Edit{{Kind: "RouteTables", ID: table.RouteTableId, Object: &next}}}
}
