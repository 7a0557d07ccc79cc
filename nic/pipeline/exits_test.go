package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// box is the tunnel end behind exits, whose MAC answers for it.
const box = "172.16.0.9"

var exitMAC = mac("02:00:00:00:e8:17")

func init() { nictest.Stations[box] = mac("02:00:00:00:00:19") }

// exits has Placement name exits, in YAML, and resolves the tunnel end behind them.
func (r *rig) exits(exits string) {
	r.Helper()
	e, err := vpc.Put("Placement", []byte("Exits: {"+exits+"}"))
	require.NoError(r, err)
	c := *r.region.Config()
	c.Placement.Exits = e.Object.(*vpc.Placement).Exits
	r.apply(&c)
	if r.places[Uplink][0].Port() != nil {
		r.resolve(box)
	}
}

// routesOut puts routes into the main table of customer A.
func (r *rig) routesOut(routes string) {
	r.Helper()
	r.put("RouteTables", "{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}, {DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}, "+routes+"]}")
}

// byExit is a packet that the box sends under an exit's VNI to an ENI.
func (r *rig) byExit(vni uint32, eni string, p wiretest.Packet) end {
	r.Helper()
	return r.send(Uplink, r.outer(box, vni, p.MACs(exitMAC, r.eni(eni).MAC).Bytes()).Bytes())
}

// onPremises is customer A's own network, behind a transit gateway and a VPN.
const onPremises = "{DestinationCidrBlock: 198.51.100.0/24, TransitGatewayId: tgw-1}, {DestinationIpv6CidrBlock: \"2001:db8:9::/48\", TransitGatewayId: tgw-1}, {DestinationCidrBlock: 192.168.0.0/16, GatewayId: vgw-1}"

const bothExits = "tgw-1: {Vtep: " + box + ", Vni: 7001}, vgw-1: {Vtep: " + box + ", Vni: 7002}"

// A route to a transit gateway leads to its exit: the packet keeps its addresses, and goes to
// the exit's MAC under the exit's VNI. The answer comes back by the exit alone.
func TestATransitGatewayLeadsToItsExit(t *testing.T) {
	for _, a := range []struct{ here, there string }{{"10.0.1.5", "198.51.100.9"}, {"[" + a1v6 + "]", "[2001:db8:9::9]"}} {
		x := newRig(t)
		x.routesOut(onPremises)
		out := wiretest.TCP(a.here+":40000", a.there+":443").Flags(wire.TCPSyn)
		back := wiretest.TCP(a.there+":443", a.here+":40000").Flags(wire.TCPSyn | wire.TCPAck)
		x.fromGuest("eni-a1", out).dropped(TargetOutside)
		x.exits(bothExits)
		for range 3 { // then known
			got := x.fromGuest("eni-a1", out).tunneled(box, 7001)
			require.Equal(t, exitMAC, wire.Ethernet(got).Dst())
			require.Equal(t, out.MACs(wire.Ethernet(got).Src(), exitMAC).Bytes(), got)
			require.Equal(t, back.MACs(exitMAC, macA1).Bytes(), x.byExit(7001, "eni-a1", back).delivered("eni-a1"))
			x.byExit(7002, "eni-a1", back).dropped(SourceMismatch)
			if wire.Ethernet(back.Bytes()).EtherType() == wire.EtherTypeIPv4 { // of IPv6 the edge speaks for everybody
				x.fromInternet("eni-a1", back).dropped(PrivateDestination)
			}
		}
		require.Equal(t, "198.51.100.0/24 to tgw-1", x.policy().ENI("eni-a1").Route(wiretest.Addr("198.51.100.9")).String())
		x.exits("")
		x.fromGuest("eni-a1", out).dropped(TargetOutside)
		x.byExit(7001, "eni-a1", back).dropped(UnknownVTEP)
	}
}

