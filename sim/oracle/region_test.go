package oracle

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// dice makes everything that is random, out of one seed.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 0))} }

// oneIn is true once in n times.
func (d dice) oneIn(n int) bool { return d.IntN(n) == 0 }

// upTo is a number from least to most.
func (d dice) upTo(least, most int) int { return least + d.IntN(most-least+1) }

// one is an element of a list.
func one[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

// The few addresses and ports that everything random is made of, so that packets, rules
// and routes meet.
var (
	hosts   = []netip.Addr{netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("203.0.113.77"), netip.MustParseAddr("8.8.4.4")}
	ports   = []uint16{80, 443, 5000, 40000, 40001}
	anyone  = netip.MustParsePrefix("0.0.0.0/0")
	outside = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("203.0.113.9/32"), netip.MustParsePrefix("8.0.0.0/7")}
)

// region is a random region on its way.
type region struct {
	dice
	*vpc.Config
	enis   int
	peered bool // the VPCs; then they have CIDRs of their own
}

// randomRegion is some VPCs with a few of everything, on one to three cards.
func randomRegion(d dice) *vpc.Config {
	r := &region{dice: d, Config: &vpc.Config{}}
	r.Placement.Edge = vpc.EdgePlacement{Vtep: netip.MustParseAddr("172.16.0.1"), Mac: wire.MAC{2, 0, 0, 0, 0xed, 1}, UnderlayMac: wire.MAC{2, 0, 0, 0, 0xed, 2}}
	r.Placement.Vnis = map[string]uint32{}
	for i := range r.upTo(1, 3) {
		r.Placement.Cards = append(r.Placement.Cards, vpc.CardPlacement{Name: fmt.Sprintf("card-%d", i),
			Vtep: netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, 0, byte(11 + i)}), 24), Mac: wire.MAC{2, 0, 0, 0, 1, byte(i)}})
	}
	n := r.upTo(1, 3)
	if r.peered = n > 1 && r.oneIn(2); r.peered {
		r.peerings(n)
	}
	for v := range n {
		r.vpc(v)
	}
	return r.Config
}

// peerings join each VPC with the next one: the first and the last of three have no
// peering, and reach nothing of each other through the one between them.
func (r *region) peerings(n int) {
	for v := range n - 1 {
		end := func(v int) ec2.VpcPeeringConnectionVpcInfo {
			return ec2.VpcPeeringConnectionVpcInfo{VpcId: name("vpc", v), CidrBlock: cidrOf(v), OwnerId: "111122223333", Region: "eu-west-1"}
		}
		r.VpcPeeringConnections = append(r.VpcPeeringConnections, ec2.VpcPeeringConnection{VpcPeeringConnectionId: name("pcx", v),
			RequesterVpcInfo: end(v), AccepterVpcInfo: end(v + 1), Status: ec2.VpcPeeringConnectionStateReason{Code: "active"}})
	}
}

// cidrOf is the CIDR of a VPC that has peers.
func cidrOf(v int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(v), 0, 0}), 16)
}

// second is the second byte of a VPC's addresses. Without peerings all VPCs have one CIDR:
// equal addresses of two customers must never meet.
func (r *region) second(v int) byte {
	for _, of := range r.Vpcs {
		if of.VpcId == name("vpc", v) {
			return of.CidrBlock.Addr().As4()[1]
		}
	}
	return 0
}

// name is the ID of an object of a kind.
func name(kind string, numbers ...int) string {
	for _, n := range numbers {
		kind += fmt.Sprintf("-%d", n)
	}
	return kind
}

// vpc adds a VPC and all that is in it.
func (r *region) vpc(v int) {
	id := name("vpc", v)
	r.Vpcs = append(r.Vpcs, ec2.Vpc{VpcId: id, CidrBlock: cidrOf(0)})
	if r.peered {
		r.Vpcs[v].CidrBlock = cidrOf(v)
	}
	r.Placement.Vnis[id] = uint32(5000 + v)
	r.InternetGateways = append(r.InternetGateways, ec2.InternetGateway{InternetGatewayId: name("igw", v),
		Attachments: []ec2.InternetGatewayAttachment{{VpcId: id, State: "available"}}})
	r.ManagedPrefixLists = append(r.ManagedPrefixLists, r.prefixList(v, forRules), r.prefixList(v, forRoutes))
	for g := range r.upTo(1, 4) {
		r.SecurityGroups = append(r.SecurityGroups, ec2.SecurityGroup{GroupId: name("sg", v, g), GroupName: name("sg", v, g), VpcId: id})
	}
	for s := range r.upTo(1, 3) {
		r.Subnets = append(r.Subnets, ec2.Subnet{SubnetId: name("subnet", v, s), VpcId: id, CidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, r.second(v), byte(s), 0}), 24)})
		for range r.upTo(1, 3) {
			r.NetworkInterfaces = append(r.NetworkInterfaces, r.eni(v, s))
		}
	}
	for i := range r.SecurityGroups {
		if g := &r.SecurityGroups[i]; g.VpcId == id {
			r.rules(v, g)
		}
	}
	r.tables(v)
	r.acls(v)
}

