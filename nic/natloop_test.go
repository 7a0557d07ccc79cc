package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// chain puts another NAT gateway, of a card, behind the first one of natRig, whose subnet leads there; and the
// other one's subnet leads out by way.
func (r *rig) chain(card, there, way string) {
	const local = `Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}, {DestinationCidrBlock: 0.0.0.0/0, `
	r.put("Subnets", `{SubnetId: subnet-n, VpcId: vpc-a, CidrBlock: 10.0.3.0/24}`)
	r.put("NetworkInterfaces", `{NetworkInterfaceId: eni-nat2, SubnetId: subnet-n, MacAddress: "06:00:00:00:0a:9a", InterfaceType: nat_gateway,
		Attachment: {Status: attached}, PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.3.99, Association: {PublicIp: 35.72.2.11}}]}`)
	r.put("NatGateways", `{NatGatewayId: nat-2, VpcId: vpc-a, SubnetId: subnet-n, NatGatewayAddresses: [{NetworkInterfaceId: eni-nat2, PrivateIp: 10.0.3.99, PublicIp: 35.72.2.11}]}`)
	r.put("RouteTables", `{RouteTableId: rtb-n, VpcId: vpc-a, Associations: [{SubnetId: subnet-n}], `+local+way+`}]}`)
	r.put("RouteTables", `{RouteTableId: rtb-n1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], `+local+there+`}]}`)
	r.apply(edited(r, r.config, vpc.Edit{Kind: vpc.KindENIPlacement, ID: "eni-nat2", Object: &vpc.ENIPlacement{Card: card}}))
}

// Two NAT gateways whose subnets lead to each other, on one card or on two, pass no packet on: no hop is
// counted on the way, so that a packet would never end, and would open connections without end.
func TestNATGatewaysThatLeadToEachOtherPassNothing(t *testing.T) {
	for _, c := range [][2]string{{"x", "NatGatewayId: nat-2"}, {"y", "NatGatewayId: nat-2"}, {"y", "NetworkInterfaceId: eni-nat2"}} {
		x := natRig(t, Options{Card: "x"})
		x.chain(c[0], c[1], "NatGatewayId: nat-1")
		x.resolve(serverY)
		a4 := x.eni("eni-a4")
		for range 2 {
			left, _ := x.through("eni-a4", wiretest.TCP("10.0.2.8:40000", client+":443").Flags(wire.TCPSyn).MACs(a4.MAC, a4.RouterMAC).Bytes())
			require.Nil(t, left)
			last := x.ended[len(x.ended)-1]
			require.Equal(t, []string{"nat_loop", "eni-nat"}, []string{last.Verdict.String(), last.ENI.ID})
		}
		v, _ := x.card.NAT("nat-1")
		require.EqualValues(t, 1, v.ActiveConnectionCount)
	}
}

// A NAT gateway whose subnet leads to another one, which leads out, passes packets there and back.
func TestANATGatewayBehindAnother(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	x.chain("x", "NatGatewayId: nat-2", "GatewayId: igw-a")
	_, h := x.out(wiretest.UDP("10.0.2.8:40000", client+":53"))
	require.Equal(t, "35.72.2.11", h.Src.String())
	frame, from := x.through(Uplink, x.tunnel(edge, "eni-nat2", wiretest.UDP(client+":53", "35.72.2.11:"+port(h.SrcPort))))
	require.Equal(t, "eni-a4", from, "%v", x.ended)
	require.Equal(t, []any{"10.0.2.8", uint16(40000)}, []any{header(t, frame).Dst.String(), header(t, frame).DstPort})
}
