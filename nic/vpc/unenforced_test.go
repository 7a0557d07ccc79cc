package vpc

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// What EC2 would act on and this card does not is said by name.
func TestNotices(t *testing.T) {
	for _, n := range []struct{ kind, object, want string }{
		{"NatGateways", `{NatGatewayId: nat-1}`, "NatGateways[0] nat-1: NatGatewayAddresses names no NetworkInterfaceId; packets to it are dropped"},
		{"NatGateways", `{NatGatewayId: nat-1, State: deleted}`, ""},
		{"VpcPeeringConnections", `{VpcPeeringConnectionId: pcx-1, RequesterVpcInfo: {VpcId: vpc-a}, AccepterVpcInfo: {VpcId: vpc-z}, Status: {Code: active}}`,
			"VpcPeeringConnections[0] pcx-1: vpc-z at its other end is not in the configuration; packets to it are dropped"},
		{"VpcPeeringConnections", `{VpcPeeringConnectionId: pcx-1, RequesterVpcInfo: {VpcId: vpc-y}, AccepterVpcInfo: {VpcId: vpc-z}}`,
			"VpcPeeringConnections[0] pcx-1: belongs to vpc-y and vpc-z, which is not in the configuration: it has no effect here"},
		{"VpcPeeringConnections", `{VpcPeeringConnectionId: pcx-1, Status: {Code: rejected}}`, ""},

		// Rules that match nothing here.
		{"SecurityGroups", `{GroupId: sg-c, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", PrefixListIds: [{PrefixListId: pl-1}]}]}`,
			"SecurityGroups[3] sg-c: IpPermissionsEgress[0]: the entries of pl-1 are not in the configuration (aws ec2 describe-prefix-lists, get-managed-prefix-list-entries): it matches nothing"},
		{"SecurityGroups", `{GroupId: sg-c, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", UserIdGroupPairs: [{GroupId: sg-b-web}]}]}`,
			"SecurityGroups[3] sg-c: IpPermissions[0]: sg-b-web is gone, or no active peering connection within the region leads to its VPC: the rule is stale, and matches nothing"},
		{"SecurityGroups", `{GroupId: sg-c, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", UserIdGroupPairs: [{GroupId: sg-gone, VpcPeeringConnectionId: pcx-1}]}]}`,
			"SecurityGroups[3] sg-c: IpPermissions[0]: sg-gone is gone, or no active peering connection within the region leads to its VPC: the rule is stale, and matches nothing"},
		{"SecurityGroups", `{GroupId: sg-c, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", UserIdGroupPairs: [{GroupId: sg-far, VpcId: vpc-z}]}]}`,
			"SecurityGroups[3] sg-c: IpPermissions[0]: sg-far is a group of vpc-z, which is not in the configuration: it matches nothing"},

		// Routes, where a subnet uses the table.
		{"RouteTables", `{RouteTableId: rtb-a, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1}]}`,
			"RouteTables[0] rtb-a: Routes[0]: 0.0.0.0/0 to nat-1, which is not in the configuration (aws ec2 describe-nat-gateways); such packets are dropped"},
		{"RouteTables", `{RouteTableId: rtb-a, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: eigw-1}]}`,
			""},
		{"RouteTables", `{RouteTableId: rtb-c, VpcId: vpc-a, Routes: [{DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1}]}`, ""},
		{"RouteTables", `{RouteTableId: rtb-c, VpcId: vpc-a, Associations: [{GatewayId: igw-a}]}`, ""},
		{"RouteTables", `{RouteTableId: rtb-c, VpcId: vpc-a, Associations: [{GatewayId: igw-a}], Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: vpce-1}]}`,
			"RouteTables[2] rtb-c: Routes[0]: 10.0.0.0/16 to vpce-1: what is behind this target is outside the configuration; such packets are dropped, unless Placement: Exits says where it leads"},
	} {
		p := compiled(t, put(t, story(t), n.kind, n.object), CompileOptions{})
		if n.want == "" {
			require.Empty(t, p.Notices(), n.object)
		} else {
			require.Equal(t, []string{n.want}, texts(p), n.object)
		}
	}
}