// What comes in by an exit meets groups and ACLs as any packet, and its source is believed as
// far as the VPC's routes lead there by that exit.
func TestWhatComesInByAnExit(t *testing.T) {
	x := newRig(t)
	x.routesOut(onPremises)
	x.exits(bothExits)
	web := func(src, dst string) wiretest.Packet { return wiretest.TCP(src+":40000", dst+":80").Flags(wire.TCPSyn) }
	x.byExit(7001, "eni-a1", web("198.51.100.9", "10.0.1.5")).delivered("eni-a1")
	x.byExit(7002, "eni-a1", web("192.168.7.7", "10.0.1.5")).delivered("eni-a1")
	require.Equal(t, "remote", x.flows("eni-a1")[0].Initiator)
	x.byExit(7001, "eni-a1", wiretest.TCP("198.51.100.9:1", "10.0.1.5:81").Flags(wire.TCPSyn)).dropped(SecurityGroupIn)
	for src, want := range map[string]Verdict{
		"192.168.7.7": SourceMismatch, client: SourceMismatch, "10.0.1.6": SourceMismatch, "10.0.2.7": SourceMismatch, "10.8.1.5": SourceMismatch, "127.0.0.1": Martian, "224.0.0.1": Martian,
	} {
		x.byExit(7001, "eni-a1", web(src, "10.0.1.5")).dropped(want)
	}
	x.byExit(7001, "eni-a1", web("198.51.100.9", "35.72.2.8")).dropped(NotForThisENI) // a public address is the internet gateway's
	x.byExit(7001, "eni-a1", web("198.51.100.9", "10.0.1.5")).delivered("eni-a1")
	x.byExit(7001, "eni-a1", web("198.51.100.9", "35.72.2.8")).dropped(NotForThisENI) // also where a connection is known
	x.byExit(7001, "eni-b1", web("198.51.100.9", "10.0.1.5")).dropped(UnknownMAC)     // no route of customer B leads there
	x.byExit(7003, "eni-a1", web("198.51.100.9", "10.0.1.5")).dropped(UnknownVTEP)
	x.byExit(vniA, "eni-a1", web("198.51.100.9", "10.0.1.5")).dropped(UnknownVTEP)
	x.byExit(7001, "eni-a1", web("198.51.100.9", "10.0.1.99")).dropped(NotForThisENI)
	// A middlebox's subnet may have the route, and the ENI's subnet none.
	x.opens("IpRanges: [{CidrIp: 198.51.100.0/24}]")
	x.byExit(7001, "eni-a4", wiretest.TCP("198.51.100.9:1", "10.0.2.8:5432").Flags(wire.TCPSyn)).delivered("eni-a4")
	x.guard(entry("deny", "6", "80", "198.51.100.0/24", false))
	x.byExit(7001, "eni-a1", web("198.51.100.9", "10.0.1.5")).dropped(NetworkACLIn)
}

// Two exits may share a VNI: the tunnel end that sends a packet tells which of the two the packet is
// by, and an ENI whose VPC leads to both is found by both.
func TestExitsThatShareAVNI(t *testing.T) {
	x := newRig(t)
	x.routesOut(onPremises)
	x.exits("tgw-1: {Vtep: " + edge + ", Vni: 7001}, vgw-1: {Vtep: " + box + ", Vni: 7001}")
	by := func(at, src string) end {
		p := wiretest.TCP(src+":40000", "10.0.1.5:80").Flags(wire.TCPSyn)
		return x.send(Uplink, x.outer(at, 7001, p.MACs(exitMAC, macA1).Bytes()).Bytes())
	}
	by(edge, "198.51.100.9").delivered("eni-a1")
	by(box, "192.168.7.7").delivered("eni-a1")
	by(edge, "192.168.7.7").dropped(SourceMismatch)
	by(box, "198.51.100.9").dropped(SourceMismatch)
	x.put("RouteTables", "{RouteTableId: rtb-spare, VpcId: vpc-b, Routes: [{DestinationCidrBlock: 192.168.0.0/16, GatewayId: vgw-1}]}")
	x.routesOut("{DestinationCidrBlock: 198.51.100.0/24, TransitGatewayId: tgw-1}")
	by(edge, "198.51.100.9").delivered("eni-a1")
	by(box, "198.51.100.9").dropped(UnknownMAC) // no route of the VPC leads there any more
}

