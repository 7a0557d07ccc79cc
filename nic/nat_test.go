package nic

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// The NAT gateway of these tests is in subnet-a1, which leads to the internet; the clients
// are in subnet-a2, which leads to the gateway.
const (
	natAddr, natPublic = "10.0.1.8", "35.72.2.10"
	natENI             = `{NetworkInterfaceId: eni-nat, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:99", InterfaceType: nat_gateway, SourceDestCheck: false,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.8, Association: {PublicIp: 35.72.2.10}}]}`
	natGateway = `{NatGatewayId: nat-1, VpcId: vpc-a, SubnetId: subnet-a1, State: available, NatGatewayAddresses: [{NetworkInterfaceId: eni-nat, PrivateIp: 10.0.1.8, PublicIp: 35.72.2.10}]}`
	natRoute   = `{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}],
		Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}, {DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1}]}`
)

// natRig is server x with a NAT gateway, and a group for its clients that allows out what
// the tests send.
func natRig(t testing.TB, o Options) *rig {
	x := newRigWith(t, o)
	x.put("NetworkInterfaces", natENI)
	x.put("NatGateways", natGateway)
	x.put("RouteTables", natRoute)
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	return x
}

// through is what leaves the card when a frame comes to a port. The frame ends once at the
// gateway and once where it leaves.
func (r *rig) through(port string, frame []byte) (left []byte, from string) {
	r.Helper()
	r.ended = nil
	require.True(r, r.ports[port].Inject(frame))
	require.Equal(r, 1, r.card.Poll(r.now))
	return nictest.Left(r, r.ports, Uplink)
}

// port is a port in words.
func port(n uint16) string { return strconv.Itoa(int(n)) }

// out is what a4 sends through the gateway, as it leaves for the internet.
func (r *rig) out(p wiretest.Packet) (frame []byte, h wire.Headers) {
	r.Helper()
	e := r.eni("eni-a4")
	frame, from := r.through("eni-a4", p.MACs(e.MAC, e.RouterMAC).Bytes())
	require.Equal(r, Uplink, from, "%v", r.ended)
	frame = nictest.InTunnel(r, r.card.Policy(), frame, edge, vniA)
	require.NoError(r, wiretest.Check(frame))
	return frame, header(r, frame)
}

// back is what the internet sends to the gateway, as a4 gets it.
func (r *rig) back(p wiretest.Packet) (frame []byte, h wire.Headers) {
	r.Helper()
	frame, from := r.through(Uplink, r.tunnel(edge, "eni-nat", p))
	require.Equal(r, "eni-a4", from, "%v", r.ended)
	require.NoError(r, wiretest.Check(frame))
	return frame, header(r, frame)
}

// NATGW: a client sends from the gateway's Elastic IP address, and the answer finds the client;
// on one card.
func TestAClientBehindANATGateway(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	syn := wiretest.TCP("10.0.2.8:40000", client+":443").Flags(wire.TCPSyn)
	_, h := x.out(syn)
	require.Equal(t, []string{natPublic, client}, []string{h.Src.String(), h.Dst.String()})
	require.GreaterOrEqual(t, h.SrcPort, uint16(1024))
	_, again := x.out(syn)
	require.Equal(t, h.SrcPort, again.SrcPort, "a connection has one port")
	_, got := x.back(wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort)).Flags(wire.TCPSyn | wire.TCPAck))
	require.Equal(t, []any{client, "10.0.2.8", uint16(443), uint16(40000)}, []any{got.Src.String(), got.Dst.String(), got.SrcPort, got.DstPort})
	for range 3 { // known on every stage
		x.out(wiretest.TCP("10.0.2.8:40000", client+":443").Flags(wire.TCPAck))
		x.back(wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort)).Flags(wire.TCPAck).Payload("page"))
	}
	v, there := x.card.NAT("nat-1")
	require.True(t, there)
	require.Equal(t, []uint64{1, 1, 1, 5, 5, 4, 4, 0}, []uint64{v.ActiveConnectionCount, v.ConnectionAttemptCount, v.ConnectionEstablishedCount,
		v.PacketsInFromSource, v.PacketsOutToDestination, v.PacketsInFromDestination, v.PacketsOutToSource, v.PacketsDropCount})
}