func TestNoticesOfListsThatAreNotRead(t *testing.T) {
	c, err := Parse("more.yaml", []byte("VpcEndpoints: [{VpcEndpointId: vpce-1}]\nNextToken: abc\nReservations: [{Anything: 1}]\nKeyPairs: []"))
	require.NoError(t, err)
	p := compiled(t, c, CompileOptions{})
	require.Subset(t, texts(p), []string{
		"the answer was cut off: a NextToken says that there are more VpcEndpoints, and they are not here",
		"VpcEndpoints[0] vpce-1: the endpoint's service is outside the configuration: packets that routes lead to it are dropped, unless Placement: Exits says where it leads; behind its ENIs is what is plugged into their ports",
	})
}

// A prefix list that is given elsewhere but not here is a mistake, where lists
// were given at all.
func TestPrefixListThatIsNot(t *testing.T) {
	c := put(t, story(t), "ManagedPrefixLists", `{PrefixListId: pl-1, Entries: []}`)
	c = put(t, c, "SecurityGroups", `{GroupId: sg-c, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", PrefixListIds: [{PrefixListId: pl-2}]}]}`)
	_, err := Compile(c, CompileOptions{})
	require.EqualError(t, err, `SecurityGroups[3] sg-c: IpPermissions[0]: there is no "pl-2" in ManagedPrefixLists`)
}

// A group may be lent to another VPC; there it means that VPC's members.
func TestLentGroup(t *testing.T) {
	c := story(t)
	c.NetworkInterfaces[3].Groups = []ec2.GroupIdentifier{{GroupId: "sg-a-web"}}
	_, err := Compile(c, CompileOptions{})
	require.ErrorContains(t, err, "is a group of vpc-a, the ENI is in vpc-b")
	for state, lends := range map[string]bool{
		"associating": false, "associated": true, "association-failed": false,
		"disassociating": true, "disassociated": false, "disassociation-failed": true,
	} {
		c.SecurityGroupVpcAssociations = []ec2.SecurityGroupVpcAssociation{{GroupId: "sg-a-web", VpcId: "vpc-b", State: state}}
		if _, err := Compile(c, CompileOptions{}); lends {
			require.NoError(t, err, state)
		} else {
			require.ErrorContains(t, err, "is a group of vpc-a, the ENI is in vpc-b", state)
		}
	}
	c.SecurityGroupVpcAssociations[0].State = "associated"
	c = put(t, c, "SecurityGroups", `{GroupId: sg-b-web, VpcId: vpc-b, IpPermissions: [{IpProtocol: tcp, FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{GroupId: sg-a-web}]}]}`)
	c = put(t, c, "NetworkInterfaces", `{NetworkInterfaceId: eni-b2, SubnetId: subnet-b1, MacAddress: "06:00:00:00:0b:02", PrivateIpAddress: 10.0.1.9, Groups: [{GroupId: sg-b-web}]}`)
	p := compiled(t, c, CompileOptions{})
	allows := func(eni, from string, port uint16) bool {
		return p.ENI(eni).Match(Query{ip(from), port, wire.ProtoTCP, wire.In}).Allowed
	}
	require.True(t, allows("eni-b1", "203.0.113.9", 80), "the group has the same rules there")
	require.True(t, allows("eni-b2", "10.0.1.5", 5432), "and b1 is a member there")
	require.False(t, allows("eni-b2", "10.0.1.6", 5432), "a2 of vpc-a is none in vpc-b")
}

// More rules than memory is for.
func TestRulesAreBounded(t *testing.T) {
	c := story(t)
	perm := &c.SecurityGroups[2].IpPermissions[0]
	for i := range maxRules {
		perm.IpRanges = append(perm.IpRanges, ec2.IpRange{CidrIp: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i)}), 32)})
	}
	_, err := Compile(c, CompileOptions{})
	require.EqualError(t, err, fmt.Sprintf("testdata/story.yaml: NetworkInterfaces[3] eni-b1: its groups have %d rules with %d address ranges in one direction; 4096 and 131072 are the most", maxRules+2, maxRules+2))
}

// Nothing that the first packet of a connection asks allocates.
func TestFirstPacketAllocatesNothing(t *testing.T) {
	p := compiled(t, story(t), CompileOptions{Card: "y"})
	e := p.ENI("eni-a3")
	remote := ip("10.0.1.6")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if e.Match(Query{remote, 5432, wire.ProtoTCP, wire.In}).Allowed && e.Route(remote).Target == Local && e.Owns(e.Primary) {
			sink += int(e.Neighbor(remote).Station)
		}
	}))
}
