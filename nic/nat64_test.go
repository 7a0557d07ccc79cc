package nic

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// The IPv6 addresses of eni-a3 on server y and of eni-a4 on server x, and what stands for the
// client on the internet behind a NAT gateway.
const a3v6, a4v6, client64 = "2001:db8:a:2::7", "2001:db8:a:2::8", "64:ff9b::cb00:7109"

// nat64Rig is natRig whose subnet-a2 leads 64:ff9b::/96 to the gateway, too.
func nat64Rig(t testing.TB, o Options) *rig {
	x := natRig(t, o)
	x.put("RouteTables", `{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}],
		Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}, {DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1}, {DestinationIpv6CidrBlock: "64:ff9b::/96", NatGatewayId: nat-1}]}`)
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a,
		IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}], Ipv6Ranges: [{CidrIpv6: "64:ff9b::/96"}]}]}`)
	return x
}

// at is an end of IPv6.
func at(addr string, port int) string { return fmt.Sprintf("[%s]:%d", addr, port) }

// NATGW: NAT64 on every NAT gateway: an IPv6 host reaches an IPv4 one by 64:ff9b::/96; the source
// becomes the gateway's, with a port of its own, and the answer finds the host. Groups see
// 64:ff9b::/96. No notice is left.
func TestAnIPv6HostReachesIPv4ThroughNAT64(t *testing.T) {
	x := nat64Rig(t, Options{Card: "x"})
	require.NotContains(t, fmt.Sprint(x.card.Policy().Notices()), "nat-1")
	syn := wiretest.TCP(at(a4v6, 40000), at(client64, 443)).Flags(wire.TCPSyn)
	_, h := x.out(syn)
	require.Equal(t, []any{natPublic, client, uint16(443)}, []any{h.Src.String(), h.Dst.String(), h.DstPort})
	require.GreaterOrEqual(t, h.SrcPort, uint16(1024))
	_, got := x.back(wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort)).Flags(wire.TCPSyn | wire.TCPAck))
	require.Equal(t, []any{client64, a4v6, uint16(443), uint16(40000)}, []any{got.Src.String(), got.Dst.String(), got.SrcPort, got.DstPort})
	for range 3 { // known on every stage
		_, again := x.out(syn.Flags(wire.TCPAck))
		require.Equal(t, h.SrcPort, again.SrcPort)
		frame, _ := x.back(wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort)).Flags(wire.TCPAck).Payload("page").TOS(0x28).TTL(9))
		require.Equal(t, []byte{0x62, 0x80}, frame[14:16], "the traffic class")
		require.EqualValues(t, 9, wire.IPv6(frame[14:]).HopLimit())
	}
	v, _ := x.card.NAT("nat-1")
	require.Equal(t, []uint64{1, 1, 4, 4, 4, 4, 0}, []uint64{v.ActiveConnectionCount, v.ConnectionEstablishedCount,
		v.PacketsInFromSource, v.PacketsOutToDestination, v.PacketsInFromDestination, v.PacketsOutToSource, v.PacketsDropCount})
	require.EqualValues(t, 60*4, v.BytesInFromSource)
	require.EqualValues(t, 40*4, v.BytesOutToDestination)

	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	x.fromGuest("eni-a4", wiretest.UDP(at(a4v6, 1), at(client64, 53))).dropped(pipeline.SecurityGroupOut)
}

// NATGW: "SG and NACL see 64:ff9b::/96": the client's network ACL, and the gateway's as the packet comes;
// as the packet leaves, the gateway's sees IPv4. An ACL is asked of the answer, too.
func TestNetworkACLsSeeTheAddressesOfNAT64(t *testing.T) {
	deny := func(subnet, remote string, egress bool) string {
		text := "{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: " + subnet + "}], Entries: ["
		for _, out := range []bool{false, true} {
			text += fmt.Sprintf(`{RuleNumber: 200, Egress: %v, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}, {RuleNumber: 201, Egress: %v, Protocol: "-1", RuleAction: allow, Ipv6CidrBlock: "::/0"}, `, out, out)
		}
		return text + fmt.Sprintf(`{RuleNumber: 100, Egress: %v, Protocol: "-1", RuleAction: deny, %s}]}`, egress, remote)
	}
	for _, c := range []struct{ acl, want, at string }{
		{deny("subnet-a2", `Ipv6CidrBlock: "64:ff9b::/96"`, true), "network_acl_out", "eni-a4"},
		{deny("subnet-a1", `Ipv6CidrBlock: "2001:db8:a:2::/64"`, false), "network_acl_in", "eni-nat"},
		{deny("subnet-a1", "CidrBlock: 203.0.113.0/24", true), "network_acl_out", "eni-nat"},
		{deny("subnet-a2", "CidrBlock: 203.0.113.0/24", true), "", ""},
		{deny("subnet-a1", `Ipv6CidrBlock: "64:ff9b::/96"`, true), "", ""}, // the gateway's ENI sends IPv4
	} {
		x := nat64Rig(t, Options{Card: "x"})
		x.put("NetworkAcls", c.acl)
		a4 := x.eni("eni-a4")
		left, _ := x.through("eni-a4", wiretest.UDP(at(a4v6, 1), at(client64, 53)).MACs(a4.MAC, a4.RouterMAC).Bytes())
		require.Equal(t, c.want == "", left != nil, c.acl)
		if last := x.ended[len(x.ended)-1]; c.want != "" {
			require.Equal(t, []string{c.want, c.at}, []string{last.Verdict.String(), last.ENI.ID}, c.acl)
		}
	}
	x := nat64Rig(t, Options{Card: "x"})
	_, h := x.out(wiretest.UDP(at(a4v6, 1), at(client64, 53)))
	x.put("NetworkAcls", deny("subnet-a2", `Ipv6CidrBlock: "64:ff9b::/96"`, false))
	left, _ := x.through(Uplink, x.tunnel(edge, "eni-nat", wiretest.UDP(client+":53", natPublic+":"+port(h.SrcPort))))
	require.Nil(t, left)
	last := x.ended[len(x.ended)-1]
	require.Equal(t, []string{"network_acl_in", "eni-a4"}, []string{last.Verdict.String(), last.ENI.ID})
}

// NATGW: NAT64 for a host on another card, with pings and datagrams in fragments, both ways.
func TestNAT64FromAnotherCard(t *testing.T) {
	x, y := nat64Rig(t, Options{Card: "x"}), nat64Rig(t, Options{Card: "y"})
	x.resolve(serverY)
	y.resolve(serverX)
	a3 := y.eni("eni-a3")
	sent := func(frame []byte) []byte {
		frame, _ = y.through("eni-a3", frame)
		frame, from := x.through(Uplink, frame)
		require.Equal(t, Uplink, from, "%v", x.ended)
		return nictest.InTunnel(t, x.card.Policy(), frame, edge, vniA)
	}
	answered := func(frame []byte) []byte {
		frame, _ = x.through(Uplink, nictest.Tunnel(x.card.Policy(), edge, "eni-nat", frame))
		frame, from := y.through(Uplink, frame)
		require.Equal(t, "eni-a3", from, "%v %v", x.ended, y.ended)
		return frame
	}
	h := header(t, sent(wiretest.Echo(a3v6, client64, 7).MACs(a3.MAC, a3.RouterMAC).Bytes()))
	require.Equal(t, []any{natPublic, uint8(wire.ICMPEcho)}, []any{h.Src.String(), h.Type})
	got := answered(wiretest.EchoReply(client, natPublic, h.SrcPort).Bytes())
	require.NoError(t, wiretest.Check(got))
	require.Equal(t, []any{a3v6, uint8(wire.ICMPv6EchoReply), uint16(7)}, []any{header(t, got).Dst.String(), header(t, got).Type, header(t, got).SrcPort})

	var from []wire.Headers
	for _, f := range wiretest.UDP(at(a3v6, 5353), at(client64, 53)).Size(300).ID(9).MACs(a3.MAC, a3.RouterMAC).Fragments(104) {
		h := header(t, sent(f))
		require.Equal(t, []any{natPublic, uint32(9)}, []any{h.Src.String(), h.ID})
		from = append(from, h)
	}
	for _, f := range wiretest.UDP(client+":53", natPublic+":"+port(from[0].SrcPort)).Size(300).ID(8).Fragments(104) {
		h := header(t, answered(f))
		require.Equal(t, []any{client64, a3v6, uint32(8)}, []any{h.Src.String(), h.Dst.String(), h.ID})
	}
}

// NATGW: a path's MTU is found through NAT64: the router of the gateway's subnet says 1,500 bytes
// of IPv4, and the host hears of 1,520 of IPv6. Other errors find the sender, too, and quote
// what it sent; an error from the host finds the internet.
func TestErrorsThroughNAT64(t *testing.T) {
	x := nat64Rig(t, Options{Card: "x"})
	a4 := x.eni("eni-a4")
	long := wiretest.UDP(at(a4v6, 40000), at(client64, 33434)).Size(14+1521).MACs(a4.MAC, a4.RouterMAC)
	frame, from := x.through("eni-a4", long.Bytes())
	require.Equal(t, "eni-a4", from, "%v", x.ended)
	require.NoError(t, wiretest.Check(frame))
	h := header(t, frame)
	require.Equal(t, []any{uint8(wire.ICMPv6TooBig), a4v6, "64:ff9b::a00:101"}, []any{h.Type, h.Dst.String(), h.Src.String()})
	require.Equal(t, []byte{0, 0, 1520 >> 8, 1520 & 0xff}, frame[h.L4+4:h.L4+8])
	x.out(wiretest.UDP(at(a4v6, 40000), at(client64, 33434)).Size(14 + 1520))

	for _, p := range []wiretest.Packet{
		wiretest.UDP(at(a4v6, 40000), at(client64, 33434)), wiretest.TCP(at(a4v6, 40001), at(client64, 443)).Flags(wire.TCPSyn), wiretest.Echo(a4v6, client64, 77),
	} {
		sent, _ := x.out(p)
		frame, h := x.back(wiretest.ICMPError(wire.ICMPTimeExceeded, 0, "192.0.2.99", sent))
		require.Equal(t, []any{"64:ff9b::c000:263", a4v6, uint8(wire.ICMPv6TimeExceeded)}, []any{h.Src.String(), h.Dst.String(), h.Type})
		q, ok := wire.Embedded(frame, &h)
		require.True(t, ok)
		require.Equal(t, header(t, p.Bytes()).Tuple, q.Tuple)
	}

	_, h = x.out(wiretest.UDP(at(a4v6, 40000), at(client64, 33434)))
	got, _ := x.back(wiretest.UDP(client+":33434", natPublic+":"+port(h.SrcPort)))
	_, closed := x.out(wiretest.ICMPError(wire.ICMPv6Unreachable, 4, a4v6, got))
	require.Equal(t, []any{natPublic, client, uint8(wire.ICMPUnreachable), uint8(3)}, []any{closed.Src.String(), closed.Dst.String(), closed.Type, closed.Code})
}

// NATGW: idle 350 s, then RST, over NAT64, too; SYNs are clamped to what 8,500 bytes of IPv6 carry.
func TestNAT64ResetsAnIdleConnection(t *testing.T) {
	x := nat64Rig(t, Options{Card: "x"})
	out := func(flags uint8) wiretest.Packet {
		return wiretest.TCP(at(a4v6, 40000), at(client64, 443)).Flags(flags)
	}
	frame, h := x.out(out(wire.TCPSyn).TCPOptions(2, 4, 0x23, 0x01))
	require.Equal(t, []byte{2, 4, 8440 >> 8, 8440 & 0xff}, frame[h.L4+20:h.End])
	x.back(wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort)).Flags(wire.TCPSyn | wire.TCPAck))
	x.out(out(wire.TCPAck))
	x.wait(351 * time.Second)
	a4 := x.eni("eni-a4")
	frame, from := x.through("eni-a4", out(wire.TCPAck|wire.TCPPsh).Seq(1000, 12345).Payload("still there?").MACs(a4.MAC, a4.RouterMAC).Bytes())
	require.Equal(t, "eni-a4", from, "%v", x.ended)
	require.NoError(t, wiretest.Check(frame))
	got := header(t, frame)
	require.Equal(t, []any{client64, a4v6, uint16(443), uint16(40000), uint8(wire.TCPRst)}, []any{got.Src.String(), got.Dst.String(), got.SrcPort, got.DstPort, got.Flags})
	require.EqualValues(t, 12345, wire.TCP(frame[got.L4:]).Seq())
}

// NATGW: NAT64 on private NAT gateways, too: they reach IPv4 hosts of the VPC and its peers.
func TestNAT64ReachesIPv4HostsOfTheVPC(t *testing.T) {
	x := nat64Rig(t, Options{Card: "x"})
	x.put("NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, ConnectivityType: private, NatGatewayAddresses: [{NetworkInterfaceId: eni-nat, PrivateIp: 10.0.1.8}]}`)
	a4 := x.eni("eni-a4")
	frame, from := x.through("eni-a4", wiretest.UDP(at(a4v6, 1), at("64:ff9b::a00:105", 53)).MACs(a4.MAC, a4.RouterMAC).Bytes())
	require.Equal(t, "eni-a1", from, "%v", x.ended)
	require.Equal(t, []string{natAddr, "10.0.1.5"}, []string{header(t, frame).Src.String(), header(t, frame).Dst.String()})
}