// A drop by a NAT gateway names the gateway; one by its subnet's routes names the route.
func TestADropNamesTheNATGateway(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	denied := func(port string, frame []byte) (reason, by string) {
		left, _ := x.through(port, frame)
		require.Nil(t, left)
		last := x.card.Drops().Last[0]
		return last.Reason, last.DeniedBy()
	}
	reason, by := denied(Uplink, x.tunnel(edge, "eni-nat", wiretest.TCP(client+":443", natPublic+":2000")))
	require.Equal(t, []string{"nat_unknown", "nat-1"}, []string{reason, by})
	a4 := x.eni("eni-a4")
	reason, by = denied("eni-a4", wiretest.IP("10.0.2.8", client, 99).MACs(a4.MAC, a4.RouterMAC).Bytes())
	require.Equal(t, []string{"nat_protocol", "nat-1"}, []string{reason, by})
	reason, by = denied("eni-a4", wiretest.UDP("10.0.2.8:1", "10.255.0.1:53").MACs(a4.MAC, a4.RouterMAC).Bytes())
	require.Equal(t, []string{"private_internet", "rtb-a1: 0.0.0.0/0 to igw-a"}, []string{reason, by})
}

// The gateway's own connection holds what the stages of its ENI found. The connection table has
// records there of what came by a tunnel alone, by which the fast path finds the next packet; SYNs
// leave none.
func TestTheConnectionTableKnowsLittleOfAGateway(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	at := func() int { return len(x.card.Flows(FlowFilter{ENI: "eni-nat"})) }
	_, h := x.out(wiretest.TCP("10.0.2.8:40000", client+":443").Flags(wire.TCPSyn))
	back := wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort))
	x.back(back.Flags(wire.TCPSyn | wire.TCPAck))
	x.out(wiretest.TCP("10.0.2.8:40000", client+":443").Flags(wire.TCPAck))
	require.Zero(t, at())
	x.back(back.Flags(wire.TCPAck).Payload("page"))
	require.Equal(t, 1, at())
	x.out(wiretest.TCP("10.0.2.8:40000", client+":443").Flags(wire.TCPAck))
	require.Equal(t, 1, at())
	require.Len(t, x.card.Flows(FlowFilter{ENI: "eni-a4"}), 1)
}

// NATGW: the client is on another card than the gateway, and the packets go by tunnels.
func TestAClientOnAnotherCard(t *testing.T) {
	x, y := natRig(t, Options{Card: "x"}), natRig(t, Options{Card: "y"})
	x.resolve(serverY)
	y.resolve(serverX)
	a3 := y.eni("eni-a3")
	frame, _ := y.through("eni-a3", wiretest.UDP("10.0.2.7:5353", client+":53").MACs(a3.MAC, a3.RouterMAC).Bytes())
	frame, _ = x.through(Uplink, frame)
	h := header(t, nictest.InTunnel(t, x.card.Policy(), frame, edge, vniA))
	require.Equal(t, natPublic, h.Src.String())

	frame, _ = x.through(Uplink, x.tunnel(edge, "eni-nat", wiretest.UDP(client+":53", natPublic+":"+port(h.SrcPort))))
	frame, from := y.through(Uplink, frame)
	got := header(t, frame)
	require.Equal(t, []any{"eni-a3", client, "10.0.2.7", uint16(5353)}, []any{from, got.Src.String(), got.Dst.String(), got.DstPort})
}

// NATGW: idle 350 s, then RST to the inside host that goes on, with the number that it
// expects; nothing to the outside.
func TestANATGatewayResetsAnIdleConnection(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	out := func(flags uint8) wiretest.Packet { return wiretest.TCP("10.0.2.8:40000", client+":443").Flags(flags) }
	_, h := x.out(out(wire.TCPSyn))
	x.back(wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort)).Flags(wire.TCPSyn | wire.TCPAck))
	x.out(out(wire.TCPAck))
	x.wait(349 * time.Second)
	x.out(out(wire.TCPAck)) // goes on
	x.wait(351 * time.Second)
	v, _ := x.card.NAT("nat-1")
	require.Equal(t, []uint64{0, 1}, []uint64{v.ActiveConnectionCount, v.IdleTimeoutCount})

	segment := out(wire.TCPAck | wire.TCPPsh).Payload("still there?").Bytes()
	wire.TCP(segment[34:]).SetSeq(1000)
	copy(segment[34+8:], []byte{0, 0, 0x30, 0x39}) // acknowledges 12345
	e := x.eni("eni-a4")
	copy(segment, e.RouterMAC[:])
	copy(segment[6:], e.MAC[:])
	frame, from := x.through("eni-a4", segment)
	require.Equal(t, "eni-a4", from, "%v", x.ended)
	require.NoError(t, wiretest.Check(frame))
	got := header(t, frame)
	require.Equal(t, []any{client, "10.0.2.8", uint16(443), uint16(40000), uint8(wire.TCPRst)}, []any{got.Src.String(), got.Dst.String(), got.SrcPort, got.DstPort, got.Flags})
	require.EqualValues(t, 12345, wire.TCP(frame[got.L4:]).Seq())
}

