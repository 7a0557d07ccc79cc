package vpc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withRegional is the story with a regional NAT gateway, nat-1, that has addresses in two zones,
// two ENIs that may stand for it, and Placement.NatGateways in YAML.
func withRegional(t *testing.T, placed string) (*Config, error) {
	t.Helper()
	c := put(t, story(t), "Subnets", `{SubnetId: subnet-a1, VpcId: vpc-a, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a}`)
	c = put(t, c, "Subnets", `{SubnetId: subnet-a2, VpcId: vpc-a, CidrBlock: 10.0.2.0/24, AvailabilityZone: us-east-1b}`)
	c = put(t, c, "NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, State: available, ConnectivityType: public, AvailabilityMode: regional, AutoScalingIps: enabled, RouteTableId: rtb-nat, NatGatewayAddresses: [
		{AllocationId: eipalloc-1, PublicIp: 198.51.100.1, AvailabilityZone: us-east-1a, AvailabilityZoneId: use1-az1, Status: succeeded},
		{AllocationId: eipalloc-2, PublicIp: 198.51.100.2, AvailabilityZone: us-east-1b, AvailabilityZoneId: use1-az2, Status: succeeded}]}`)
	c = put(t, c, "RouteTables", `{RouteTableId: rtb-nat, VpcId: vpc-a, Routes: [{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}]}`)
	c = put(t, c, "NetworkAcls", `{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}]}`)
	c = put(t, c, "NetworkInterfaces", `{NetworkInterfaceId: eni-nat-a, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:99", InterfaceType: nat_gateway,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.99, Association: {PublicIp: 198.51.100.1}}]}`)
	c = put(t, c, "NetworkInterfaces", `{NetworkInterfaceId: eni-nat-b, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:98", InterfaceType: nat_gateway,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.98, Association: {PublicIp: 198.51.100.2}}]}`)
	p, err := Put("Placement", []byte("NatGateways: {"+placed+"}"))
	if err != nil {
		return nil, err
	}
	c.Placement.NatGateways = p.Object.(*Placement).NatGateways
	return c, nil
}

// NATGW: a regional NAT gateway is in no subnet: its own route table is followed, and no network ACL
// is asked; each zone's subnets use the part of their zone, and another one's where their zone has
// none.
func TestRegionalNATGateways(t *testing.T) {
	c, err := withRegional(t, "nat-1: {us-east-1a: eni-nat-a, us-east-1b: eni-nat-b}")
	require.NoError(t, err)
	p := compiled(t, c, CompileOptions{})
	require.NotContains(t, fmt.Sprint(texts(p)), "nat")
	for zone, eni := range map[string]string{"us-east-1a": "eni-nat-a", "us-east-1b": "eni-nat-b", "us-east-1c": "eni-nat-a", "": "eni-nat-a"} {
		require.Equal(t, eni, p.Region.natFor("nat-1", &Subnet{Zone: zone}).ID, zone)
	}
	e := p.ENI("eni-nat-b")
	require.Equal(t, []any{"nat-1@us-east-1b", "rtb-nat", ""}, []any{e.NAT.ID, e.Routes(), e.ACL()})
	require.Equal(t, "10.0.1.98", e.NAT.Pool(e.ENI)[0].String())
	require.NotEqual(t, "rtb-nat", p.ENI("eni-a1").Routes())

	require.Equal(t, c.Placement.NatGateways, p.Region.Placement().NatGateways)

	c, _ = withRegional(t, "nat-1: {us-east-1a: eni-nat-a}")
	next, err := p.Region.Become(c)
	require.NoError(t, err)
	require.Equal(t, "eni-nat-a", next.natFor("nat-1", &Subnet{Zone: "us-east-1b"}).ID)
	one := compiled(t, c, CompileOptions{})
	require.Contains(t, texts(one), "NatGateways[0] nat-1: Placement: NatGateways names no ENI that stands for it in us-east-1b: packets of that zone leave from another zone's addresses")
	require.Equal(t, texts(one), texts(&Policy{Region: next}))

	c, _ = withRegional(t, "")
	none := compiled(t, c, CompileOptions{})
	require.Contains(t, texts(none), "NatGateways[0] nat-1: is regional, and Placement: NatGateways names no ENI that stands for it; packets to it are dropped")
	require.Nil(t, none.Region.natFor("nat-1", &Subnet{Zone: "us-east-1a"}))
}