// An exit does not speak for an ENI of a peer, whose group a rule names, because another subnet
// has a default route to the exit's target.
func TestAnExitDoesNotSpeakForAPeersENI(t *testing.T) {
	x := newRig(t)
	x.peer()
	table := func(id, subnet, route string) string {
		return "{RouteTableId: " + id + ", VpcId: vpc-a, Associations: [{SubnetId: " + subnet + "}], Routes: [" + route + "]}"
	}
	x.put("RouteTables", table("rtb-a3", "subnet-a1", "{DestinationCidrBlock: 10.8.0.0/16, VpcPeeringConnectionId: pcx-ac}"))
	x.put("RouteTables", table("rtb-a4", "subnet-a2", "{DestinationCidrBlock: 0.0.0.0/0, TransitGatewayId: tgw-1}"))
	x.exits("tgw-1: {Vtep: " + box + ", Vni: 7001}")
	x.admits("{IpProtocol: tcp, FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{GroupId: sg-c, UserId: '222222222222', VpcId: vpc-c, VpcPeeringConnectionId: pcx-ac, PeeringStatus: active}]}")
	p := wiretest.TCP("10.8.1.5:40000", "10.0.1.5:5432").Flags(wire.TCPSyn)
	x.byExit(7001, "eni-a1", p).dropped(SourceMismatch)
	x.byExit(7001, "eni-a1", wiretest.TCP("10.9.1.5:40000", "10.0.1.5:5432").Flags(wire.TCPSyn)).dropped(SecurityGroupIn)
	x.put("RouteTables", table("rtb-a3", "subnet-a1", "{DestinationCidrBlock: 10.8.0.0/16, TransitGatewayId: tgw-1}"))
	x.byExit(7001, "eni-a1", p).delivered("eni-a1")
}

// An exit may have the edge's address: its VNI tells the two apart.
func TestAnExitAtTheEdge(t *testing.T) {
	x := newRig(t)
	x.routesOut(onPremises)
	x.exits("tgw-1: {Vtep: " + edge + ", Vni: 7001}, vgw-1: {Vtep: " + box + ", Vni: 7002}")
	p := wiretest.TCP("198.51.100.9:40000", "10.0.1.5:80").Flags(wire.TCPSyn)
	public := wiretest.TCP("198.51.100.9:40000", "35.72.2.8:80")
	by := func(vni uint32, p wiretest.Packet) end {
		return x.send(Uplink, x.outer(edge, vni, p.MACs(exitMAC, macA1).Bytes()).Bytes())
	}
	for range 3 {
		by(7001, p).delivered("eni-a1")
		by(7001, p.Flags(wire.TCPAck)).delivered("eni-a1")
		by(vniA, p).dropped(PrivateDestination)
		by(vniA, p.Flags(wire.TCPAck)).dropped(PrivateDestination)
		by(7001, public).dropped(NotForThisENI)
	}
	by(vniA, public.Flags(wire.TCPSyn)).delivered("eni-a1") // the edge speaks for everybody outside
}

// MTU: a VPN carries 1500 bytes, a transit gateway 8500; the sender on either side is told.
func TestTheMTUOfAnExit(t *testing.T) {
	x := newRig(t)
	x.routesOut(onPremises)
	x.exits(bothExits)
	for dst, mtu := range map[string]vpc.MTU{"192.168.7.7": 1500, "198.51.100.9": 8500} {
		p := wiretest.UDP("10.0.1.5:40000", dst+":53").DF()
		vni := map[vpc.MTU]uint32{1500: 7002, 8500: 7001}[mtu]
		x.fromGuest("eni-a1", p.Size(size(mtu))).tunneled(box, vni)
		x.fromGuest("eni-a1", p.Size(size(mtu)+1)).tells(mtu)
	}
}

