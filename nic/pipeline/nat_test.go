package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// macNAT is the MAC of a NAT gateway's ENI in subnet-a1.
var macNAT = mac("06:00:00:00:0a:99")

// hasNAT puts a NAT gateway's ENI, 10.0.1.8, into subnet-a1, with a port in the place of the
// gateway.
func (r *rig) hasNAT() {
	r.put("NetworkInterfaces", `{NetworkInterfaceId: eni-nat, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:99", InterfaceType: nat_gateway,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.8, Association: {PublicIp: 35.72.2.10}}]}`)
	r.attach("eni-nat", mem.New(mem.Options{}))
}

// routesToNAT makes nat-1, with an address, the way of a subnet to all but the VPC.
func (r *rig) routesToNAT(subnet, address string) {
	r.put("NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, NatGatewayAddresses: [`+address+`]}`)
	r.put("RouteTables", `{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: `+subnet+`}], Routes: [{DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1}]}`)
}

// AWS: a route whose target is a NAT gateway leads the packet to the gateway's ENI, and a
// connection through a NAT gateway is tracked, though the groups would not have it tracked.
func TestARouteLeadsToTheENIOfANATGateway(t *testing.T) {
	x := newRig(t)
	x.hasNAT()
	x.routesToNAT("subnet-a2", "{NetworkInterfaceId: eni-nat}")
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a,
		IpPermissions: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}], IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	a := judgeWay(x.policy(), x.eni("eni-a4"), x.eni("eni-a4").RouterMAC, &wire.Tuple{Src: wiretest.Addr("10.0.2.8"), Dst: wiretest.Addr(client), Proto: wire.ProtoTCP})
	require.Equal(t, &vpc.Route{Target: vpc.NAT, Dest: "0.0.0.0/0", Via: "nat-1"}, a.route)

	got := x.fromGuest("eni-a4", wiretest.TCP("10.0.2.8:1", client+":443").Flags(wire.TCPSyn)).delivered("eni-nat")
	require.Equal(t, x.eni("eni-nat").RouterMAC, wire.Ethernet(got).Src())
	require.Equal(t, "10.0.2.8", header(t, got).Src.String(), "the gateway translates, not the way to it")
	require.True(t, x.flow("eni-a4").Tracked)

	region, err := x.region.Change(vpc.Edit{Kind: vpc.KindENIPlacement, ID: "eni-nat", Object: &vpc.ENIPlacement{Card: "y"}})
	require.NoError(t, err)
	x.become(region)
	x.fromGuest("eni-a4", wiretest.TCP("10.0.2.8:2", client+":443").Flags(wire.TCPSyn)).tunneled(serverY, vniA)
	require.Len(t, x.flows("eni-a4"), 2)
	for _, f := range x.flows("eni-a4") {
		require.True(t, f.Tracked, "on another card, too")
	}
}