// NATGW: TCP, UDP and ICMP only; fragments of TCP and ICMP are dropped; it answers no ping
// itself; what belongs to no connection does not come in. Each has its name.
func TestWhatANATGatewayDrops(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	a4 := x.eni("eni-a4")
	for _, c := range []struct {
		port  string
		frame []byte
		want  string
	}{
		{"eni-a4", wiretest.IP("10.0.2.8", client, 47).MACs(a4.MAC, a4.RouterMAC).Bytes(), "nat_protocol"},
		{"eni-a4", wiretest.TCP("10.0.2.8:1", client+":443").Flags(wire.TCPSyn).Size(100).MACs(a4.MAC, a4.RouterMAC).Fragments(40)[0], "nat_fragment"},
		{"eni-a4", wiretest.Echo("10.0.2.8", client, 7).Size(100).MACs(a4.MAC, a4.RouterMAC).Fragments(40)[0], "nat_fragment"},
		{"eni-a4", wiretest.Echo("10.0.2.8", natAddr, 7).MACs(a4.MAC, a4.RouterMAC).Bytes(), "nat_unknown"},
		{Uplink, x.tunnel(edge, "eni-nat", wiretest.TCP(client+":443", natPublic+":2000").Flags(wire.TCPSyn)), "nat_unknown"},
		{Uplink, x.tunnel(edge, "eni-nat", wiretest.Echo(client, natPublic, 7)), "nat_unknown"},
	} {
		x.ended = nil
		require.True(t, x.ports[c.port].Inject(c.frame))
		x.card.Poll(x.now)
		last := x.ended[len(x.ended)-1]
		require.Equal(t, []any{c.want, "eni-nat"}, []any{last.Verdict.String(), last.ENI.ID}, "%v", x.ended)
		frame, _ := nictest.Left(t, x.ports, Uplink)
		require.Nil(t, frame)
	}
	v, _ := x.card.NAT("nat-1")
	require.EqualValues(t, 6, v.PacketsDropCount)
}

// A scan by UDP, which takes all room for connections, leaves another host its place.
func TestAScanByUDPLeavesRoomToOthers(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	x.resolve(serverY)
	for i := range x.card.nats["nat-1"].Room() + 100 {
		x.through(Uplink, x.tunnel(serverY, "eni-nat", wiretest.UDP(fmt.Sprintf("10.0.2.7:%d", 1000+i), client+":53")))
	}
	require.Equal(t, "nat_port_allocation", x.ended[len(x.ended)-1].Verdict.String())
	a4 := x.eni("eni-a4")
	for i := range 20 {
		question := wiretest.UDP(fmt.Sprintf("10.0.2.8:%d", 5000+i), client+":53").MACs(a4.MAC, a4.RouterMAC).Bytes()
		left, _ := x.through("eni-a4", slices.Clone(question))
		if left == nil { // the place of what gave way is free with the next burst
			left, _ = x.through("eni-a4", question)
		}
		require.NotNil(t, left, "%d: %v", i, x.ended)
	}
}

