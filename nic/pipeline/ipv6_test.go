package pipeline

import (
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// The IPv6 addresses of eni-a1, of its neighbor eni-a2, of eni-a4 in the other subnet, and
// of eni-a5 on the other server.
const a1v6, a2v6, a4v6, a5v6 = "2001:db8:a:1::5", "2001:db8:a:1::6", "2001:db8:a:2::8", "2001:db8:a:1::7"

func tcp6(from, to string, flags uint8) wiretest.Packet { return wiretest.TCP(from, to).Flags(flags) }

// A tracked connection over IPv6 is one of both directions, known by its addresses, and
// nobody else's packets are its.
func TestIPv6IsTracked(t *testing.T) {
	x := newRig(t)
	x.fromInternet("eni-a1", tcp6("["+other6+"]:443", "["+a1v6+"]:40000", wire.TCPAck)).dropped(SecurityGroupIn)
	within := x.fromGuest("eni-a1", tcp6("["+a1v6+"]:40000", "["+other6+"]:443", wire.TCPSyn)).tunneled(edge, vniA)
	require.Equal(t, a1v6, header(t, within).Src.String(), "nothing is translated")
	answer := tcp6("["+other6+"]:443", "["+a1v6+"]:40000", wire.TCPSyn|wire.TCPAck)
	x.fromInternet("eni-a1", answer).delivered("eni-a1")
	x.fromInternet("eni-a1", answer.Flags(wire.TCPAck)).delivered("eni-a1")
	x.fromInternet("eni-a1", tcp6("[2001:db8:eeee::6]:443", "["+a1v6+"]:40000", wire.TCPSyn|wire.TCPAck)).dropped(SecurityGroupIn)

	c := x.flow("eni-a1")
	require.Equal(t, []any{"local", "SYN_RECEIVED", true, uint64(2), uint64(1)}, []any{c.Initiator, c.State, c.Tracked, c.PacketsIn, c.PacketsOut})
	x.Flows.Walk(0, 1<<30, func(at uint32, k *flow.Key, _ *flow.Conn) {
		require.Equal(t, flow.Pair{Local: wiretest.Addr(a1v6), Remote: wiretest.Addr(other6)}, x.Flows.PairOf(at, k))
	})
}

// Two connections whose addresses have one fingerprint: the second leaves no record, is
// judged packet by packet, and never passes as the first. Whoever knows the table's seed
// can find such addresses; the rig's is 1.
func TestIPv6AddressesWithOneFingerprint(t *testing.T) {
	x := newRig(t)
	random := rand.New(rand.NewPCG(1, 0x6964))
	random.Uint64()
	random.Uint64()
	half := bits.ReverseBytes64(random.Uint64())
	first, second := wire.AddrFromWords(half, 1).String(), wire.AddrFromWords(half, 2).String()
	require.Equal(t, x.Flows.Fold(&flow.Pair{Local: wiretest.Addr(a1v6), Remote: wiretest.Addr(first)}), x.Flows.Fold(&flow.Pair{Local: wiretest.Addr(a1v6), Remote: wiretest.Addr(second)}))
	x.fromGuest("eni-a1", tcp6("["+a1v6+"]:40000", "["+first+"]:443", wire.TCPSyn)).tunneled(edge, vniA)
	for range 2 {
		x.fromInternet("eni-a1", tcp6("["+second+"]:443", "["+a1v6+"]:40000", wire.TCPSyn|wire.TCPAck)).dropped(SecurityGroupIn)
		x.fromInternet("eni-a1", tcp6("["+second+"]:443", "["+a1v6+"]:40000", wire.TCPAck)).dropped(SecurityGroupIn)
		x.fromGuest("eni-a1", tcp6("["+a1v6+"]:40000", "["+second+"]:443", wire.TCPSyn).Seq(9, 0)).tunneled(edge, vniA)
		x.fromGuest("eni-a1", tcp6("["+a1v6+"]:40000", "["+second+"]:443", wire.TCPAck)).tunneled(edge, vniA)
	}
	c := x.flow("eni-a1")
	require.Equal(t, []any{uint64(0), uint64(1), "SYN_SENT"}, []any{c.PacketsIn, c.PacketsOut, c.State})
	x.fromInternet("eni-a1", tcp6("["+first+"]:443", "["+a1v6+"]:40000", wire.TCPSyn|wire.TCPAck).Seq(1, 2)).delivered("eni-a1")
}

// Per family: ::/0 on both sides makes a flow untracked, whatever IPv4's rules say (2.2,
// "removing only the v4 outbound rule makes v4 tracked").
func TestUntrackedPerFamily(t *testing.T) {
	x := newRig(t)
	x.fromInternet("eni-a1", tcp6("["+other6+"]:40000", "["+a1v6+"]:80", wire.TCPSyn)).delivered("eni-a1")
	require.False(t, x.flow("eni-a1").Tracked)
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a,
		IpPermissions: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 0.0.0.0/0}], Ipv6Ranges: [{CidrIpv6: "::/0"}]}],
		IpPermissionsEgress: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}]}`)
	x.fromInternet("eni-a1", tcp6("["+other6+"]:40001", "["+a1v6+"]:80", wire.TCPSyn)).delivered("eni-a1")
	x.fromInternet("eni-a1", wiretest.TCP(other+":40002", "35.72.2.8:80").Flags(wire.TCPSyn)).delivered("eni-a1")
	var tracked []bool
	for _, c := range x.flows("eni-a1") {
		tracked = append(tracked, c.Tracked)
	}
	require.ElementsMatch(t, []bool{false, false, true}, tracked)
}

// A rule with a group matches its members' IPv6 addresses (2.1), of ICMPv6 by its own
// types.
func TestIPv6OfAGroup(t *testing.T) {
	x := newRig(t)
	x.fromGuest("eni-a1", tcp6("["+a1v6+"]:40000", "["+a4v6+"]:5432", wire.TCPSyn)).delivered("eni-a4")
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissions: [{IpProtocol: icmp, FromPort: -1, ToPort: -1, UserIdGroupPairs: [{GroupId: sg-a-web}]}]}`)
	x.fromGuest("eni-a1", wiretest.Echo("10.0.1.5", "10.0.2.8", 1)).delivered("eni-a4")
	x.fromGuest("eni-a1", wiretest.Echo(a1v6, a4v6, 1)).dropped(SecurityGroupIn)
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissions: [{IpProtocol: icmpv6, FromPort: 128, ToPort: -1, UserIdGroupPairs: [{GroupId: sg-a-web}]}]}`)
	x.fromGuest("eni-a1", wiretest.Echo(a1v6, a4v6, 2)).delivered("eni-a4")
	x.fromGuest("eni-a4", wiretest.EchoReply(a4v6, a1v6, 2)).delivered("eni-a1")
}

// Network ACLs evaluate the entries of the two families apart (2.3).
func TestNetworkACLOfIPv6(t *testing.T) {
	x := newRig(t)
	x.guard(entry("deny", "-1", "", "0.0.0.0/0", false),
		`Protocol: "58", RuleAction: allow, Ipv6CidrBlock: "::/0", IcmpTypeCode: {Type: 128, Code: -1}`,
		`Protocol: "6", RuleAction: allow, Ipv6CidrBlock: "2001:db8:ffff::/48", PortRange: {From: 22, To: 22}`)
	x.fromInternet("eni-a1", tcp6("["+client6+"]:40000", "["+a1v6+"]:22", wire.TCPSyn)).delivered("eni-a1")
	x.fromInternet("eni-a1", wiretest.Echo(other6, a1v6, 1)).delivered("eni-a1")
	x.fromInternet("eni-a1", tcp6("["+other6+"]:40000", "["+a1v6+"]:80", wire.TCPSyn)).dropped(NetworkACLIn)
	require.EqualValues(t, 32768, x.latest()[0].Entry, "the final deny of IPv6")
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).dropped(NetworkACLIn)
	require.EqualValues(t, 1, x.latest()[0].Entry)
}

// An internet gateway does not translate IPv6, and a unique local address, which the
// internet does not carry (RFC 4193), goes neither out nor in.
func TestIPv6AtTheInternetGateway(t *testing.T) {
	x := newRig(t)
	x.fromInternet("eni-a1", wiretest.UDP("["+client6+"]:40000", "["+a1v6+"]:53")).dropped(SecurityGroupIn)
	x.admits("{IpProtocol: '-1', Ipv6Ranges: [{CidrIpv6: '::/0'}]}")
	got := x.fromInternet("eni-a1", wiretest.UDP("["+client6+"]:40000", "["+a1v6+"]:53")).delivered("eni-a1")
	require.Equal(t, a1v6, header(t, got).Dst.String())

	const local = "fd12:0:0:1::5"
	c := x.config
	c.Vpcs[0].Ipv6CidrBlockAssociationSet = append(c.Vpcs[0].Ipv6CidrBlockAssociationSet, ec2.VpcIpv6CidrBlockAssociation{Ipv6CidrBlock: netip.MustParsePrefix("fd12::/56")})
	c.Subnets[0].Ipv6CidrBlockAssociationSet = []ec2.SubnetIpv6CidrBlockAssociation{{Ipv6CidrBlock: netip.MustParsePrefix("fd12:0:0:1::/64")}}
	for i := range c.NetworkInterfaces {
		if c.NetworkInterfaces[i].SubnetId == "subnet-a1" {
			c.NetworkInterfaces[i].Ipv6Addresses = nil
		}
	}
	c.NetworkInterfaces[0].Ipv6Addresses = []ec2.NetworkInterfaceIpv6Address{{Ipv6Address: netip.MustParseAddr(local)}}
	x.apply(c)
	x.fromGuest("eni-a1", wiretest.UDP("["+local+"]:40000", "["+client6+"]:53")).dropped(SecurityGroupOut)
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}], IpPermissionsEgress: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}]}`)
	x.fromGuest("eni-a1", wiretest.UDP("["+local+"]:40000", "["+client6+"]:53")).dropped(NoPublicAddress)
	x.fromInternet("eni-a1", wiretest.UDP("["+client6+"]:40000", "["+local+"]:53")).dropped(PrivateDestination)
}