// A VPC has two prefix lists: no route of EC2's leads into the VPC but by its own CIDRs.
const forRules, forRoutes = 0, 1

// prefixList is one of a VPC's two.
func (r *region) prefixList(v, use int) ec2.ManagedPrefixList {
	l := ec2.ManagedPrefixList{PrefixListId: name("pl", v, use), PrefixListName: "list", AddressFamily: "IPv4", Entries: []ec2.PrefixListEntry{}}
	for range r.upTo(0, 2) {
		l.Entries = append(l.Entries, ec2.PrefixListEntry{Cidr: one(r.dice, outside)})
	}
	if use == forRules && r.oneIn(2) {
		l.Entries = append(l.Entries, ec2.PrefixListEntry{Cidr: netip.MustParsePrefix("10.0.1.0/24")})
	}
	return l
}

// eni is an ENI of a subnet, on some card.
func (r *region) eni(v, s int) ec2.NetworkInterface {
	r.enis++
	n := r.enis
	e := ec2.NetworkInterface{NetworkInterfaceId: name("eni", n), VpcId: name("vpc", v), SubnetId: name("subnet", v, s),
		MacAddress: wire.MAC{6, 0, 0, 0, 0, byte(n)}, Attachment: &ec2.NetworkInterfaceAttachment{InstanceId: name("i", n)}}
	taken := 0 // of this subnet; both VPCs give out the same addresses
	for _, other := range r.NetworkInterfaces {
		if other.SubnetId == e.SubnetId {
			taken++
		}
	}
	for i := range r.upTo(1, 2) {
		a := ec2.NetworkInterfacePrivateIpAddress{Primary: i == 0, PrivateIpAddress: netip.AddrFrom4([4]byte{10, r.second(v), byte(s), byte(10 + 2*taken + i)})}
		if !r.oneIn(3) {
			a.Association = &ec2.NetworkInterfaceAssociation{PublicIp: netip.AddrFrom4([4]byte{35, 72, byte(i), byte(n)})}
		}
		e.PrivateIpAddresses = append(e.PrivateIpAddresses, a)
	}
	if r.oneIn(4) {
		e.Ipv4Prefixes = []ec2.Ipv4PrefixSpecification{{Ipv4Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, r.second(v), byte(s), byte(128 + 16*taken)}), 28)}}
	}
	if r.oneIn(4) {
		e.SourceDestCheck = new(bool)
	}
	if r.oneIn(3) {
		e.ConnectionTrackingConfiguration = &ec2.ConnectionTrackingConfiguration{TcpEstablishedTimeout: number(one(r.dice, []int{60, 350, 4000})),
			UdpTimeout: number(one(r.dice, []int{30, 45, 60})), UdpStreamTimeout: number(one(r.dice, []int{60, 120, 180}))}
	}
	e.Groups = r.someGroups(v)
	card := &r.Placement.Cards[r.IntN(len(r.Placement.Cards))]
	card.NetworkInterfaces = append(card.NetworkInterfaces, e.NetworkInterfaceId)
	return e
}

func number(n int) *int { return &n }

// someGroups are one or two groups of a VPC.
func (r *region) someGroups(v int) (some []ec2.GroupIdentifier) {
	var of []string
	for _, g := range r.SecurityGroups {
		if g.VpcId == name("vpc", v) {
			of = append(of, g.GroupId)
		}
	}
	r.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	for _, id := range of[:min(len(of), r.upTo(1, 2))] {
		some = append(some, ec2.GroupIdentifier{GroupId: id})
	}
	return some
}

// rules fills a group of a VPC anew.
func (r *region) rules(v int, g *ec2.SecurityGroup) {
	g.IpPermissions, g.IpPermissionsEgress = nil, nil
	for range r.upTo(0, 4) {
		g.IpPermissions = append(g.IpPermissions, r.rule(v))
	}
	if !r.oneIn(3) { // as EC2 makes groups
		g.IpPermissionsEgress = []ec2.IpPermission{{IpProtocol: "-1", IpRanges: []ec2.IpRange{{CidrIp: anyone}}}}
		return
	}
	for range r.upTo(0, 4) {
		g.IpPermissionsEgress = append(g.IpPermissionsEgress, r.rule(v))
	}
}