// A zone may have its ID alone, in addresses and in Placement; an address of which no zone is told
// is in none.
func TestZonesOfRegionalNATGatewaysByID(t *testing.T) {
	c, err := withRegional(t, "nat-1: {use1-az2: eni-nat-b}")
	require.NoError(t, err)
	c = put(t, c, "NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, State: available, AvailabilityMode: regional, NatGatewayAddresses: [
		{PublicIp: 198.51.100.1, AvailabilityZoneId: use1-az1}, {PublicIp: 198.51.100.2, AvailabilityZoneId: use1-az2}, {PublicIp: 198.51.100.3}]}`)
	c = put(t, c, "Subnets", `{SubnetId: subnet-a2, VpcId: vpc-a, CidrBlock: 10.0.2.0/24, AvailabilityZone: us-east-1b, AvailabilityZoneId: use1-az2}`)
	var told []string
	for _, text := range texts(compiled(t, c, CompileOptions{})) {
		if strings.Contains(text, "NatGateways") {
			told = append(told, text)
		}
	}
	require.Equal(t, []string{"NatGateways[0] nat-1: Placement: NatGateways names no ENI that stands for it in use1-az1: packets of that zone leave from another zone's addresses"}, told)
	c.Placement.NatGateways["nat-1"]["use1-az1"] = "eni-nat-a"
	p := compiled(t, c, CompileOptions{})
	for eni, subnet := range map[string]string{"eni-nat-b": "subnet-a2", "eni-nat-a": "subnet-a1"} {
		s, _ := p.Region.subnets.Get(subnet)
		require.Equal(t, eni, p.Region.natFor("nat-1", s).ID)
	}
}

// Whatever cannot be meant is named with its place.
func TestPlacesOfRegionalNATGateways(t *testing.T) {
	for placed, want := range map[string]string{
		"nat-1: {us-east-1a: eni-nat-b}":                        "Placement: NatGateways: nat-1: us-east-1a: 10.0.1.98 of eni-nat-b stands for no PublicIp of the gateway in this zone",
		"nat-1: {us-east-1c: eni-nat-b}":                        "Placement: NatGateways: nat-1: us-east-1c: the gateway has no address in this zone",
		"nat-1: {us-east-1a: eni-gone}":                         `Placement: NatGateways: nat-1: us-east-1a: there is no "eni-gone" in NetworkInterfaces`,
		"nat-1: {us-east-1a: eni-a1}":                           "Placement: NatGateways: nat-1: us-east-1a: eni-a1 has no InterfaceType nat_gateway",
		"nat-1: {us-east-1a: eni-nat-a, us-east-1b: eni-nat-a}": "Placement: NatGateways: nat-1: us-east-1b: eni-nat-a is the ENI of nat-1@us-east-1a already",
		"nat-2: {us-east-1a: eni-nat-a}":                        `Placement: NatGateways: there is no "nat-2" in NatGateways`,
	} {
		c, err := withRegional(t, placed)
		require.NoError(t, err)
		_, err = Compile(c, CompileOptions{})
		require.ErrorContains(t, err, want)
	}
	c, _ := withRegional(t, "nat-1: {us-east-1a: eni-nat-a}")
	c = put(t, c, "NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, SubnetId: subnet-a1, NatGatewayAddresses: [{NetworkInterfaceId: eni-nat-a}]}`)
	_, err := Compile(c, CompileOptions{})
	require.ErrorContains(t, err, "Placement: NatGateways: nat-1 is not regional, and has an ENI of its own")
}

// An ENI that stands for a gateway comes, moves and goes, and each change is held to Placement.
func TestENIsOfRegionalNATGatewaysChange(t *testing.T) {
	c, err := withRegional(t, "nat-1: {us-east-1a: eni-nat-a, us-east-1b: eni-nat-b}")
	require.NoError(t, err)
	r := compiled(t, c, CompileOptions{}).Region
	_, err = r.Change(Edit{Kind: "NetworkInterfaces", ID: "eni-nat-a"})
	require.ErrorContains(t, err, `there is no "eni-nat-a" in NetworkInterfaces`)
	edit, err := Put("NatGateways", []byte(`{NatGatewayId: nat-1, VpcId: vpc-a, State: deleted, AvailabilityMode: regional}`))
	require.NoError(t, err)
	r, err = r.Change(edit)
	require.NoError(t, err)
	require.Nil(t, r.natFor("nat-1", &Subnet{Zone: "us-east-1a"}))
	_, err = r.Change(Edit{Kind: "NatGateways", ID: "nat-1"})
	require.ErrorContains(t, err, `Placement: NatGateways: there is no "nat-1" in NatGateways`)
	placed := r.Placement()
	placed.NatGateways = map[string]map[string]string{"nat-2": {"us-east-1a": "eni-nat-a"}}
	_, err = r.Change(Edit{Kind: "Placement", Object: &placed})
	require.ErrorContains(t, err, `Placement: NatGateways: there is no "nat-2" in NatGateways`)
}
