package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// subnetOf is the subnet of each route table of customer A; the main one has none.
var subnetOf = map[string]string{"rtb-a1": "Main: true", "rtb-a2": "SubnetId: subnet-a2", "rtb-a3": "SubnetId: subnet-a3"}

// routes puts a route table of customer A in force: a local route, and some others, as
// "destination: target's field: its ID".
func (r *rig) routes(table string, others ...string) {
	r.Helper()
	r.put("RouteTables", r.table(table, subnetOf[table], others...))
}

// table is a route table of customer A in EC2's words, with an association.
func (r *rig) table(id, to string, others ...string) string {
	table := fmt.Sprintf("{RouteTableId: %s, VpcId: vpc-a, Associations: [{%s}], Routes: [", id, to)
	for _, route := range others {
		var dest, target, via string
		_, err := fmt.Sscanf(route, "%s %s %s", &dest, &target, &via)
		require.NoError(r, err, route)
		table += fmt.Sprintf("{DestinationCidrBlock: %s, %s %s}, ", dest[:len(dest)-1], target, via)
	}
	return table + "]}"
}

const macMid = "06:00:00:00:0a:09"

// middlebox puts a middlebox into a subnet of its own, on a card: eni-mid, 10.0.3.9.
func (r *rig) middlebox(card string) {
	r.Helper()
	var edits []vpc.Edit
	for _, o := range [][2]string{
		{"Subnets", "{SubnetId: subnet-a3, VpcId: vpc-a, CidrBlock: 10.0.3.0/24}"},
		{"SecurityGroups", "{GroupId: sg-mid, GroupName: mid, VpcId: vpc-a, IpPermissions: [{IpProtocol: '-1', IpRanges: [{CidrIp: 0.0.0.0/0}]}], IpPermissionsEgress: [{IpProtocol: '-1', IpRanges: [{CidrIp: 0.0.0.0/0}]}]}"},
		{"NetworkInterfaces", midENI("Attachment: {InstanceId: i-mid}")},
		{"RouteTables", r.table("rtb-a3", subnetOf["rtb-a3"], "0.0.0.0/0: GatewayId: igw-a")},
	} {
		e, err := vpc.Put(o[0], []byte(o[1]))
		require.NoError(r, err)
		edits = append(edits, e)
	}
	region, err := r.region.Change(append(edits, vpc.Edit{Kind: vpc.KindENIPlacement, ID: "eni-mid", Object: &vpc.ENIPlacement{Card: card}})...)
	require.NoError(r, err)
	r.become(region)
	if r.places["eni-mid"] != nil {
		r.attach("eni-mid", mem.New(mem.Options{}))
	}
}

// besideMiddlebox is card x, and the card that has the middlebox, x too or y, each set up.
func besideMiddlebox(t *testing.T, card string, setup func(*rig)) (x, mid *rig) {
	x = newRig(t)
	setup(x)
	if card == "x" {
		return x, x
	}
	mid = newRigOf(t, card, room)
	setup(mid)
	return x, mid
}

// reach is the end of a packet at another card, to which r sent the packet; or at r itself.
func (r *rig) reach(to *rig, sent end) end {
	r.Helper()
	if to == r {
		return sent
	}
	return to.send(Uplink, sent.frame)
}

// midENI is the middlebox's ENI in EC2's words, with some members more.
func midENI(more string) string {
	return `{NetworkInterfaceId: eni-mid, SubnetId: subnet-a3, MacAddress: "` + macMid + `", SourceDestCheck: false,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.3.9, Association: {PublicIp: 35.72.2.77}}], Groups: [{GroupId: sg-mid}], ` + more + `}`
}

// Packets from a1 to a4 and back.
var (
	toA4   = toA4At("5432")
	fromA4 = wiretest.TCP("10.0.2.8:5432", "10.0.1.5:40000").Flags(wire.TCPSyn | wire.TCPAck)
)

func toA4At(port string) wiretest.Packet {
	return wiretest.TCP("10.0.1.5:40000", "10.0.2.8:"+port).Flags(wire.TCPSyn)
}

