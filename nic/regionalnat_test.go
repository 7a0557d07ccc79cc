package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// NATGW: clients of a zone leave from the regional gateway's address of that zone, and answers find
// them; no network ACL stands before the gateway; `get nat-gateways` shows each zone's part.
func TestARegionalNATGatewayServesEachZone(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	x.put("NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, State: available, AvailabilityMode: regional, RouteTableId: rtb-nat, NatGatewayAddresses: [
		{PublicIp: 35.72.2.10, AvailabilityZone: us-east-1a}, {PublicIp: 35.72.2.11, AvailabilityZone: us-east-1b}]}`)
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-nat-b, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:9b", InterfaceType: nat_gateway,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.9, Association: {PublicIp: 35.72.2.11}}]}`)
	x.put("RouteTables", `{RouteTableId: rtb-nat, VpcId: vpc-a, Routes: [{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}]}`)
	x.put("NetworkAcls", `{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}]}`)
	edit, err := vpc.Put("Placement", []byte(`NatGateways: {nat-1: {us-east-1a: eni-nat, us-east-1b: eni-nat-b}}`))
	require.NoError(t, err)
	c := *x.config
	c.Placement.NatGateways = edit.Object.(*vpc.Placement).NatGateways
	x.apply(&c)
	for zone, public := range map[string]string{"us-east-1a": "35.72.2.10", "us-east-1b": "35.72.2.11"} {
		x.put("Subnets", `{SubnetId: subnet-a2, VpcId: vpc-a, CidrBlock: 10.0.2.0/24, AvailabilityZone: `+zone+`, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:a:2::/64"}]}`)
		_, h := x.out(wiretest.UDP("10.0.2.8:40000", client+":53"))
		require.Equal(t, public, h.Src.String())
		eni := map[string]string{"us-east-1a": "eni-nat", "us-east-1b": "eni-nat-b"}[zone]
		frame, from := x.through(Uplink, x.tunnel(edge, eni, wiretest.UDP(client+":53", public+":"+port(h.SrcPort))))
		require.Equal(t, []string{"eni-a4", "10.0.2.8"}, []string{from, header(t, frame).Dst.String()})
	}
	var seen []string
	for _, v := range x.card.NATs() {
		seen = append(seen, v.ID, v.ENI, v.Public[0].String())
	}
	require.Equal(t, []string{"nat-1@us-east-1a", "eni-nat", "35.72.2.10", "nat-1@us-east-1b", "eni-nat-b", "35.72.2.11"}, seen)
}

// box is the tunnel end behind an exit.
const box = "172.16.0.9"

var boxMAC = wire.MAC{2, 0, 0, 0, 0, 0x19}

func init() { nictest.Stations[box] = boxMAC }

// A regional NAT gateway's own route table may be the only one of its VPC that leads to a transit
// gateway: clients reach what is behind its exit, and answers find them.
func TestARegionalNATGatewayLeadsToAnExit(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	x.put("NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, State: available, AvailabilityMode: regional, RouteTableId: rtb-nat,
		NatGatewayAddresses: [{PublicIp: 35.72.2.10, AvailabilityZone: us-east-1a}]}`)
	x.put("RouteTables", `{RouteTableId: rtb-nat, VpcId: vpc-a, Routes: [{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}, {DestinationCidrBlock: 198.18.0.0/24, TransitGatewayId: tgw-2}]}`)
	edit, err := vpc.Put("Placement", []byte(`{NatGateways: {nat-1: {us-east-1a: eni-nat}}, Exits: {tgw-2: {Vtep: `+box+`, Vni: 7001, UnderlayMac: "`+boxMAC.String()+`"}}}`))
	require.NoError(t, err)
	c := *x.config
	placed := edit.Object.(*vpc.Placement)
	c.Placement.NatGateways, c.Placement.Exits = placed.NatGateways, placed.Exits
	x.apply(&c)
	a4, gateway := x.eni("eni-a4"), x.eni("eni-nat")
	for range 3 {
		frame, from := x.through("eni-a4", wiretest.UDP("10.0.2.8:40000", "198.18.0.9:53").MACs(a4.MAC, a4.RouterMAC).Bytes())
		require.Equal(t, Uplink, from, "%v", x.ended)
		h := header(t, nictest.InTunnel(t, x.card.Policy(), frame, box, 7001))
		require.Equal(t, natAddr, h.Src.String())
		answer := wiretest.UDP("198.18.0.9:53", natAddr+":"+port(h.SrcPort)).MACs(boxMAC, gateway.MAC).Bytes()
		frame, from = x.through(Uplink, nictest.Outer(x.card.Policy(), box, 7001, answer).Bytes())
		require.Equal(t, "eni-a4", from, "%v", x.ended)
		require.Equal(t, []any{"10.0.2.8", uint16(40000)}, []any{header(t, frame).Dst.String(), header(t, frame).DstPort})
	}
}
