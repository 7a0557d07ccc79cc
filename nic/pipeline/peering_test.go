package pipeline

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

const vniC, vniD = 5003, 5004

// newPeers are servers x and y with the VPCs of testdata/peers.yaml beside those of
// region.yaml.
func newPeers(t *testing.T) (x, y *rig) {
	t.Helper()
	x, y = newRig(t), newRigOf(t, "y", room)
	for _, r := range []*rig{x, y} {
		r.peer()
	}
	return x, y
}

// peer adds the VPCs of testdata/peers.yaml.
func (r *rig) peer() {
	r.Helper()
	more, err := vpc.Load("../testdata/peers.yaml")
	require.NoError(r, err)
	c := *r.config
	c.Vpcs, c.Subnets = append(slices.Clone(c.Vpcs), more.Vpcs...), append(slices.Clone(c.Subnets), more.Subnets...)
	c.RouteTables = slices.DeleteFunc(slices.Clone(c.RouteTables), func(t ec2.RouteTable) bool { return t.VpcId == "vpc-a" })
	c.RouteTables = append(c.RouteTables, more.RouteTables...)
	c.SecurityGroups = append(slices.Clone(c.SecurityGroups), more.SecurityGroups...)
	c.NetworkInterfaces = append(slices.Clone(c.NetworkInterfaces), more.NetworkInterfaces...)
	c.InternetGateways = append(slices.Clone(c.InternetGateways), more.InternetGateways...)
	c.VpcPeeringConnections = more.VpcPeeringConnections
	c.Placement.Cards = slices.Clone(c.Placement.Cards)
	for i, enis := range [][]string{{"eni-c2"}, {"eni-c1", "eni-d1"}} {
		c.Placement.Cards[i].NetworkInterfaces = append(slices.Clone(c.Placement.Cards[i].NetworkInterfaces), enis...)
	}
	c.Placement.Vnis = map[string]uint32{"vpc-a": vniA, "vpc-b": vniB, "vpc-c": vniC, "vpc-d": vniD}
	c.Places = nil
	r.apply(&c)
	for name := range r.places {
		if r.ports[name] == nil {
			r.attach(name, mem.New(mem.Options{}))
		}
	}
}

// A route to a peering connection leads to the ENI of the peer that has the address, on
// this server and on another, and the answer comes back, each in the VNI of the receiver.
func TestPeeringLeadsToTheENIOfThePeer(t *testing.T) {
	x, y := newPeers(t)
	there := wiretest.TCP("10.0.1.5:40000", "10.8.1.5:80").Flags(wire.TCPSyn)
	back := wiretest.TCP("10.8.1.5:80", "10.0.1.5:40000").Flags(wire.TCPSyn | wire.TCPAck)
	for range 2 {
		sent := x.fromGuest("eni-a1", there)
		sent.tunneled(serverY, vniC)
		c1 := y.eni("eni-c1")
		require.Equal(t, there.MACs(c1.RouterMAC, c1.MAC).Bytes(), y.send(Uplink, sent.frame).delivered("eni-c1"))
		sent = y.fromGuest("eni-c1", back)
		sent.tunneled(serverX, vniA)
		x.send(Uplink, sent.frame).delivered("eni-a1")
	}
	for range 2 {
		x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:40000", "10.8.1.6:80").Flags(wire.TCPSyn)).delivered("eni-c2")
		x.fromGuest("eni-c2", wiretest.TCP("10.8.1.6:80", "10.0.1.5:40000").Flags(wire.TCPSyn|wire.TCPAck)).delivered("eni-a1")
	}
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:40000", "10.8.1.99:80").Flags(wire.TCPSyn)).dropped(NoNeighbor)
}