// A gateway has room for its part of the card's connections, and keeps the room when another comes.
func TestAGatewayHasItsPartOfTheRoomForConnections(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	require.Equal(t, 1<<10, x.card.nats["nat-1"].Room())
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-nat2, SubnetId: subnet-a2, MacAddress: "06:00:00:00:0a:9a", InterfaceType: nat_gateway, PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.2.99}]}`)
	x.put("NatGateways", `{NatGatewayId: nat-2, VpcId: vpc-a, SubnetId: subnet-a2, ConnectivityType: private, NatGatewayAddresses: [{NetworkInterfaceId: eni-nat2, PrivateIp: 10.0.2.99}]}`)
	require.Equal(t, []int{1 << 10, 1 << 9}, []int{x.card.nats["nat-1"].Room(), x.card.nats["nat-2"].Room()})
}

// Connections go on when the configuration changes elsewhere, and end with the gateway.
func TestConnectionsThroughANATGatewayOutliveChanges(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	out := wiretest.UDP("10.0.2.8:40000", client+":443")
	_, h := x.out(out)
	x.put("SecurityGroups", `{GroupId: sg-new, VpcId: vpc-a}`)
	_, again := x.out(out)
	require.Equal(t, h.SrcPort, again.SrcPort)
	x.put("NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, State: deleted}`)
	x.fromGuest("eni-a4", out).dropped(pipeline.Blackhole)
	require.Empty(t, x.card.NATs())
	x.put("NatGateways", natGateway)
	x.through(Uplink, x.tunnel(edge, "eni-nat", wiretest.UDP(client+":443", natPublic+":"+port(h.SrcPort))))
	require.Equal(t, "nat_unknown", x.ended[len(x.ended)-1].Verdict.String())
}

// NATGW: an ICMP error about a packet that went through finds the sender, and quotes the packet
// as the sender knows it; an error from inside finds the destination.
func TestErrorsThroughANATGateway(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	for _, p := range []wiretest.Packet{wiretest.UDP("10.0.2.8:40000", client+":33434"), wiretest.TCP("10.0.2.8:40001", client+":443").Flags(wire.TCPSyn), wiretest.Echo("10.0.2.8", client, 77)} {
		sent, _ := x.out(p)
		frame, h := x.back(wiretest.ICMPError(wire.ICMPTimeExceeded, 0, "192.0.2.99", sent))
		require.Equal(t, []string{"192.0.2.99", "10.0.2.8"}, []string{h.Src.String(), h.Dst.String()})
		q, ok := wire.Embedded(frame, &h)
		require.True(t, ok)
		require.Equal(t, header(t, p.Bytes()).Tuple, q.Tuple)
	}
}

// A ping of the outside is none of the gateway's, though an inside host's ping has the same ends and
// identifier: an error about the outside's, or about an answer that the gateway would have sent, is dropped.
func TestErrorsAboutPingsOfTheOutside(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	_, h := x.out(wiretest.Echo("10.0.2.8", client, 77))
	a4 := x.eni("eni-a4")
	unreachable := func(from string, about wiretest.Packet) wiretest.Packet {
		return wiretest.ICMPError(wire.ICMPUnreachable, 1, from, about.Bytes())
	}
	for port, frame := range map[string][]byte{
		"eni-a4": unreachable("10.0.2.8", wiretest.Echo(client, "10.0.2.8", 77)).MACs(a4.MAC, a4.RouterMAC).Bytes(),
		Uplink:   x.tunnel(edge, "eni-nat", unreachable("192.0.2.99", wiretest.EchoReply(natPublic, client, h.SrcPort))),
	} {
		left, _ := x.through(port, frame)
		require.Nil(t, left)
		require.Equal(t, "nat_unknown", x.ended[len(x.ended)-1].Verdict.String(), port)
	}
	_, closed := x.out(unreachable("10.0.2.8", wiretest.EchoReply(client, "10.0.2.8", 77)))
	require.Equal(t, []string{natPublic, client}, []string{closed.Src.String(), closed.Dst.String()})
}

// An error from inside goes to the sender of the packet that it quotes, and to nobody else, who would hear
// from the gateway's address what some other host inside has to do with others.
func TestAnErrorFromInsideGoesToTheSenderAlone(t *testing.T) {
	x := nat64Rig(t, Options{Card: "x"})
	a4 := x.eni("eni-a4")
	end := func(addr string, port uint16) string {
		return netip.AddrPortFrom(netip.MustParseAddr(addr), port).String()
	}
	for _, c := range []struct {
		inside, asked, other string
		kind, code           uint8
	}{
		{"10.0.2.8", client, other, wire.ICMPUnreachable, 3},
		{a4v6, client64, wiretest.Addr(other).Converted().String(), wire.ICMPv6Unreachable, 4},
	} {
		x.out(wiretest.UDP(end(c.inside, 40000), end(c.asked, 53)))
		unreachable := wiretest.ICMPError(c.kind, c.code, c.inside, wiretest.UDP(end(c.asked, 53), end(c.inside, 40000)).Bytes())
		_, h := x.out(unreachable)
		require.Equal(t, client, h.Dst.String())
		stray := unreachable.MACs(a4.MAC, a4.RouterMAC).Bytes()
		var to wire.Headers
		wire.Parse(stray, &to)
		if to.EtherType == wire.EtherTypeIPv4 {
			wire.RewriteDst(stray, &to, wiretest.Addr(c.other))
		} else {
			readdress6(stray, wiretest.Addr(c.other))
		}
		left, _ := x.through("eni-a4", stray)
		require.Nil(t, left)
		require.Equal(t, "nat_unknown", x.ended[len(x.ended)-1].Verdict.String())
	}
}