// rule is one of a VPC's groups.
func (r *region) rule(v int) ec2.IpPermission {
	rule := ec2.IpPermission{IpProtocol: one(r.dice, []string{"tcp", "tcp", "tcp", "udp", "udp", "icmp", "-1", "47", "6"})}
	switch rule.IpProtocol {
	case "tcp", "udp", "6":
		between := one(r.dice, [][2]int{{80, 80}, {443, 443}, {80, 443}, {0, 65535}, {1024, 65535}, {5000, 40000}})
		rule.FromPort, rule.ToPort = number(between[0]), number(between[1])
	case "icmp":
		kind := one(r.dice, [][2]int{{-1, -1}, {Echo, -1}, {Echo, 0}, {Unreachable, -1}, {Unreachable, 4}, {EchoReply, -1}})
		rule.FromPort, rule.ToPort = number(kind[0]), number(kind[1])
	}
	switch r.IntN(6) {
	case 0, 1:
		rule.IpRanges = []ec2.IpRange{{CidrIp: anyone}}
	case 2:
		rule.IpRanges = []ec2.IpRange{{CidrIp: one(r.dice, outside)}}
	case 3:
		rule.IpRanges = []ec2.IpRange{{CidrIp: one(r.dice, []netip.Prefix{cidrOf(0), cidrOf(1), netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("10.0.1.10/32")})}}
	case 4:
		rule.UserIdGroupPairs = []ec2.UserIdGroupPair{r.reference(v)}
	case 5:
		rule.PrefixListIds = []ec2.PrefixListId{{PrefixListId: name("pl", v, forRules)}}
	}
	return rule
}

// reference names a group of a VPC, or of a peer.
func (r *region) reference(v int) ec2.UserIdGroupPair {
	for _, p := range r.VpcPeeringConnections {
		if p.AccepterVpcInfo.VpcId != name("vpc", v) || !r.oneIn(2) {
			continue
		}
		peer := number0(p.RequesterVpcInfo.VpcId) // the peers that came before have their groups by now
		return ec2.UserIdGroupPair{GroupId: r.someGroups(peer)[0].GroupId, VpcId: p.RequesterVpcInfo.VpcId, UserId: "111122223333",
			VpcPeeringConnectionId: p.VpcPeeringConnectionId, PeeringStatus: "active"}
	}
	return ec2.UserIdGroupPair{GroupId: r.someGroups(v)[0].GroupId}
}

// tables are the main route table of a VPC, and maybe one for its first subnet.
func (r *region) tables(v int) {
	main := ec2.RouteTable{RouteTableId: name("rtb", v, 0), VpcId: name("vpc", v), Associations: []ec2.RouteTableAssociation{{Main: true}}}
	r.routes(v, &main)
	r.RouteTables = append(r.RouteTables, main)
	if r.oneIn(2) {
		of := ec2.RouteTable{RouteTableId: name("rtb", v, 1), VpcId: name("vpc", v), Associations: []ec2.RouteTableAssociation{{SubnetId: name("subnet", v, 0)}}}
		r.routes(v, &of)
		r.RouteTables = append(r.RouteTables, of)
	}
}

// routes fills a route table anew.
func (r *region) routes(v int, t *ec2.RouteTable) {
	add := func(route ec2.Route) {
		route.Origin, route.State = "CreateRoute", "active"
		t.Routes = append(t.Routes, route)
	}
	t.Routes = []ec2.Route{{DestinationCidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, r.second(v), 0, 0}), 16), GatewayId: "local", Origin: "CreateRouteTable", State: "active"}}
	for _, p := range r.VpcPeeringConnections {
		for _, ends := range [][2]string{{p.RequesterVpcInfo.VpcId, p.AccepterVpcInfo.VpcId}, {p.AccepterVpcInfo.VpcId, p.RequesterVpcInfo.VpcId}} {
			if ends[0] == t.VpcId && !r.oneIn(4) {
				add(ec2.Route{DestinationCidrBlock: cidrOf(number0(ends[1])), VpcPeeringConnectionId: p.VpcPeeringConnectionId})
			}
		}
		if v == 0 && p.RequesterVpcInfo.VpcId == t.VpcId && r.oneIn(2) { // beyond the peer, where nothing carries it
			add(ec2.Route{DestinationCidrBlock: cidrOf(2), VpcPeeringConnectionId: p.VpcPeeringConnectionId})
		}
	}
	r.middleboxes(v, t, add)
	if !r.oneIn(5) {
		add(ec2.Route{DestinationCidrBlock: anyone, GatewayId: name("igw", v)})
	}
	if r.oneIn(4) {
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: one(r.dice, outside), NatGatewayId: "nat-gone", Origin: "CreateRoute", State: "blackhole"})
	}
	if r.oneIn(4) {
		add(ec2.Route{DestinationPrefixListId: name("pl", v, forRoutes), GatewayId: name("igw", v)})
	}
}

