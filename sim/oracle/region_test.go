package oracle

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/vpc/vpctest"
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
	hosts    = []netip.Addr{netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("203.0.113.77"), netip.MustParseAddr("8.8.4.4")}
	hosts6   = []netip.Addr{netip.MustParseAddr("2001:db8:9::9"), netip.MustParseAddr("2001:db8:9::77"), netip.MustParseAddr("2600:1f00::4")}
	ports    = []uint16{80, 443, 5000, 40000, 40001}
	anyone   = netip.MustParsePrefix("0.0.0.0/0")
	anyone6  = netip.MustParsePrefix("::/0")
	outside  = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("203.0.113.9/32"), netip.MustParsePrefix("8.0.0.0/7")}
	outside6 = []netip.Prefix{netip.MustParsePrefix("2001:db8:9::/48"), netip.MustParsePrefix("2001:db8:9::9/128"), netip.MustParsePrefix("2600::/12"), nat64}
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
	vtep := netip.MustParsePrefix("172.16.0.11/24")
	if r.oneIn(4) {
		r.Placement.Edge.Vtep, vtep = netip.MustParseAddr("fd00:16::1"), netip.MustParsePrefix("fd00:16::11/64")
	}
	for i := range r.upTo(1, 3) {
		r.Placement.Cards = append(r.Placement.Cards, vpc.CardPlacement{Name: fmt.Sprintf("card-%d", i), Vtep: vtep, Mac: wire.MAC{2, 0, 0, 0, 1, byte(i)}})
		vtep = netip.PrefixFrom(vtep.Addr().Next(), vtep.Bits())
	}
	if r.oneIn(3) {
		r.Placement.Port25 = "open"
	}
	r.blockPublicAccess()
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

// cidr6Of is the IPv6 CIDR of a VPC, which no other VPC has.
func cidr6Of(v int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 0, byte(v)}), 56)
}

// has6 tells whether a VPC has IPv6.
func (r *region) has6(v int) bool { return len(r.blocksIn(v, true)) > 0 }

// blockPublicAccess closes the internet gateways of some regions, and excludes some subnets.
func (r *region) blockPublicAccess() {
	if !r.oneIn(5) {
		return
	}
	r.VpcBlockPublicAccessOptions = []ec2.VpcBlockPublicAccessOptions{{InternetGatewayBlockMode: one(r.dice, []string{blockIngress, blockBidirectional})}}
	r.Unenforced = map[string][]any{}
	for _, of := range []string{"vpc/vpc-1", "subnet/subnet-0-0", "subnet/subnet-1-1"} {
		if r.oneIn(2) {
			r.Unenforced["VpcBlockPublicAccessExclusions"] = append(r.Unenforced["VpcBlockPublicAccessExclusions"], map[string]any{
				"ResourceArn": "arn:aws:ec2:eu-west-1:111122223333:" + of, "State": "create-complete",
				"InternetGatewayExclusionMode": one(r.dice, []string{"allow-bidirectional", "allow-egress"})})
		}
	}
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
	if !r.oneIn(4) {
		r.Vpcs[v].Ipv6CidrBlockAssociationSet = []ec2.VpcIpv6CidrBlockAssociation{{Ipv6CidrBlock: cidr6Of(v), Ipv6CidrBlockState: ec2.VpcCidrBlockState{State: "associated"}}}
	}
	r.furtherBlocks(v)
	r.Placement.Vnis[id] = uint32(5000 + v)
	r.InternetGateways = append(r.InternetGateways, ec2.InternetGateway{InternetGatewayId: name("igw", v),
		Attachments: []ec2.InternetGatewayAttachment{{VpcId: id, State: "available"}}})
	for use := range prefixLists {
		r.ManagedPrefixLists = append(r.ManagedPrefixLists, r.prefixList(v, use))
	}
	for g := range r.upTo(1, 4) {
		r.SecurityGroups = append(r.SecurityGroups, ec2.SecurityGroup{GroupId: name("sg", v, g), GroupName: name("sg", v, g), VpcId: id})
	}
	r.borrow(v)
	for s := range r.upTo(1, 3) {
		r.Subnets = append(r.Subnets, r.subnet(v, s))
		for range r.upTo(1, 3) {
			r.NetworkInterfaces = append(r.NetworkInterfaces, r.eni(v, s))
		}
	}
	r.natGateway(v)
	for i := range r.SecurityGroups {
		if g := &r.SecurityGroups[i]; g.VpcId == id {
			r.rules(v, g)
		}
	}
	r.tables(v)
	r.gatewayTable(v)
	r.acls(v)
}