// Gateway endpoints: TCP and ICMP echo only, and with an exit they lead there. EC2 tracks
// connections to DynamoDB, whatever the groups say.
func TestAGatewayEndpointCarriesTCPAndEcho(t *testing.T) {
	for service, tracked := range map[string]bool{"com.amazonaws.eu-central-1.s3": false, "com.amazonaws.eu-central-1.dynamodb": true} {
		x := newRig(t)
		x.put("ManagedPrefixLists", `{PrefixListId: pl-1, Entries: [{Cidr: 52.218.0.0/17}]}`)
		x.routesOut("{DestinationPrefixListId: pl-1, GatewayId: vpce-1}")
		x.admits("{IpProtocol: '-1', IpRanges: [{CidrIp: 0.0.0.0/0}]}")
		syn := wiretest.TCP("10.0.1.6:40000", "52.218.0.1:443").Flags(wire.TCPSyn)
		x.fromGuest("eni-a2", syn).dropped(TargetOutside)
		c := *x.region.Config()
		c.Unenforced = map[string][]any{"VpcEndpoints": {map[string]any{"VpcEndpointId": "vpce-1", "ServiceName": service, "VpcEndpointType": "Gateway"}}}
		x.apply(&c)
		x.exits("vpce-1: {Vtep: " + box + ", Vni: 7001}")
		x.fromGuest("eni-a2", syn).tunneled(box, 7001)
		require.Equal(t, tracked, x.flow("eni-a2").Tracked, service)
		x.byExit(7001, "eni-a2", wiretest.TCP("52.218.0.1:443", "10.0.1.6:40000").Flags(wire.TCPSyn|wire.TCPAck)).delivered("eni-a2")
		x.fromGuest("eni-a2", wiretest.Echo("10.0.1.6", "52.218.0.1", 7)).tunneled(box, 7001)
		x.byExit(7001, "eni-a2", wiretest.EchoReply("52.218.0.1", "10.0.1.6", 7)).delivered("eni-a2")
		for _, p := range []wiretest.Packet{wiretest.UDP("10.0.1.6:1", "52.218.0.1:53"), wiretest.IP("10.0.1.6", "52.218.0.1", 47), wiretest.Query("10.0.1.6", "52.218.0.1", wire.ICMPTimestamp, 7)} {
			x.fromGuest("eni-a2", p).dropped(EndpointProtocol)
			require.Equal(t, "52.218.0.0/17 to vpce-1", x.latest()[0].Route.String())
		}
	}
}