// opens lets a4 be reached from subnet-a1 by address, as a middlebox needs.
func (r *rig) opens(from string) {
	r.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}],
		IpPermissions: [{IpProtocol: tcp, FromPort: 5432, ToPort: 5432, `+from+`}]}`)
}

// More specific than local: a subnet's whole block, to the ENI of a middlebox in another
// subnet. The packet keeps its addresses, goes to the middlebox first, which sends it on,
// and is taken at its end; so goes the way back. The middlebox is on the card of both ends,
// or on another.
func TestAMiddleboxStandsBetweenTwoSubnets(t *testing.T) {
	for _, card := range []string{"x", "y"} {
		x, mid := besideMiddlebox(t, card, func(r *rig) {
			r.middlebox(card)
			r.opens("IpRanges: [{CidrIp: 10.0.1.0/24}]")
			r.routes("rtb-a1", "10.0.2.0/24: NetworkInterfaceId: eni-mid")
			r.routes("rtb-a2", "10.0.1.0/24: InstanceId: i-mid")
		})
		through := func(from string, p wiretest.Packet) end {
			e := mid.eni("eni-mid")
			require.Equal(t, p.MACs(e.RouterMAC, e.MAC).Bytes(), x.reach(mid, x.fromGuest(from, p)).delivered("eni-mid"), "by the router of the middlebox's subnet, with its addresses")
			return mid.reach(x, mid.fromGuest("eni-mid", p))
		}
		for range 3 { // then known
			got := through("eni-a1", toA4).delivered("eni-a4")
			require.Equal(t, toA4.MACs(x.eni("eni-a4").RouterMAC, macA4).Bytes(), got)
			got = through("eni-a4", fromA4).delivered("eni-a1")
			require.Equal(t, fromA4.MACs(x.eni("eni-a1").RouterMAC, macA1).Bytes(), got)
		}
	}
}

// Source/destination check: a middlebox whose check is on gets nothing that is not for it,
// and sends nothing that is not from it.
func TestAMiddleboxNeedsItsCheckOff(t *testing.T) {
	x := newRig(t)
	x.middlebox("x")
	x.routes("rtb-a1", "10.0.2.0/24: NetworkInterfaceId: eni-mid")
	x.fromGuest("eni-a1", toA4).delivered("eni-mid")
	checked := `{NetworkInterfaceId: eni-mid, SubnetId: subnet-a3, MacAddress: "` + macMid + `", PrivateIpAddress: 10.0.3.9, Groups: [{GroupId: sg-mid}], Attachment: {InstanceId: i-mid}}`
	x.put("NetworkInterfaces", checked)
	x.fromGuest("eni-a1", toA4).dropped(NotForThisENI)
	x.fromGuest("eni-mid", toA4).dropped(SpoofedAddress)
}

// Target gone: a route to an ENI that is detached is a blackhole, and leads there again once
// the ENI is attached. No route table is put for that.
func TestARouteToADetachedENIIsABlackhole(t *testing.T) {
	for _, target := range []string{"NetworkInterfaceId: eni-mid", "InstanceId: i-mid"} {
		x := newRig(t)
		x.middlebox("x")
		x.routes("rtb-a1", "10.0.2.0/24: "+target)
		x.fromGuest("eni-a1", toA4).delivered("eni-mid")
		x.put("NetworkInterfaces", midENI("Attachment: {InstanceId: i-mid, Status: detached}"))
		x.fromGuest("eni-a1", toA4).dropped(Blackhole)
		require.Equal(t, "10.0.2.0/24 to "+strings.Fields(target)[1], x.latest()[0].Route.String())
		x.put("NetworkInterfaces", midENI("Attachment: {InstanceId: i-mid}"))
		x.fromGuest("eni-a1", toA4).delivered("eni-mid")
	}
}

// Traffic within one subnet cannot be routed to a middlebox: by the router, it goes where
// it is for, though the local route has another target.
func TestTrafficWithinASubnetMeetsNoMiddlebox(t *testing.T) {
	x := newRig(t)
	x.middlebox("x")
	x.routes("rtb-a1", "10.0.0.0/16: NetworkInterfaceId: eni-mid")
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.1.6:8080").Flags(wire.TCPSyn)).delivered("eni-a2")
	x.fromGuest("eni-a1", toA4).delivered("eni-mid")
}

// Both subnets' network ACLs are asked on the way through a middlebox: the sender's about
// what leaves, the middlebox's about what comes and about what goes on.
func TestAMiddleboxMeetsTheACLsOfBothSubnets(t *testing.T) {
	x := newRig(t)
	x.middlebox("x")
	x.routes("rtb-a1", "10.0.2.0/24: NetworkInterfaceId: eni-mid")
	all := entry("allow", "-1", "", "0.0.0.0/0", false) + "}, {RuleNumber: 100, " + entry("allow", "-1", "", "0.0.0.0/0", true)
	x.put("NetworkAcls", "{NetworkAclId: acl-mid, VpcId: vpc-a, Associations: [{SubnetId: subnet-a3}], Entries: [{RuleNumber: 1, "+
		entry("deny", "6", "5433", "10.0.0.0/16", false)+"}, {RuleNumber: 2, "+entry("deny", "6", "5434", "10.0.0.0/16", true)+"}, {RuleNumber: 100, "+all+"}]}")
	x.guard(entry("deny", "6", "5435", "10.0.2.0/24", true))
	x.fromGuest("eni-a1", toA4).delivered("eni-mid")
	x.fromGuest("eni-a1", toA4At("5433")).dropped(NetworkACLIn)
	x.fromGuest("eni-a1", toA4At("5434")).delivered("eni-mid")
	x.fromGuest("eni-mid", toA4At("5434")).dropped(NetworkACLOut)
	x.fromGuest("eni-a1", toA4At("5435")).dropped(NetworkACLOut)
}

// A middlebox in the sender's own subnet gets what is for elsewhere without the router, and
// the subnet's ACL is not asked: nothing has left the subnet.
func TestAMiddleboxOfTheSendersSubnet(t *testing.T) {
	x := newRig(t)
	x.uncheck("eni-a2", "subnet-a1", "10.0.1.6")
	x.routes("rtb-a1", "0.0.0.0/0: NetworkInterfaceId: eni-a2")
	x.guard(entry("deny", "-1", "", "10.0.0.0/8", true), entry("deny", "-1", "", "203.0.113.0/24", true))
	x.admits(permit("tcp", "443", "0.0.0.0/0"))
	got := x.fromGuest("eni-a1", out).delivered("eni-a2")
	require.Equal(t, out.MACs(macA1, macA2).Bytes(), got)
}

// A card without a middlebox speaks for its own ENIs alone. One with a middlebox speaks for
// all addresses of the middlebox's VPC, and for no other VPC's.
func TestACardSpeaksForOthersByItsMiddleboxAlone(t *testing.T) {
	x := newRig(t)
	x.opens("IpRanges: [{CidrIp: 10.0.1.0/24}]")
	lent := wiretest.TCP("10.0.1.6:1", "10.0.2.8:5432").Flags(wire.TCPSyn).MACs(x.eni("eni-a4").RouterMAC, macA4)
	spoofed := x.outer(serverY, vniA, lent.Bytes()).Bytes()
	x.send(Uplink, spoofed).dropped(SourceMismatch)
	x.middlebox("y")
	x.send(Uplink, spoofed).delivered("eni-a4")
	b1 := x.eni("eni-b1")
	other := wiretest.TCP("10.0.1.77:1", "54.168.7.7:80").Flags(wire.TCPSyn).MACs(b1.RouterMAC, b1.MAC)
	x.send(Uplink, x.outer(serverY, vniB, other.Bytes()).Bytes()).dropped(SourceMismatch)
}

// A packet's end names the route by which it left its sender, and the route's table, of a
// known connection as of a new one, observed or dropped.
func TestARouteIsToldWithItsTable(t *testing.T) {
	x := newRig(t)
	for range 3 {
		e := x.fromGuest("eni-a1", out)
		require.Equal(t, []string{"rtb-a1", "0.0.0.0/0 to igw-a"}, []string{e.Routes, e.Route.String()})
		e = x.fromGuest("eni-a1", out.Flags(wire.TCPAck))
		require.Equal(t, []string{"rtb-a1", "0.0.0.0/0 to igw-a"}, []string{e.Routes, e.Route.String()})
		e = x.fromGuest("eni-a1", toA4)
		require.Equal(t, []string{"eni-a4", "rtb-a1", "10.0.0.0/16 to local"}, []string{e.ENI.ID, e.Routes, e.Route.String()})
		require.Nil(t, x.fromInternet("eni-a1", syn).Route)
	}
	x.fromGuest("eni-a4", wiretest.TCP("10.0.2.8:1", client+":443")).dropped(NoRoute)
	d := x.latest()[0]
	require.Equal(t, []string{"rtb-a2", "no route"}, []string{d.Routes(), d.Route.String()})
}

// inspected has the internet gateway lead what is for subnet-a1 to a middlebox on a card.
func (r *rig) inspected(card string, more ...string) {
	r.Helper()
	r.middlebox(card)
	r.put("RouteTables", r.table("rtb-in", "GatewayId: igw-a", append(more, "10.0.1.0/24: NetworkInterfaceId: eni-mid")...))
}

// Gateway route table: what the internet sends to a public address of a subnet goes to the
// middlebox first, with the private destination, and from there to the instance, which
// answers by the middlebox: the internet gateway gives the answer the instance's public
// address, whoever sends it. The middlebox is on the instance's card, or on another.
func TestAGatewayRouteTableLeadsThroughAMiddlebox(t *testing.T) {
	for _, card := range []string{"x", "y"} {
		x, mid := besideMiddlebox(t, card, func(r *rig) {
			r.inspected(card)
			r.routes("rtb-a1", "0.0.0.0/0: NetworkInterfaceId: eni-mid")
		})
		e := mid.eni("eni-mid")
		inside := wiretest.TCP(client+":40000", "10.0.1.5:22").Flags(wire.TCPSyn)
		answer := wiretest.TCP("10.0.1.5:22", client+":40000").Flags(wire.TCPSyn | wire.TCPAck)
		for range 3 {
			got := x.reach(mid, x.fromInternet("eni-a1", syn)).delivered("eni-mid")
			require.Equal(t, inside.MACs(e.RouterMAC, e.MAC).Bytes(), got)
			got = mid.reach(x, mid.fromGuest("eni-mid", inside)).delivered("eni-a1")
			require.Equal(t, inside.MACs(x.eni("eni-a1").RouterMAC, macA1).Bytes(), got)
			x.reach(mid, x.fromGuest("eni-a1", answer)).delivered("eni-mid")
			got = mid.fromGuest("eni-mid", answer).tunneled(edge, vniA)
			require.Equal(t, wiretest.Addr("35.72.2.8"), header(t, got).Src)
		}
		require.Len(t, x.flows("eni-a1"), 1)
	}
}

// "Two instances that use each other's public addresses go out and in again at the internet gateway",
// also if one is the middlebox of the gateway's table: what the middlebox sends to a host behind the
// table comes to the middlebox once, as what others send does, and so do the answers. The middlebox's guest
// forwards packets with its own public address, which nobody translates on their way through the VPC.
//
//	mid ─▶ internet gateway ─▶ mid ─▶ a1
//	mid ◀─ internet gateway ◀─ mid ◀─ a1
func TestAMiddleboxReachesPublicAddressesBehindItself(t *testing.T) {
	const public, ownPublic = "35.72.2.8", "35.72.2.77"
	for _, card := range []string{"x", "y"} {
		x, mid := besideMiddlebox(t, card, func(r *rig) {
			r.inspected(card)
			r.routes("rtb-a1", "0.0.0.0/0: NetworkInterfaceId: eni-mid")
			r.admits(permit("tcp", "22", "0.0.0.0/0"))
		})
		out := wiretest.TCP("10.0.3.9:40000", public+":22")
		again := wiretest.TCP(ownPublic+":40000", "10.0.1.5:22")
		answer := wiretest.TCP("10.0.1.5:22", ownPublic+":40000")
		e, a1 := mid.eni("eni-mid"), x.eni("eni-a1")
		for _, flags := range [][2]uint8{{wire.TCPSyn, wire.TCPSyn | wire.TCPAck}, {wire.TCPAck, wire.TCPAck}, {wire.TCPAck, wire.TCPAck}, {wire.TCPAck, wire.TCPAck}} {
			left := header(t, mid.fromGuest("eni-mid", out.Flags(flags[0])).tunneled(edge, vniA))
			require.Equal(t, []wire.Addr{wiretest.Addr(ownPublic), wiretest.Addr(public)}, []wire.Addr{left.Src, left.Dst})
			got := x.reach(mid, x.fromInternet("eni-a1", wiretest.TCP(ownPublic+":40000", public+":22").Flags(flags[0]))).delivered("eni-mid")
			require.Equal(t, again.Flags(flags[0]).MACs(e.RouterMAC, e.MAC).Bytes(), got)
			got = mid.reach(x, mid.fromGuest("eni-mid", again.Flags(flags[0]))).delivered("eni-a1")
			require.Equal(t, again.Flags(flags[0]).MACs(a1.RouterMAC, macA1).Bytes(), got)

			got = x.reach(mid, x.fromGuest("eni-a1", answer.Flags(flags[1]))).delivered("eni-mid")
			require.Equal(t, answer.Flags(flags[1]).MACs(e.RouterMAC, e.MAC).Bytes(), got, "with the address that a1 knows")
			left = header(t, mid.fromGuest("eni-mid", answer.Flags(flags[1])).tunneled(edge, vniA))
			require.Equal(t, []wire.Addr{wiretest.Addr(public), wiretest.Addr(ownPublic)}, []wire.Addr{left.Src, left.Dst})
			came := header(t, mid.fromInternet("eni-mid", wiretest.TCP(public+":22", ownPublic+":40000").Flags(flags[1])).delivered("eni-mid"))
			require.Equal(t, []wire.Addr{wiretest.Addr(public), wiretest.Addr("10.0.3.9")}, []wire.Addr{came.Src, came.Dst})
		}
		require.Len(t, x.flows("eni-a1"), 1)
		require.Len(t, mid.flows("eni-mid"), 3, "its own, and both halves of what it forwards")
	}
}

// A packet that no internet gateway brought keeps its public destination though a connection is
// known whose packets have the private one: a middlebox gets the one as it was sent, and an ENI
// with the check on gets none.
func TestThePublicAddressIsNotThePrivateOneInsideTheVPC(t *testing.T) {
	straight := wiretest.TCP("10.0.1.5:22", "10.0.3.9:40000")
	for _, card := range []string{"x", "y"} {
		x, mid := besideMiddlebox(t, card, func(r *rig) {
			r.inspected(card)
			r.routes("rtb-a1", "0.0.0.0/0: NetworkInterfaceId: eni-mid")
			r.admits(permit("tcp", "22", "0.0.0.0/0"))
		})
		e := mid.eni("eni-mid")
		mid.reach(x, mid.fromGuest("eni-mid", wiretest.TCP("10.0.3.9:40000", "10.0.1.5:22").Flags(wire.TCPSyn))).delivered("eni-a1")
		for range 3 {
			x.reach(mid, x.fromGuest("eni-a1", straight.Flags(wire.TCPAck))).delivered("eni-mid")
			byPublic := wiretest.TCP("10.0.1.5:22", "35.72.2.77:40000").Flags(wire.TCPAck)
			got := x.reach(mid, x.fromGuest("eni-a1", byPublic)).delivered("eni-mid")
			require.Equal(t, byPublic.MACs(e.RouterMAC, e.MAC).Bytes(), got)
		}
		mid.put("NetworkInterfaces", strings.Replace(midENI("Attachment: {InstanceId: i-mid}"), "SourceDestCheck: false", "SourceDestCheck: true", 1))
		x.reach(mid, x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:23", "35.72.2.77:40000").Flags(wire.TCPSyn))).dropped(NotForThisENI)
	}
}

// An ICMP error that a host sends the middlebox about a packet from the middlebox's public address
// quotes that address to the end.
func TestAnErrorQuotesTheMiddleboxsPublicAddress(t *testing.T) {
	x := newRig(t)
	x.inspected("x")
	x.routes("rtb-a1", "0.0.0.0/0: NetworkInterfaceId: eni-mid")
	x.put("SecurityGroups", "{GroupId: sg-mid, GroupName: mid, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: '-1', IpRanges: [{CidrIp: 0.0.0.0/0}]}]}")
	e := x.eni("eni-mid")
	forwarded := wiretest.UDP("35.72.2.77:40000", "10.0.1.5:22")
	x.admits(permit("udp", "22", "0.0.0.0/0"))
	x.fromGuest("eni-mid", forwarded).delivered("eni-a1")
	unreachable := wiretest.ICMPError(wire.ICMPUnreachable, 3, "10.0.1.5", forwarded.Bytes())
	got := x.fromGuest("eni-a1", unreachable).delivered("eni-mid")
	require.Equal(t, unreachable.MACs(e.RouterMAC, e.MAC).Bytes(), got)
}

// A datagram from the internet passes a middlebox of this card with all its fragments, also where
// the middlebox's ACL lets one port in.
func TestFragmentsReachAMiddleboxTogether(t *testing.T) {
	x := newRig(t)
	x.inspected("x")
	x.put("NetworkAcls", `{NetworkAclId: acl-a3, VpcId: vpc-a, Associations: [{SubnetId: subnet-a3}], Entries: [
		{RuleNumber: 1, Egress: false, RuleAction: allow, Protocol: '17', CidrBlock: 0.0.0.0/0, PortRange: {From: 5000, To: 5000}}]}`)
	first, later := x.fragments("5000", 1)
	x.send(Uplink, first).delivered("eni-mid")
	x.send(Uplink, later).delivered("eni-mid")
}

// The rows about gateway route tables, each with what becomes of a packet to a1.
func TestGatewayRouteTables(t *testing.T) {
	for _, c := range []struct {
		what  string
		setup func(*rig)
		want  Verdict
		at    string
	}{
		{"a subnet that the table does not lead elsewhere", func(x *rig) {
			x.middlebox("x")
			x.put("RouteTables", x.table("rtb-in", "GatewayId: igw-a", "10.0.2.0/24: NetworkInterfaceId: eni-mid"))
		}, Sent, "eni-a1"},
		{"the whole VPC, in the place of the local route", func(x *rig) {
			x.middlebox("x")
			x.put("RouteTables", x.table("rtb-in", "GatewayId: igw-a", "10.0.0.0/16: NetworkInterfaceId: eni-mid"))
		}, Sent, "eni-mid"},
		{"a middlebox that is attached to no instance", func(x *rig) {
			x.inspected("x")
			x.put("NetworkInterfaces", midENI("Attachment: {InstanceId: i-mid, Status: detached}"))
		}, Blackhole, ""},
		{"a middlebox without a public address", func(x *rig) {
			x.inspected("x")
			x.put("NetworkInterfaces", strings.ReplaceAll(midENI("Attachment: {InstanceId: i-mid}"), ", Association: {PublicIp: 35.72.2.77}", ""))
		}, Blackhole, ""},
		{"a middlebox whose further address has a public one", func(x *rig) {
			x.inspected("x")
			x.put("NetworkInterfaces", strings.ReplaceAll(midENI("Attachment: {InstanceId: i-mid}"), ", Association: {", "}, {PrivateIpAddress: 10.0.3.10, Association: {"))
		}, Sent, "eni-mid"},
		{"an endpoint of a Gateway Load Balancer", func(x *rig) {
			x.put("RouteTables", x.table("rtb-in", "GatewayId: igw-a", "10.0.1.0/24: GatewayId: vpce-1"))
		}, TargetOutside, ""},
		{"a virtual private gateway's table says nothing of the internet", func(x *rig) {
			x.middlebox("x")
			x.put("RouteTables", x.table("rtb-in", "GatewayId: vgw-1", "10.0.1.0/24: NetworkInterfaceId: eni-mid"))
		}, Sent, "eni-a1"},
		{"an association that ended", func(x *rig) {
			x.middlebox("x")
			x.put("RouteTables", x.table("rtb-in", "GatewayId: igw-a, AssociationState: {State: disassociated}", "10.0.1.0/24: NetworkInterfaceId: eni-mid"))
		}, Sent, "eni-a1"},
		{"a workload whose subnet is blocked", func(x *rig) {
			x.inspected("x")
			blocking("block-ingress")(x)
		}, BlockPublicAccess, ""},
	} {
		x := newRig(t)
		c.setup(x)
		e := x.fromInternet("eni-a1", syn)
		require.Equal(t, []string{c.want.String(), c.at}, []string{e.Verdict.String(), e.To}, c.what)
	}
}

// A drop by a gateway's route names the gateway's table, and not the one of the ENI's subnet.
func TestADropNamesTheGatewaysRoute(t *testing.T) {
	x := newRig(t)
	x.put("RouteTables", x.table("rtb-in", "GatewayId: igw-a", "10.0.1.0/24: GatewayId: vpce-1"))
	e := x.fromInternet("eni-a1", syn)
	e.dropped(TargetOutside)
	d := x.latest()[0]
	for _, got := range [][]any{{d.Routes(), d.Route.Dest, d.Route.Via}, {e.Routes, e.Route.Dest, e.Route.Via}} {
		require.Equal(t, []any{"rtb-in", "10.0.1.0/24", "vpce-1"}, got)
	}
	x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:1", "192.0.2.1:53")).dropped(Blackhole)
	d = x.latest()[0]
	require.Equal(t, "rtb-a1", d.Routes())
}

// A card may hand a middlebox what the internet sent to the card's own ENIs, and nothing
// else.
func TestACardSpeaksForTheInternetToAMiddleboxAlone(t *testing.T) {
	y := newRigOf(t, "y", room)
	y.peer()
	y.inspected("y")
	e := y.eni("eni-mid")
	from := func(src, dst string) end {
		p := wiretest.TCP(src+":1", dst+":22").Flags(wire.TCPSyn).MACs(e.RouterMAC, e.MAC)
		return y.send(Uplink, y.outer(serverX, vniA, p.Bytes()).Bytes())
	}
	from(client, "10.0.1.5").delivered("eni-mid")
	from(client, "10.0.1.6").dropped(SourceMismatch)     // has no public address
	from(client, "10.0.1.7").dropped(SourceMismatch)     // is on y
	from(client, "10.0.2.8").dropped(SourceMismatch)     // its subnet is not led elsewhere
	from("10.0.2.7", "10.0.1.5").dropped(SourceMismatch) // is on y
	from("10.8.1.5", "10.0.1.5").dropped(SourceMismatch) // a peer's, is on y: not from the internet
	from("192.168.0.1", "10.0.1.5").dropped(SourceMismatch)
}

// "Security group references do not work through a middlebox route": each side must allow
// the other by its address. Straight, the reference works.
func TestRulesThatNameGroupsDoNotMatchThroughAMiddlebox(t *testing.T) {
	x := newRig(t)
	x.middlebox("x")
	x.fromGuest("eni-a1", toA4).delivered("eni-a4")
	x.routes("rtb-a1", "10.0.2.0/24: NetworkInterfaceId: eni-mid")
	x.fromGuest("eni-a1", toA4).delivered("eni-mid")
	next := toA4.SrcPort(40001)
	x.fromGuest("eni-mid", next).dropped(SecurityGroupIn)
	x.opens("IpRanges: [{CidrIp: 10.0.1.0/24}]")
	x.fromGuest("eni-mid", next).delivered("eni-a4")

	out := wiretest.TCP("10.0.2.8:1", "10.0.1.5:8080").Flags(wire.TCPSyn)
	only := `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", UserIdGroupPairs: [{GroupId: sg-a-web}]}]}`
	x.put("SecurityGroups", only)
	x.fromGuest("eni-a4", out).delivered("eni-a1")
	x.routes("rtb-a2", "10.0.1.0/24: NetworkInterfaceId: eni-mid")
	x.fromGuest("eni-a4", out.SrcPort(2)).dropped(SecurityGroupOut)
}
