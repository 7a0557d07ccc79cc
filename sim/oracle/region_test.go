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
	enis int
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
	for v := range r.upTo(1, 2) {
		r.vpc(v)
	}
	return r.Config
}

// name is the ID of an object of a kind.
func name(kind string, numbers ...int) string {
	for _, n := range numbers {
		kind += fmt.Sprintf("-%d", n)
	}
	return kind
}

// vpc adds a VPC and all that is in it. All VPCs have one CIDR: equal addresses of two
// customers must never meet.
func (r *region) vpc(v int) {
	id := name("vpc", v)
	r.Vpcs = append(r.Vpcs, ec2.Vpc{VpcId: id, CidrBlock: netip.MustParsePrefix("10.0.0.0/16")})
	r.Placement.Vnis[id] = uint32(5000 + v)
	r.InternetGateways = append(r.InternetGateways, ec2.InternetGateway{InternetGatewayId: name("igw", v),
		Attachments: []ec2.InternetGatewayAttachment{{VpcId: id, State: "available"}}})
	r.ManagedPrefixLists = append(r.ManagedPrefixLists, r.prefixList(v, forRules), r.prefixList(v, forRoutes))
	for g := range r.upTo(1, 4) {
		r.SecurityGroups = append(r.SecurityGroups, ec2.SecurityGroup{GroupId: name("sg", v, g), GroupName: name("sg", v, g), VpcId: id})
	}
	for s := range r.upTo(1, 3) {
		r.Subnets = append(r.Subnets, ec2.Subnet{SubnetId: name("subnet", v, s), VpcId: id, CidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(s), 0}), 24)})
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
		a := ec2.NetworkInterfacePrivateIpAddress{Primary: i == 0, PrivateIpAddress: netip.AddrFrom4([4]byte{10, 0, byte(s), byte(10 + 2*taken + i)})}
		if !r.oneIn(3) {
			a.Association = &ec2.NetworkInterfaceAssociation{PublicIp: netip.AddrFrom4([4]byte{35, 72, byte(i), byte(n)})}
		}
		e.PrivateIpAddresses = append(e.PrivateIpAddresses, a)
	}
	if r.oneIn(4) {
		e.Ipv4Prefixes = []ec2.Ipv4PrefixSpecification{{Ipv4Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(s), byte(128 + 16*taken)}), 28)}}
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
		rule.IpRanges = []ec2.IpRange{{CidrIp: one(r.dice, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("10.0.1.10/32")})}}
	case 4:
		rule.UserIdGroupPairs = []ec2.UserIdGroupPair{{GroupId: r.someGroups(v)[0].GroupId}}
	case 5:
		rule.PrefixListIds = []ec2.PrefixListId{{PrefixListId: name("pl", v, forRules)}}
	}
	return rule
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
	t.Routes = []ec2.Route{{DestinationCidrBlock: netip.MustParsePrefix("10.0.0.0/16"), GatewayId: "local", Origin: "CreateRouteTable", State: "active"}}
	if !r.oneIn(5) {
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: anyone, GatewayId: name("igw", v), Origin: "CreateRoute", State: "active"})
	}
	if r.oneIn(4) {
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: one(r.dice, outside), NatGatewayId: "nat-gone", Origin: "CreateRoute", State: "blackhole"})
	}
	if r.oneIn(4) {
		t.Routes = append(t.Routes, ec2.Route{DestinationPrefixListId: name("pl", v, forRoutes), GatewayId: name("igw", v), Origin: "CreateRoute", State: "active"})
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
			RuleAction: one(r.dice, []string{"allow", "allow", "deny"}), CidrBlock: one(r.dice, []netip.Prefix{anyone, anyone, outside[0], outside[1], netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("10.0.1.0/24")})}
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