// A virtual private gateway's route table (edge association) leads what comes by the
// gateway's exit through a middlebox, of this card or of another, without a public address.
// Answers go out by the middlebox.
func TestAVPNGatewaysRouteTable(t *testing.T) {
	for _, card := range []string{"x", "y"} {
		x, mid := besideMiddlebox(t, card, func(r *rig) {
			r.middlebox(card)
			r.put("NetworkInterfaces", `{NetworkInterfaceId: eni-mid, SubnetId: subnet-a3, MacAddress: "`+macMid+`", PrivateIpAddress: 10.0.3.9, SourceDestCheck: false, Groups: [{GroupId: sg-mid}], Attachment: {InstanceId: i-mid}}`)
			r.put("RouteTables", r.table("rtb-in", "GatewayId: vgw-1", "10.0.1.0/24: NetworkInterfaceId: eni-mid"))
			r.routes("rtb-a1", "192.168.0.0/16: NetworkInterfaceId: eni-mid")
			r.routes("rtb-a3", "192.168.0.0/16: GatewayId: vgw-1", "198.51.100.0/24: TransitGatewayId: tgw-1")
			r.exits(bothExits)
		})
		e := mid.eni("eni-mid")
		p := wiretest.TCP("192.168.7.7:40000", "10.0.1.5:80").Flags(wire.TCPSyn)
		answer := wiretest.TCP("10.0.1.5:80", "192.168.7.7:40000").Flags(wire.TCPSyn | wire.TCPAck)
		for range 3 {
			got := x.reach(mid, x.byExit(7002, "eni-a1", p)).delivered("eni-mid")
			require.Equal(t, p.MACs(e.RouterMAC, e.MAC).Bytes(), got)
			mid.reach(x, mid.fromGuest("eni-mid", p)).delivered("eni-a1")
			x.reach(mid, x.fromGuest("eni-a1", answer)).delivered("eni-mid")
			require.Equal(t, answer.MACs(wire.MAC{}, exitMAC).Bytes()[12:], mid.fromGuest("eni-mid", answer).tunneled(box, 7002)[12:])
		}
		// The table is the virtual private gateway's, and no other exit's.
		x.byExit(7001, "eni-a1", wiretest.TCP("198.51.100.9:1", "10.0.1.5:80").Flags(wire.TCPSyn)).delivered("eni-a1")
		if card == "y" {
			for src, want := range map[string]Verdict{"192.168.7.7": Sent, "198.51.100.9": SourceMismatch, "10.0.2.7": SourceMismatch} {
				p := wiretest.TCP(src+":1", "10.0.1.6:80").Flags(wire.TCPSyn).MACs(e.RouterMAC, e.MAC)
				require.Equal(t, want.String(), mid.send(Uplink, mid.outer(serverX, vniA, p.Bytes()).Bytes()).Verdict.String(), src)
			}
		}
	}
}

// By a virtual private gateway's route table nobody speaks for an ENI of a peer, whose group rules
// may name, though a route of the VPC leads to its address by the gateway.
func TestAVPNGatewaySpeaksForNoPeer(t *testing.T) {
	_, y := newPeers(t)
	y.middlebox("y")
	y.put("RouteTables", y.table("rtb-in", "GatewayId: vgw-1", "10.0.1.0/24: NetworkInterfaceId: eni-mid"))
	y.routes("rtb-a3", "10.8.0.0/16: GatewayId: vgw-1")
	y.exits("vgw-1: {Vtep: " + box + ", Vni: 7002}")
	e := y.eni("eni-mid")
	for src, want := range map[string]Verdict{"10.8.7.7": Sent, "10.8.1.5": SourceMismatch} {
		p := wiretest.TCP(src+":1", "10.0.1.6:80").Flags(wire.TCPSyn).MACs(e.RouterMAC, e.MAC)
		require.Equal(t, want.String(), y.send(Uplink, y.outer(serverX, vniA, p.Bytes()).Bytes()).Verdict.String(), src)
	}
}

// A gateway route table may lead to an endpoint of a Gateway Load Balancer: with an exit the
// packet goes there first, and comes back by the exit. The subnet cannot use the internet
// gateway directly.
func TestAGatewayRouteTableLeadsThroughAnEndpoint(t *testing.T) {
	x := newRig(t)
	x.put("RouteTables", x.table("rtb-in", "GatewayId: igw-a", "10.0.1.0/24: GatewayId: vpce-1"))
	x.fromGuest("eni-a1", out).dropped(MiddleboxPassedBy)
	x.routes("rtb-a1", "0.0.0.0/0: GatewayId: vpce-1")
	x.fromInternet("eni-a1", syn).dropped(TargetOutside)
	x.exits("vpce-1: {Vtep: " + box + ", Vni: 7001}")
	inside := wiretest.TCP(client+":40000", "10.0.1.5:22").Flags(wire.TCPSyn)
	answer := wiretest.TCP("10.0.1.5:22", client+":40000").Flags(wire.TCPSyn | wire.TCPAck)
	for range 3 {
		got := x.fromInternet("eni-a1", syn).tunneled(box, 7001)
		require.Equal(t, inside.MACs(wire.Ethernet(got).Src(), exitMAC).Bytes(), got)
		x.byExit(7001, "eni-a1", inside).delivered("eni-a1")
		x.fromGuest("eni-a1", answer).tunneled(box, 7001)
	}
}