// readdress6 gives an ICMPv6 message another destination, and its checksum.
func readdress6(frame []byte, to wire.Addr) {
	ip := wire.IPv6(frame[wire.EthernetLen:])
	ip.SetDst(to)
	icmp := ip[wire.IPv6Len:]
	copy(icmp[2:], []byte{0, 0})
	wire.PutSum(icmp[2:4], wire.Sum(icmp, wire.PseudoSum(ip.Src(), to, wire.ProtoICMPv6, len(icmp))))
}

// NATGW: fragments of UDP are forwarded, each way.
func TestUDPFragmentsThroughANATGateway(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	a4, ports := x.eni("eni-a4"), []uint16(nil)
	for i, f := range wiretest.UDP("10.0.2.8:40000", client+":53").Size(200).MACs(a4.MAC, a4.RouterMAC).Fragments(64) {
		frame, from := x.through("eni-a4", f)
		require.Equal(t, Uplink, from, "fragment %d: %v", i, x.ended)
		h := header(t, nictest.InTunnel(t, x.card.Policy(), frame, edge, vniA))
		require.Equal(t, natPublic, h.Src.String())
		ports = append(ports, h.SrcPort)
	}
	for i, f := range wiretest.UDP(client+":53", natPublic+":"+port(ports[0])).ID(8).Size(200).Fragments(64) {
		frame, from := x.through(Uplink, nictest.Tunnel(x.card.Policy(), edge, "eni-nat", f))
		require.Equal(t, "eni-a4", from, "fragment %d: %v", i, x.ended)
		require.Equal(t, "10.0.2.8", header(t, frame).Dst.String())
	}
}

// NATGW: pings go through by their identifiers, and two hosts may have the same one.
func TestPingsThroughANATGateway(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	_, h := x.out(wiretest.Echo("10.0.2.8", client, 7))
	_, got := x.back(wiretest.EchoReply(client, natPublic, h.SrcPort))
	require.Equal(t, []any{"10.0.2.8", uint16(7)}, []any{got.Dst.String(), got.SrcPort})
}

// NATGW: the network ACL of the gateway's subnet applies, on the way in and on the way out
// again, beside that of the client's subnet.
func TestTheACLOfANATGatewaysSubnet(t *testing.T) {
	acl := func(entry string) string {
		return `{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: [` + entry + `,
			{RuleNumber: 200, Egress: false, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}, {RuleNumber: 200, Egress: true, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}]}`
	}
	for _, c := range []struct{ entry, want string }{
		{`{RuleNumber: 100, Egress: false, Protocol: "6", RuleAction: deny, CidrBlock: 10.0.2.0/24, PortRange: {From: 443, To: 443}}`, "network_acl_in"},
		{`{RuleNumber: 100, Egress: true, Protocol: "6", RuleAction: deny, CidrBlock: 203.0.113.0/24, PortRange: {From: 443, To: 443}}`, "network_acl_out"},
	} {
		x := natRig(t, Options{Card: "x"})
		x.put("NetworkAcls", acl(c.entry))
		a4 := x.eni("eni-a4")
		frame, _ := x.through("eni-a4", wiretest.TCP("10.0.2.8:1", client+":443").Flags(wire.TCPSyn).MACs(a4.MAC, a4.RouterMAC).Bytes())
		require.Nil(t, frame)
		last := x.ended[len(x.ended)-1]
		require.Equal(t, []string{c.want, "eni-nat"}, []string{last.Verdict.String(), last.ENI.ID})
	}
}