// middleboxes have a table of a VPC's first subnet lead to an ENI of its last one: "in another
// subnet than both ends".
func (r *region) middleboxes(v int, t *ec2.RouteTable, add func(ec2.Route)) {
	var subnets []ec2.Subnet
	for _, s := range r.Subnets {
		if s.VpcId == t.VpcId {
			subnets = append(subnets, s)
		}
	}
	if t.Associations[0].Main || len(subnets) < 2 || r.oneIn(2) {
		return
	}
	for _, e := range r.NetworkInterfaces {
		if e.SubnetId != subnets[len(subnets)-1].SubnetId || r.oneIn(2) {
			continue
		}
		if len(subnets) > 2 {
			add(ec2.Route{DestinationCidrBlock: subnets[1].CidrBlock, NetworkInterfaceId: e.NetworkInterfaceId})
		}
		if r.oneIn(2) {
			add(ec2.Route{DestinationCidrBlock: netip.MustParsePrefix("203.0.113.64/26"), InstanceId: e.Attachment.InstanceId, NetworkInterfaceId: e.NetworkInterfaceId})
		}
		return
	}
}

// acls are the default network ACL of a VPC, and maybe one for its last subnet.
func (r *region) acls(v int) {
	acl := ec2.NetworkAcl{NetworkAclId: name("acl", v, 0), VpcId: name("vpc", v), IsDefault: true}
	last := ""
	for _, s := range r.Subnets {
		if s.VpcId == acl.VpcId {
			last = s.SubnetId
			acl.Associations = append(acl.Associations, ec2.NetworkAclAssociation{SubnetId: s.SubnetId})
		}
	}
	for _, egress := range []bool{false, true} {
		acl.Entries = append(acl.Entries, ec2.NetworkAclEntry{RuleNumber: 100, Egress: egress, Protocol: "-1", RuleAction: "allow", CidrBlock: anyone}, final(egress))
	}
	if r.oneIn(2) {
		acl.Associations = acl.Associations[:len(acl.Associations)-1]
		own := ec2.NetworkAcl{NetworkAclId: name("acl", v, 1), VpcId: acl.VpcId, Associations: []ec2.NetworkAclAssociation{{SubnetId: last}}}
		r.entries(&own)
		r.NetworkAcls = append(r.NetworkAcls, own)
	}
	r.NetworkAcls = append(r.NetworkAcls, acl)
}

// final is the deny that ends each direction of an ACL.
func final(egress bool) ec2.NetworkAclEntry {
	return ec2.NetworkAclEntry{RuleNumber: 32767, Egress: egress, Protocol: "-1", RuleAction: "deny", CidrBlock: anyone}
}

// entries fills an ACL anew, in no order.
func (r *region) entries(acl *ec2.NetworkAcl) {
	acl.Entries = []ec2.NetworkAclEntry{final(true), final(false)}
	used := map[int]bool{}
	for range r.upTo(2, 8) {
		e := ec2.NetworkAclEntry{RuleNumber: r.upTo(1, 20), Egress: r.oneIn(2), Protocol: one(r.dice, []string{"-1", "-1", "6", "17", "1", "47"}),
			RuleAction: one(r.dice, []string{"allow", "allow", "deny"}), CidrBlock: one(r.dice, []netip.Prefix{anyone, anyone, outside[0], outside[1], cidrOf(0), cidrOf(1), netip.MustParsePrefix("10.0.1.0/24")})}
		if used[e.RuleNumber] {
			continue
		}
		used[e.RuleNumber] = true
		switch e.Protocol {
		case "6", "17":
			between := one(r.dice, [][2]int{{0, 65535}, {80, 80}, {443, 5000}, {1024, 65535}})
			e.PortRange = &ec2.PortRange{From: between[0], To: between[1]}
		case "1":
			kind := one(r.dice, [][2]int{{-1, -1}, {Echo, -1}, {EchoReply, 0}, {Unreachable, 4}})
			e.IcmpTypeCode = &ec2.IcmpTypeCode{Type: kind[0], Code: kind[1]}
		}
		acl.Entries = append(acl.Entries, e)
	}
}