// The internet carries no unique local address (RFC 4193 section 4.1): a route for ::/0 leads none
// out, by an internet gateway or an egress-only one, and none comes in.
func TestTheInternetCarriesNoUniqueLocalAddresses(t *testing.T) {
	x := newRig(t)
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}], IpPermissionsEgress: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}]}`)
	for addr, private := range map[string]bool{"fbff::1": false, "fc00::1": true, "fdff:ffff::1": true, "2001:db8:9::1": false} {
		in, out := wiretest.UDP("["+addr+"]:53", "["+a1v6+"]:9"), wiretest.UDP("["+a1v6+"]:10", "["+addr+"]:53")
		if private {
			x.fromInternet("eni-a1", in).dropped(PrivateInternet)
			x.fromGuest("eni-a1", out).dropped(PrivateInternet)
		} else {
			x.fromInternet("eni-a1", in).delivered("eni-a1")
			x.fromGuest("eni-a1", out).tunneled(edge, vniA)
		}
	}
	egressOnlyA1(x)
	x.fromGuest("eni-a1", wiretest.UDP("["+a1v6+"]:11", "[fd99::1]:53")).dropped(PrivateInternet)
}

// A link-local address is one of a single link: no router forwards a packet from or to it (RFC
// 4291 section 2.5.6), whatever the routes, the groups and the source/destination check say.
func TestLinkLocalAddressesStayOnTheLink(t *testing.T) {
	x := newRig(t)
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}], IpPermissionsEgress: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}]}`)
	x.fromGuest("eni-a1", wiretest.UDP("["+a1v6+"]:9", "["+client6+"]:53")).tunneled(edge, vniA)
	for _, addr := range []string{"fe80::1", "febf::1", x.eni("eni-a1").RouterMAC.LinkLocal().String()} {
		x.fromGuest("eni-a1", wiretest.UDP("["+a1v6+"]:9", "["+addr+"]:53")).dropped(NoRoute)
		x.fromInternet("eni-a1", wiretest.Echo(addr, a1v6, 1)).dropped(Martian)
	}
}