// NATGW: what a private NAT gateway sends to the internet gateway is dropped there.
func TestAPrivateNATGatewayReachesNoInternet(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-nat, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:99", InterfaceType: nat_gateway,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.8}]}`)
	x.put("NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, ConnectivityType: private, NatGatewayAddresses: [{NetworkInterfaceId: eni-nat, PrivateIp: 10.0.1.8}]}`)
	a4 := x.eni("eni-a4")
	frame, _ := x.through("eni-a4", wiretest.UDP("10.0.2.8:1", client+":443").MACs(a4.MAC, a4.RouterMAC).Bytes())
	require.Nil(t, frame)
	require.Equal(t, "no_public_address", x.ended[len(x.ended)-1].Verdict.String())
	v, _ := x.card.NAT("nat-1")
	require.True(t, v.Private)
}

// NATGW: centralized egress: hosts of other VPCs, which a transit gateway leads to, send by the
// gateway, and the answers go back by the transit gateway. Hosts behind a VPN do not.
func TestHostsBehindATransitGatewayUseANATGateway(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	const box = "172.16.0.9"
	nictest.Stations[box] = nictest.MAC("02:00:00:00:00:19")
	x.put("RouteTables", `{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a},
		{DestinationCidrBlock: 172.20.0.0/16, TransitGatewayId: tgw-1}, {DestinationCidrBlock: 172.21.0.0/16, GatewayId: vgw-1}]}`)
	edit, err := vpc.Put("Placement", []byte("Exits: {tgw-1: {Vtep: "+box+", Vni: 7001}, vgw-1: {Vtep: "+box+", Vni: 7002}}"))
	require.NoError(t, err)
	c := *x.config
	c.Placement.Exits = edit.Object.(*vpc.Placement).Exits
	x.apply(&c)
	x.resolve(box)
	from := func(vni uint32, host string, flags uint8) []byte {
		p := wiretest.TCP(host+":40000", client+":443").Flags(flags).MACs(nictest.MAC("02:00:00:00:e8:17"), x.eni("eni-nat").MAC)
		frame, _ := x.through(Uplink, x.outer(box, vni, p.Bytes()).Bytes())
		return frame
	}
	sent, heard := uint8(wire.TCPSyn), uint8(wire.TCPSyn|wire.TCPAck)
	for range 3 { // then known on every stage
		h := header(t, nictest.InTunnel(t, x.card.Policy(), from(7001, "172.20.1.9", sent), edge, vniA))
		require.Equal(t, natPublic, h.Src.String())
		frame, _ := x.through(Uplink, x.tunnel(edge, "eni-nat", wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort)).Flags(heard)))
		h = header(t, nictest.InTunnel(t, x.card.Policy(), frame, box, 7001))
		require.Equal(t, []any{client, "172.20.1.9", uint16(40000)}, []any{h.Src.String(), h.Dst.String(), h.DstPort})
		sent, heard = wire.TCPAck, wire.TCPAck
	}
	require.Nil(t, from(7002, "172.21.1.9", wire.TCPSyn))
	require.Equal(t, "nat_source", x.ended[len(x.ended)-1].Verdict.String())
}

// NATGW: a client's address must be of the gateway's VPC, and the gateway may have several
// addresses of its own.
func TestWhoMaySendThroughANATGateway(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a4, SubnetId: subnet-a2, MacAddress: "06:00:00:00:0a:04", SourceDestCheck: false, Groups: [{GroupId: sg-a-db}],
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.2.8}], Attachment: {InstanceId: i-a4}}`)
	a4 := x.eni("eni-a4")
	x.through("eni-a4", wiretest.UDP("172.31.0.9:1", client+":443").MACs(a4.MAC, a4.RouterMAC).Bytes())
	require.Equal(t, "nat_source", x.ended[len(x.ended)-1].Verdict.String())
}

// Nobody is plugged into a NAT gateway's ENI, whose guest is a part of the card.
func TestANATGatewayHasNoPort(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	err := x.card.Attach("eni-nat", func() (pmd.Port, error) { return mem.New(mem.Options{}), nil })
	require.ErrorContains(t, err, "eni-nat is the ENI of a NAT gateway")
	_, h := x.out(wiretest.TCP("10.0.2.8:40000", client+":443").Flags(wire.TCPSyn))
	require.Equal(t, natPublic, h.Src.String(), "the gateway goes on")
}