// Without a peering connection in force nothing goes, whatever the routes say, and the next
// packet of what was established is dropped on both sides.
func TestPeeringThatEndsCarriesNothing(t *testing.T) {
	x, y := newPeers(t)
	there := wiretest.TCP("10.0.1.5:40000", "10.8.1.5:80")
	sent := x.fromGuest("eni-a1", there.Flags(wire.TCPSyn))
	y.send(Uplink, sent.frame).delivered("eni-c1")
	for _, code := range []string{"pending-acceptance", "deleted", "active"} {
		for _, r := range []*rig{x, y} {
			r.put("VpcPeeringConnections", `{VpcPeeringConnectionId: pcx-ac, RequesterVpcInfo: {VpcId: vpc-a}, AccepterVpcInfo: {VpcId: vpc-c}, Status: {Code: `+code+`}}`)
		}
		if code == "active" {
			x.fromGuest("eni-a1", there).tunneled(serverY, vniC)
			y.send(Uplink, sent.frame).delivered("eni-c1")
			continue
		}
		x.fromGuest("eni-a1", there).dropped(Blackhole)
		y.send(Uplink, sent.frame).dropped(SourceMismatch)
	}
}

// Peering is not transitive: a route by the peer to the peer's peer leads nowhere, on
// either side.
func TestPeeringIsNotTransitive(t *testing.T) {
	x, y := newPeers(t)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:40000", "10.16.1.5:80").Flags(wire.TCPSyn)).dropped(OutsidePeer)
	y.fromGuest("eni-d1", wiretest.TCP("10.16.1.5:40000", "10.0.1.5:80").Flags(wire.TCPSyn)).dropped(OutsidePeer)
	y.fromGuest("eni-d1", wiretest.TCP("10.16.1.5:40000", "10.8.1.5:80").Flags(wire.TCPSyn)).delivered("eni-c1")
	// Nor does the peer's server get through by an ENI that forwards.
	x.uncheck("eni-a2", "subnet-a1", "10.0.1.6")
	for _, dst := range []string{"10.16.1.5:80", "10.0.1.7:80"} {
		through := wiretest.TCP("10.8.1.5:1", dst).Flags(wire.TCPSyn).MACs(edgeRouter, macA2)
		x.send(Uplink, x.outer(serverY, vniA, through.Bytes()).Bytes()).dropped(OutsidePeer)
	}
}

// Peering has no edge to edge: no route leads to the internet by the gateway of the peer.
func TestPeeringHasNoEdgeToEdge(t *testing.T) {
	x, y := newPeers(t)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:40000", "198.51.100.1:80").Flags(wire.TCPSyn)).dropped(OutsidePeer)
	y.fromGuest("eni-d1", wiretest.TCP("10.16.1.5:40000", client+":80").Flags(wire.TCPSyn)).dropped(OutsidePeer)
}

// "No DNS server of the peer": the address of a peer's server is nobody's, also beside services.
func TestPeeringLeadsToNoDNSServer(t *testing.T) {
	x, _ := newPeers(t)
	x.serve()
	x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:40000", "10.8.0.2:53")).dropped(NoNeighbor)
	require.Equal(t, Consumed, x.asks("eni-a1", "10.0.1.5", macA1))
}

// Peering checks no reverse path: what an ENI without source/destination check forwards
// arrives, whatever its source: an address of nobody's, or of a host of its VPC that lives elsewhere.
func TestPeeringChecksNoReversePath(t *testing.T) {
	x, y := newPeers(t)
	foreign := wiretest.TCP("192.0.2.7:40000", "10.8.1.5:80").Flags(wire.TCPSyn)
	y.send(Uplink, y.tunnel(serverX, "eni-c1", foreign)).dropped(SourceMismatch)
	for _, r := range []*rig{x, y} {
		r.uncheck("eni-a2", "subnet-a1", "10.0.1.6")
	}
	sent := x.fromGuest("eni-a2", foreign)
	sent.tunneled(serverY, vniC)
	y.send(Uplink, sent.frame).delivered("eni-c1")
	// a2 passes on what a5 sends. The address of an ENI of another VPC that lives elsewhere stays its own.
	for src, want := range map[string]Verdict{
		"10.0.1.7":  Sent,           // a5, behind the middlebox
		"10.8.1.6":  Sent,           // c2 lives on x as well
		"10.16.1.5": SourceMismatch, // d1
	} {
		e := y.send(Uplink, y.tunnel(serverX, "eni-c1", wiretest.TCP(src+":40000", "10.8.1.5:80").Flags(wire.TCPSyn)))
		require.Equal(t, want.String(), e.Verdict.String(), src)
	}
	// c1 hears a1, to whom no route of c1's leads back.
	y.put("RouteTables", "{RouteTableId: rtb-c, VpcId: vpc-c, Associations: [{Main: true}]}")
	sent = x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:40000", "10.8.1.5:80").Flags(wire.TCPSyn))
	sent.tunneled(serverY, vniC)
	y.send(Uplink, sent.frame).delivered("eni-c1")
}