// A delegated prefix is the ENI's own: it sends with its addresses, and gets what is for
// them (2.6, delegated prefix /80).
func TestIPv6Prefix(t *testing.T) {
	x := newRig(t)
	c := x.config
	c.NetworkInterfaces[0].Ipv6Prefixes = []ec2.Ipv6PrefixSpecification{{Ipv6Prefix: netip.MustParsePrefix("2001:db8:a:1:9::/80")}}
	x.apply(c)
	x.fromGuest("eni-a1", wiretest.UDP("[2001:db8:a:1:9::77]:9", "["+client6+"]:53")).tunneled(edge, vniA)
	x.fromGuest("eni-a2", tcp6("["+a2v6+"]:9", "[2001:db8:a:1:9:ffff:ffff:ffff]:80", wire.TCPSyn)).delivered("eni-a1")
	x.fromGuest("eni-a2", tcp6("["+a2v6+"]:9", "[2001:db8:a:1:a::]:80", wire.TCPSyn)).dropped(NoNeighbor)
}

// egressOnlyA1 has eni-a1's subnet reach the internet by an egress-only internet gateway.
func egressOnlyA1(x *rig) {
	x.put("RouteTables", `{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}, {DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: eigw-a}]}`)
}

// "Egress-only internet gateway: v6 only, one a VPC, auto-tracked; nothing is opened from
// outside" (2.5).
func TestEgressOnlyInternetGateway(t *testing.T) {
	x := newRig(t)
	egressOnlyA1(x)
	x.fromInternet("eni-a1", tcp6("["+client6+"]:40000", "["+a1v6+"]:80", wire.TCPSyn)).dropped(EgressOnlyDenied)
	x.fromInternet("eni-a1", wiretest.Echo(client6, a1v6, 1)).dropped(EgressOnlyDenied)
	require.Equal(t, "eigw-a", x.latest()[0].Route.Via)
	x.fromGuest("eni-a1", tcp6("["+a1v6+"]:40000", "["+client6+"]:443", wire.TCPSyn)).tunneled(edge, vniA)
	x.fromInternet("eni-a1", tcp6("["+client6+"]:443", "["+a1v6+"]:40000", wire.TCPSyn|wire.TCPAck)).delivered("eni-a1")

	x.admits("{IpProtocol: '-1', IpRanges: [{CidrIp: 0.0.0.0/0}], Ipv6Ranges: [{CidrIpv6: '::/0'}]}")
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}], IpPermissionsEgress: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}]}`)
	x.fromGuest("eni-a1", wiretest.UDP("["+a1v6+"]:40001", "["+client6+"]:53")).tunneled(edge, vniA)
	for _, c := range x.flows("eni-a1") {
		require.True(t, c.Tracked, "whatever the rules say")
	}
	x.fromInternet("eni-a1", wiretest.UDP("["+client6+"]:53", "["+a1v6+"]:40001")).delivered("eni-a1")
	x.fromInternet("eni-a1", wiretest.UDP("["+client6+"]:53", "["+a1v6+"]:40002")).dropped(EgressOnlyDenied)
}

// The internet gateway's route table leads nothing that comes by the egress-only gateway: an answer
// goes straight to the instance, and a stranger does not reach the middlebox.
func TestAnEgressOnlyGatewayHasNoRouteTable(t *testing.T) {
	x := newRig(t)
	x.middlebox("x")
	egressOnlyA1(x)
	x.put("RouteTables", `{RouteTableId: rtb-in, VpcId: vpc-a, Associations: [{GatewayId: igw-a}], Routes: [{DestinationIpv6CidrBlock: "2001:db8:a:1::/64", NetworkInterfaceId: eni-mid}]}`)
	x.fromInternet("eni-a1", tcp6("["+client6+"]:40000", "["+a1v6+"]:80", wire.TCPSyn)).dropped(EgressOnlyDenied)
	x.fromGuest("eni-a1", tcp6("["+a1v6+"]:40000", "["+client6+"]:443", wire.TCPSyn)).tunneled(edge, vniA)
	x.fromInternet("eni-a1", tcp6("["+client6+"]:443", "["+a1v6+"]:40000", wire.TCPSyn|wire.TCPAck)).delivered("eni-a1")
}

// ICMPv6 errors, Packet Too Big among them, belong to the connection that they quote, and
// pass no rule; whoever quotes another's connection brings nothing in (2.6, MTU).
func TestICMPv6ErrorsAreRelated(t *testing.T) {
	x := newRig(t)
	segment := tcp6("["+a1v6+"]:40000", "["+other6+"]:443", wire.TCPSyn)
	tooBig := func(p wiretest.Packet) wiretest.Packet {
		return wiretest.ICMPError(wire.ICMPv6TooBig, 0, "2001:db8:ffff::1", p.Bytes()).MTU(1400)
	}
	x.fromInternet("eni-a1", tooBig(segment)).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", segment).tunneled(edge, vniA)
	x.fromInternet("eni-a1", tooBig(segment)).delivered("eni-a1")
	x.fromInternet("eni-a1", tooBig(segment.Extension(60, 8)).Quote(40+8+8)).delivered("eni-a1")
	x.fromInternet("eni-a1", tooBig(segment).Quote(47)).dropped(SecurityGroupIn)
	x.fromInternet("eni-a1", tooBig(segment.SrcPort(40001))).dropped(SecurityGroupIn)
	x.fromInternet("eni-a2", wiretest.ICMP("2001:db8:ffff::1", a2v6, wire.ICMPv6TooBig, 0).Payload(string(segment.Bytes()[14:]))).dropped(SecurityGroupIn)
	x.fromInternet("eni-a1", wiretest.ICMPError(200, 0, "2001:db8:ffff::1", segment.Bytes())).dropped(SecurityGroupIn)
}