// subnet is one with IPv4, IPv6 or both.
func (r *region) subnet(v, s int) ec2.Subnet {
	subnet := ec2.Subnet{SubnetId: name("subnet", v, s), AvailabilityZone: name("zone", r.IntN(2)), VpcId: name("vpc", v), CidrBlock: r.blockFor(v, s)}
	if !r.has6(v) || r.oneIn(4) {
		return subnet
	}
	subnet.Ipv6CidrBlockAssociationSet = []ec2.SubnetIpv6CidrBlockAssociation{{Ipv6CidrBlock: r.block6For(v, s), Ipv6CidrBlockState: ec2.SubnetCidrBlockState{State: "associated"}}}
	if r.oneIn(6) {
		subnet.CidrBlock = netip.Prefix{}
	}
	return subnet
}

// subnet6 is the IPv6 CIDR of a subnet.
func subnet6(v, s int) netip.Prefix {
	a := cidr6Of(v).Addr().As16()
	a[7] = byte(s)
	return netip.PrefixFrom(netip.AddrFrom16(a), 64)
}

// A VPC has two prefix lists of each family: no route of EC2's leads into the VPC but by its
// own CIDRs.
const forRules, forRoutes, forRules6, forRoutes6, prefixLists = 0, 1, 2, 3, 4

// prefixList is one of a VPC's.
func (r *region) prefixList(v, use int) ec2.ManagedPrefixList {
	l := ec2.ManagedPrefixList{PrefixListId: name("pl", v, use), PrefixListName: "list", AddressFamily: "IPv4", Entries: []ec2.PrefixListEntry{}}
	beyond, within := outside, netip.MustParsePrefix("10.0.1.0/24")
	if use >= forRules6 {
		l.AddressFamily, beyond, within = "IPv6", outside6, subnet6(0, 1)
	}
	for range r.upTo(0, 2) {
		l.Entries = append(l.Entries, ec2.PrefixListEntry{Cidr: one(r.dice, beyond)})
	}
	if (use == forRules || use == forRules6) && r.oneIn(2) {
		l.Entries = append(l.Entries, ec2.PrefixListEntry{Cidr: within})
	}
	return l
}

// eni is an ENI of a subnet, on some card.
func (r *region) eni(v, s int) ec2.NetworkInterface {
	r.enis++
	n := r.enis
	e := ec2.NetworkInterface{NetworkInterfaceId: name("eni", n), VpcId: name("vpc", v), SubnetId: name("subnet", v, s),
		MacAddress: macOf(n)}
	taken := 0 // of this subnet; both VPCs give out the same addresses
	for _, other := range r.NetworkInterfaces {
		if other.SubnetId == e.SubnetId {
			taken++
		}
	}
	home := r.Subnets[slices.IndexFunc(r.Subnets, func(of ec2.Subnet) bool { return of.SubnetId == e.SubnetId })]
	r.addresses6(&e, home, taken)
	for i := range r.upTo(1, 2) {
		if !home.CidrBlock.IsValid() {
			break
		}
		a := ec2.NetworkInterfacePrivateIpAddress{Primary: i == 0, PrivateIpAddress: addressIn(home, 10+2*taken+i)}
		if !r.oneIn(3) {
			a.Association = &ec2.NetworkInterfaceAssociation{PublicIp: netip.AddrFrom4([4]byte{35, 72, byte(i), byte(n)})}
		}
		e.PrivateIpAddresses = append(e.PrivateIpAddresses, a)
	}
	if r.oneIn(4) && home.CidrBlock.IsValid() {
		e.Ipv4Prefixes = []ec2.Ipv4PrefixSpecification{{Ipv4Prefix: netip.PrefixFrom(addressIn(home, 128+16*taken), 28)}}
	}
	if r.oneIn(4) {
		e.SourceDestCheck = new(bool)
	}
	if r.oneIn(3) {
		e.ConnectionTrackingConfiguration = &ec2.ConnectionTrackingConfiguration{TcpEstablishedTimeout: number(one(r.dice, []int{60, 350, 4000})),
			UdpTimeout: number(one(r.dice, []int{30, 45, 60})), UdpStreamTimeout: number(one(r.dice, []int{60, 120, 180}))}
	}
	e.Groups = r.someGroups(v)
	r.attach(&e, home)
	return e
}