// Whoever took over a server of the peer speaks for the peer's ENIs on that server alone,
// and only to addresses of the ENI itself.
func TestAServerOfThePeerSpeaksForItsOwnENIsAlone(t *testing.T) {
	x, _ := newPeers(t)
	x.admits(web)
	for src, want := range map[string]Verdict{
		"10.8.1.5":  Sent,           // c1 lives there
		"10.8.1.6":  SourceMismatch, // c2 does not
		"10.8.1.99": SourceMismatch, // nobody has it
		"10.16.1.5": SourceMismatch, // lives there, and does not peer with vpc-a
		"10.0.1.6":  SourceMismatch, // one of vpc-a, of another server
		client:      SourceMismatch,
	} {
		for _, from := range []wire.MAC{edgeRouter, x.eni("eni-a1").RouterMAC, x.eni("eni-c1").MAC} {
			p := wiretest.TCP(src+":40000", "10.0.1.5:80").Flags(wire.TCPSyn).MACs(from, macA1)
			e := x.send(Uplink, x.outer(serverY, vniA, p.Bytes()).Bytes())
			require.Equal(t, want.String(), e.Verdict.String(), src)
		}
	}
	// The edge does not speak for a peer.
	x.fromInternet("eni-a1", wiretest.TCP("10.8.1.5:1", "35.72.2.8:80").Flags(wire.TCPSyn)).dropped(SourceMismatch)
	// An ENI that forwards is no way to others for a peer.
	x.uncheck("eni-a2", "subnet-a1", "10.0.1.6")
	through := wiretest.TCP("10.8.1.5:1", "10.0.1.5:80").Flags(wire.TCPSyn).MACs(edgeRouter, macA2)
	x.send(Uplink, x.outer(serverY, vniA, through.Bytes()).Bytes()).dropped(OutsidePeer)
	// An ENI of vpc-a that forwards makes its server speak for vpc-a, and for no ENI of a peer.
	x.uncheck("eni-a3", "subnet-a2", "10.0.2.7")
	for src, want := range map[string]Verdict{"10.0.1.6": Sent, "10.8.1.6": SourceMismatch} {
		p := wiretest.TCP(src+":40001", "10.0.1.5:80").Flags(wire.TCPSyn).MACs(x.eni("eni-a1").RouterMAC, macA1)
		require.Equal(t, want.String(), x.send(Uplink, x.outer(serverY, vniA, p.Bytes()).Bytes()).Verdict.String(), src)
	}
}

// A rule that names a group of a peer means the private addresses of that group's ENIs, also
// those of another account, while the peering connection is in force.
func TestReferencesOverPeering(t *testing.T) {
	x, y := newPeers(t)
	query := func(from string) wiretest.Packet {
		return wiretest.TCP(from+":40000", "10.8.1.6:5432").Flags(wire.TCPSyn)
	}
	x.fromGuest("eni-a1", query("10.0.1.5")).delivered("eni-c2")
	require.Equal(t, "tcp 5432 from sg-a-web", x.flow("eni-c2").Rule.Text)
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	x.fromGuest("eni-a4", query("10.0.2.8")).dropped(SecurityGroupIn)
	// A rule of A's names the peer's group, outbound.
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, UserIdGroupPairs: [{GroupId: sg-c}]}]}`)
	x.fromGuest("eni-a4", wiretest.TCP("10.0.2.8:1", "10.8.1.6:80").Flags(wire.TCPSyn)).delivered("eni-c2")
	x.fromGuest("eni-a4", wiretest.TCP("10.0.2.8:1", client+":80").Flags(wire.TCPSyn)).dropped(SecurityGroupOut)
	// Between regions a rule that names a group matches nothing.
	y.put("SecurityGroups", `{GroupId: sg-c, VpcId: vpc-c, IpPermissions: [{IpProtocol: "-1", UserIdGroupPairs: [{GroupId: sg-d}]}]}`)
	y.fromGuest("eni-d1", wiretest.TCP("10.16.1.5:1", "10.8.1.5:80").Flags(wire.TCPSyn)).dropped(SecurityGroupIn)
}

// What a NAT gateway sent over peering is answered though the peer has no route back.
func TestAnswersToANATGatewayNeedNoRouteInThePeer(t *testing.T) {
	x, y := newPeers(t)
	for _, r := range []*rig{x, y} {
		r.put("RouteTables", `{RouteTableId: rtb-c, VpcId: vpc-c, Associations: [{Main: true}]}`)
	}
	answer := wiretest.TCP("10.8.1.5:80", "10.0.1.6:40000").Flags(wire.TCPSyn | wire.TCPAck)
	y.fromGuest("eni-c1", answer).dropped(NoRoute)
	for _, r := range []*rig{x, y} {
		r.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:02", InterfaceType: nat_gateway, SourceDestCheck: false,
			PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.6}], Groups: [{GroupId: sg-a-web}]}`)
	}
	sent := y.fromGuest("eni-c1", answer)
	sent.tunneled(serverX, vniA)
	x.admits("{IpProtocol: '-1', IpRanges: [{CidrIp: 10.8.0.0/16}]}")
	x.send(Uplink, sent.frame).delivered("eni-a2")
}