// What NAT64 drops, each by its name: addresses that stand for none of IPv4, sources of other
// VPCs, what RFC 7915 does not translate, fragments of TCP, unasked packets.
func TestWhatNAT64Drops(t *testing.T) {
	x := nat64Rig(t, Options{Card: "x"})
	x.put("RouteTables", `{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}], Routes: [{DestinationIpv6CidrBlock: "::/0", NatGatewayId: nat-1}]}`)
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}]}`)
	visits := wiretest.UDP(at(a4v6, 1), at(client64, 53)).Extension(43, 8)
	for _, c := range []struct {
		frame wiretest.Packet
		piece bool
		want  string
	}{
		{wiretest.UDP(at(a4v6, 1), at("2001:db8:ffff::9", 53)), false, "nat_family"},
		{visits, false, "nat_family"},
		{wiretest.UDP(at(a4v6, 1), at(client64, 53)).NoChecksum(), false, "nat_family"}, // RFC 8200 section 8.1
		{wiretest.IP(a4v6, client64, 47), false, "nat_protocol"},
		{wiretest.TCP(at(a4v6, 1), at(client64, 443)).Flags(wire.TCPSyn).Size(200), true, "nat_fragment"},
		{wiretest.UDP(at(a4v6, 1), at("64:ff9b::e000:1", 53)), false, "group_address"},
		{wiretest.EchoReply(a4v6, client64, 3), false, "nat_unknown"},
	} {
		a4 := x.eni("eni-a4")
		p := c.frame.MACs(a4.MAC, a4.RouterMAC)
		frame := p.Bytes()
		if c.piece {
			frame = p.Fragments(64)[0]
		}
		if c.want == "nat_family" && c.frame.Bytes()[20] == 43 {
			frame[14+40+3] = 1 // segments left
		}
		x.ended = nil
		left, _ := x.through("eni-a4", frame)
		require.Nil(t, left)
		last := x.ended[len(x.ended)-1]
		require.Equal(t, []any{c.want, "eni-nat"}, []any{last.Verdict.String(), last.ENI.ID}, "%v", x.ended)
	}
}

// The later fragments of a datagram whose first one has no form in IPv6 go no farther than that.
func TestNAT64DropsFragmentsWithTheirFirst(t *testing.T) {
	x := nat64Rig(t, Options{Card: "x"})
	_, h := x.out(wiretest.UDP(at(a4v6, 5353), at(client64, 53)))
	for i, f := range wiretest.UDP(client+":53", natPublic+":"+port(h.SrcPort)).NoChecksum().Size(300).ID(8).Fragments(104) {
		left, _ := x.through(Uplink, nictest.Tunnel(x.card.Policy(), edge, "eni-nat", f))
		require.Nil(t, left)
		want := []string{"nat_family", "nat_unknown", "nat_unknown"}[i]
		require.Equal(t, want, x.ended[len(x.ended)-1].Verdict.String(), "%v", x.ended)
	}
}