// addresses6 gives an ENI addresses of IPv6, as the n-th of its subnet.
func (r *region) addresses6(e *ec2.NetworkInterface, home ec2.Subnet, n int) {
	for _, block := range home.Ipv6CidrBlockAssociationSet {
		a := block.Ipv6CidrBlock.Addr().As16()
		for i := range r.upTo(1, 2) {
			a[15] = byte(0x10 + 2*n + i)
			e.Ipv6Addresses = append(e.Ipv6Addresses, ec2.NetworkInterfaceIpv6Address{Ipv6Address: netip.AddrFrom16(a)})
		}
		if r.oneIn(4) {
			a[9], a[15] = byte(n+1), 0
			e.Ipv6Prefixes = []ec2.Ipv6PrefixSpecification{{Ipv6Prefix: netip.PrefixFrom(netip.AddrFrom16(a), 80)}}
		}
	}
}

func number(n int) *int { return &n }

// someGroups are one or two groups that are in force in a VPC.
func (r *region) someGroups(v int) (some []ec2.GroupIdentifier) {
	w, of := World{Config: r.Config}, []string{}
	for _, g := range r.SecurityGroups {
		if w.inForce(g.GroupId, name("vpc", v)) {
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
		g.IpPermissions = vpctest.Distinct(append(g.IpPermissions, r.rule(v)))
	}
	if !r.oneIn(3) { // as EC2 makes groups
		g.IpPermissionsEgress = []ec2.IpPermission{{IpProtocol: "-1", IpRanges: []ec2.IpRange{{CidrIp: anyone}}}}
		if r.has6(v) {
			g.IpPermissionsEgress[0].Ipv6Ranges = []ec2.Ipv6Range{{CidrIpv6: anyone6}}
		}
		return
	}
	for range r.upTo(0, 4) {
		g.IpPermissionsEgress = vpctest.Distinct(append(g.IpPermissionsEgress, r.rule(v)))
	}
}

// rule is one of a VPC's groups.
func (r *region) rule(v int) ec2.IpPermission {
	rule := ec2.IpPermission{IpProtocol: one(r.dice, []string{"tcp", "tcp", "tcp", "udp", "udp", "icmp", "icmpv6", "-1", "47", "6", "58"})}
	switch rule.IpProtocol {
	case "tcp", "udp", "6":
		between := one(r.dice, [][2]int{{80, 80}, {443, 443}, {80, 443}, {0, 65535}, {1024, 65535}, {5000, 40000}})
		rule.FromPort, rule.ToPort = number(between[0]), number(between[1])
	case "icmp":
		kind := one(r.dice, [][2]int{{-1, -1}, {Echo, -1}, {Echo, 0}, {Unreachable, -1}, {Unreachable, 4}, {EchoReply, -1}})
		rule.FromPort, rule.ToPort = number(kind[0]), number(kind[1])
	case "icmpv6", "58":
		kind := one(r.dice, [][2]int{{-1, -1}, {Echo6, -1}, {Echo6, 0}, {Unreachable6, -1}, {TooBig6, 0}, {EchoReply6, -1}})
		rule.FromPort, rule.ToPort = number(kind[0]), number(kind[1])
	}
	switch r.IntN(6) {
	case 0, 1:
		r.from(&rule, anyone, anyone6)
	case 2:
		r.from(&rule, one(r.dice, outside), one(r.dice, outside6))
	case 3:
		r.from(&rule, one(r.dice, []netip.Prefix{cidrOf(0), cidrOf(1), netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("10.0.1.10/32"), r.further(v)[0], r.further(v)[1]}),
			one(r.dice, []netip.Prefix{cidr6Of(0), cidr6Of(1), subnet6(0, 0), netip.PrefixFrom(subnet6(0, 1).Addr(), 127), r.further(v)[2]}))
	case 4:
		rule.UserIdGroupPairs = []ec2.UserIdGroupPair{r.reference(v)}
	case 5:
		rule.PrefixListIds = []ec2.PrefixListId{{PrefixListId: name("pl", v, one(r.dice, []int{forRules, forRules6}))}}
	}
	return rule
}

// from gives a rule a block of one family, or of both.
func (r *region) from(rule *ec2.IpPermission, v4, v6 netip.Prefix) {
	family := r.IntN(4)
	if family != 0 {
		rule.IpRanges = []ec2.IpRange{{CidrIp: v4}}
	}
	if family < 2 {
		rule.Ipv6Ranges = []ec2.Ipv6Range{{CidrIpv6: v6}}
	}
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
	if t := r.natTable(v, r.natIn(v)); t.RouteTableId != "" {
		r.RouteTables = append(r.RouteTables, t)
	}
}

// routes fills a route table anew.
func (r *region) routes(v int, t *ec2.RouteTable) {
	add := func(route ec2.Route) {
		route.Origin, route.State = "CreateRoute", "active"
		t.Routes = append(t.Routes, route)
	}
	t.Routes = r.locals(v)
	for _, p := range r.VpcPeeringConnections {
		for _, ends := range [][2]string{{p.RequesterVpcInfo.VpcId, p.AccepterVpcInfo.VpcId}, {p.AccepterVpcInfo.VpcId, p.RequesterVpcInfo.VpcId}} {
			if ends[0] == t.VpcId {
				r.toPeer(v, number0(ends[1]), p.VpcPeeringConnectionId, add)
			}
		}
		if v == 0 && p.RequesterVpcInfo.VpcId == t.VpcId && r.oneIn(2) { // beyond the peer, where nothing carries it
			add(ec2.Route{DestinationCidrBlock: cidrOf(2), VpcPeeringConnectionId: p.VpcPeeringConnectionId})
		}
	}
	r.middleboxes(v, t, add)
	r.routes6(v, t, add)
	switch nat := r.hasNAT(v); {
	case nat && (!t.Associations[0].Main && !r.oneIn(3) || r.oneIn(10)):
		add(ec2.Route{DestinationCidrBlock: anyone, NatGatewayId: r.natIn(v).NatGatewayId})
	case !r.oneIn(5):
		add(ec2.Route{DestinationCidrBlock: anyone, GatewayId: name("igw", v)})
	}
	if r.peered && r.hasNAT(v) && r.oneIn(2) {
		r.peersByNAT(v, t)
	}
	if r.oneIn(4) {
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: one(r.dice, outside), NatGatewayId: "nat-gone", Origin: "CreateRoute", State: "blackhole"})
	}
	if r.oneIn(4) {
		add(r.byList(v, forRoutes))
	}
}