// ENIs of VPCs that peer reach each other's IPv6 addresses by the internet, too, if the sender's
// route leads there (2.4, the longest prefix); while the route leads over the peering connection, the
// edge does not speak for the peer.
func TestIPv6OfAPeerComesByTheInternet(t *testing.T) {
	x, _ := newPeers(t)
	const c1v6 = "2001:db8:c:1::5"
	x.put("Vpcs", `{VpcId: vpc-c, CidrBlock: 10.8.0.0/16, OwnerId: "222222222222", Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:c::/56"}]}`)
	x.put("Subnets", `{SubnetId: subnet-c1, VpcId: vpc-c, CidrBlock: 10.8.1.0/24, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:c:1::/64"}]}`)
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-c1, SubnetId: subnet-c1, MacAddress: "06:00:00:00:0c:01", PrivateIpAddress: 10.8.1.5, Ipv6Addresses: [{Ipv6Address: "`+c1v6+`"}], Groups: [{GroupId: sg-c}]}`)
	leads := func(route string) {
		x.put("RouteTables", `{RouteTableId: rtb-c, VpcId: vpc-c, Associations: [{Main: true}], Routes: [{DestinationIpv6CidrBlock: "2001:db8:a::/56", `+route+`}]}`)
	}
	asks := func() end { return x.fromInternet("eni-a1", tcp6("["+c1v6+"]:40000", "["+a1v6+"]:80", wire.TCPSyn)) }
	leads("GatewayId: igw-c")
	asks().delivered("eni-a1")
	leads("EgressOnlyInternetGatewayId: eigw-c")
	asks().delivered("eni-a1")
	leads("VpcPeeringConnectionId: pcx-ac")
	asks().dropped(SourceMismatch)
}

// "client → NATGW → peer works" (2.5): the answer reaches a client on another server than the NAT
// gateway's, though its source lives behind a third tunnel end. A server without a NAT gateway does not
// speak for the peer.
func TestAnswersOfPeersComeFromANATGateway(t *testing.T) {
	x, _ := newPeers(t)
	answer := wiretest.TCP("10.8.1.6:80", "10.0.1.5:40000").Flags(wire.TCPSyn | wire.TCPAck) // c2 lives on x
	x.admits("{IpProtocol: '-1', IpRanges: [{CidrIp: 10.8.0.0/16}]}")
	x.send(Uplink, x.tunnel(serverY, "eni-a1", answer)).dropped(SourceMismatch)
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a5, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:05", InterfaceType: nat_gateway, SourceDestCheck: false,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.7}]}`)
	x.send(Uplink, x.tunnel(serverY, "eni-a1", answer)).dropped(SourceMismatch)
	x.put("NatGateways", `{NatGatewayId: nat-a, VpcId: vpc-a, SubnetId: subnet-a1, State: available, NatGatewayAddresses: [{NetworkInterfaceId: eni-a5, PrivateIp: 10.0.1.7}]}`)
	x.send(Uplink, x.tunnel(serverY, "eni-a1", answer)).delivered("eni-a1")
}