// byList is a route to what is in a prefix list.
func (r *region) byList(v, list int) ec2.Route {
	route := ec2.Route{DestinationPrefixListId: name("pl", v, list)}
	switch {
	case r.hasNAT(v) && r.oneIn(3):
		route.NatGatewayId = r.natIn(v).NatGatewayId
	default:
		route.GatewayId = name("igw", v)
	}
	return route
}

// routes6 are the routes of IPv6.
func (r *region) routes6(v int, t *ec2.RouteTable, add func(ec2.Route)) {
	if !r.has6(v) {
		return
	}
	if r.hasNAT(v) && !r.oneIn(3) {
		add(ec2.Route{DestinationIpv6CidrBlock: nat64, NatGatewayId: r.natIn(v).NatGatewayId})
	}
	switch r.IntN(5) {
	case 0, 1:
		add(ec2.Route{DestinationIpv6CidrBlock: anyone6, GatewayId: name("igw", v)})
	case 2, 3:
		add(ec2.Route{DestinationIpv6CidrBlock: anyone6, EgressOnlyInternetGatewayId: name("eigw", v)})
	}
	if r.oneIn(4) {
		add(r.byList(v, forRoutes6))
	}
}

// middleboxes have a table of a VPC's first subnet lead to an ENI of its last one: "in another
// subnet than both ends".
func (r *region) middleboxes(v int, t *ec2.RouteTable, add func(ec2.Route)) {
	subnets := r.subnetsOf(t.VpcId)
	if t.Associations[0].Main || len(subnets) < 2 || r.oneIn(2) {
		return
	}
	for _, e := range r.NetworkInterfaces {
		if e.SubnetId != subnets[len(subnets)-1].SubnetId || e.Attachment == nil || r.oneIn(2) {
			continue
		}
		if len(subnets) > 2 && subnets[1].CidrBlock.IsValid() {
			add(ec2.Route{DestinationCidrBlock: subnets[1].CidrBlock, NetworkInterfaceId: e.NetworkInterfaceId})
		}
		if len(subnets) > 2 && len(subnets[1].Ipv6CidrBlockAssociationSet) > 0 {
			add(ec2.Route{DestinationIpv6CidrBlock: subnets[1].Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock, NetworkInterfaceId: e.NetworkInterfaceId})
		}
		if r.oneIn(2) {
			add(r.byInstance(e, ec2.Route{DestinationCidrBlock: netip.MustParsePrefix("203.0.113.64/26")}))
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
		acl.Entries = append(acl.Entries, ec2.NetworkAclEntry{RuleNumber: 100, Egress: egress, Protocol: "-1", RuleAction: "allow", CidrBlock: anyone},
			ec2.NetworkAclEntry{RuleNumber: 101, Egress: egress, Protocol: "-1", RuleAction: "allow", Ipv6CidrBlock: anyone6})
		acl.Entries = append(acl.Entries, final(egress)...)
	}
	if r.oneIn(2) {
		acl.Associations = acl.Associations[:len(acl.Associations)-1]
		own := ec2.NetworkAcl{NetworkAclId: name("acl", v, 1), VpcId: acl.VpcId, Associations: []ec2.NetworkAclAssociation{{SubnetId: last}}}
		r.entries(&own)
		r.NetworkAcls = append(r.NetworkAcls, own)
	}
	r.NetworkAcls = append(r.NetworkAcls, acl)
}

// final are the denies that end each direction of an ACL.
func final(egress bool) []ec2.NetworkAclEntry {
	return []ec2.NetworkAclEntry{{RuleNumber: 32767, Egress: egress, Protocol: "-1", RuleAction: "deny", CidrBlock: anyone},
		{RuleNumber: 32768, Egress: egress, Protocol: "-1", RuleAction: "deny", Ipv6CidrBlock: anyone6}}
}

// entries fills an ACL anew, in no order.
func (r *region) entries(acl *ec2.NetworkAcl) {
	acl.Entries = append(final(true), final(false)...)
	used := map[int]bool{}
	for range r.upTo(2, 8) {
		e := ec2.NetworkAclEntry{RuleNumber: r.upTo(1, 20), Egress: r.oneIn(2), Protocol: one(r.dice, []string{"-1", "-1", "6", "17", "1", "58", "47"}),
			RuleAction: one(r.dice, []string{"allow", "allow", "deny"}), CidrBlock: one(r.dice, []netip.Prefix{anyone, anyone, outside[0], outside[1], cidrOf(0), cidrOf(1), netip.MustParsePrefix("10.0.1.0/24")})}
		if used[e.RuleNumber] {
			continue
		}
		used[e.RuleNumber] = true
		if r.oneIn(2) {
			e.CidrBlock, e.Ipv6CidrBlock = netip.Prefix{}, one(r.dice, []netip.Prefix{anyone6, anyone6, outside6[0], outside6[1], cidr6Of(0), cidr6Of(1), subnet6(0, 1)})
		}
		switch e.Protocol {
		case "6", "17":
			between := one(r.dice, [][2]int{{0, 65535}, {80, 80}, {443, 5000}, {1024, 65535}})
			e.PortRange = &ec2.PortRange{From: between[0], To: between[1]}
		case "1":
			kind := one(r.dice, [][2]int{{-1, -1}, {Echo, -1}, {EchoReply, 0}, {Unreachable, 4}})
			e.IcmpTypeCode = &ec2.IcmpTypeCode{Type: kind[0], Code: kind[1]}
		case "58":
			kind := one(r.dice, [][2]int{{-1, -1}, {Echo6, -1}, {EchoReply6, 0}, {TooBig6, 0}})
			e.IcmpTypeCode = &ec2.IcmpTypeCode{Type: kind[0], Code: kind[1]}
		}
		acl.Entries = append(acl.Entries, e)
	}
}
