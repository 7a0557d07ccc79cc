package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// peered is the story with vpc-c, which peers with vpc-a, and a route there.
func peered(t *testing.T) *Config {
	c := put(t, story(t), "Vpcs", `{VpcId: vpc-c, CidrBlock: 10.8.0.0/16}`)
	c = put(t, c, "VpcPeeringConnections", `{VpcPeeringConnectionId: pcx-1, RequesterVpcInfo: {VpcId: vpc-a}, AccepterVpcInfo: {VpcId: vpc-c}, Status: {Code: active}}`)
	return put(t, c, "RouteTables", `{RouteTableId: rtb-a, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 10.8.0.0/16, VpcPeeringConnectionId: pcx-1}]}`)
}

// EC2 peers no VPCs with overlapping blocks, no two twice, and none with itself.
func TestPeeringsThatEC2DoesNotMake(t *testing.T) {
	for _, c := range []struct{ pcx, want string }{
		{`{VpcPeeringConnectionId: pcx-2, RequesterVpcInfo: {VpcId: vpc-a}, AccepterVpcInfo: {VpcId: vpc-b}}`,
			"10.0.0.0/16 of vpc-a overlaps 10.0.0.0/16 of vpc-b: EC2 peers no such VPCs"},
		{`{VpcPeeringConnectionId: pcx-2, RequesterVpcInfo: {VpcId: vpc-c}, AccepterVpcInfo: {VpcId: vpc-a}}`,
			"peers vpc-c and vpc-a as pcx-1 does: EC2 peers no such VPCs"},
		{`{VpcPeeringConnectionId: pcx-2, RequesterVpcInfo: {VpcId: vpc-a}, AccepterVpcInfo: {VpcId: vpc-a}}`, "both ends are vpc-a: EC2 peers no such VPCs"},
		{`{VpcPeeringConnectionId: pcx-2, RequesterVpcInfo: {VpcId: vpc-a}}`, "RequesterVpcInfo and AccepterVpcInfo need a VpcId each"},
	} {
		_, err := Compile(put(t, peered(t), "VpcPeeringConnections", c.pcx), CompileOptions{})
		require.EqualError(t, err, "VpcPeeringConnections[1] pcx-2: "+c.want)
	}
	_, err := Compile(put(t, peered(t), "Vpcs", `{VpcId: vpc-c, CidrBlock: 10.8.0.0/16, CidrBlockAssociationSet: [{CidrBlock: 10.0.128.0/17}]}`), CompileOptions{})
	require.ErrorContains(t, err, "10.0.0.0/16 of vpc-a overlaps 10.0.128.0/17 of vpc-c")
}

// A route to a peering connection leads to the peer, or nowhere if the connection is not in
// force.
func TestRoutesToPeers(t *testing.T) {
	route := func(c *Config) Target {
		return compiled(t, c, CompileOptions{}).ENI("eni-a1").Route(ip("10.8.1.5")).Target
	}
	require.Equal(t, Peering, route(peered(t)))
	for state, want := range map[string]Target{"pending-acceptance": Blackhole, "deleted": Blackhole, "active": Peering} {
		require.Equal(t, want, route(put(t, peered(t), "VpcPeeringConnections",
			`{VpcPeeringConnectionId: pcx-1, RequesterVpcInfo: {VpcId: vpc-a}, AccepterVpcInfo: {VpcId: vpc-c}, Status: {Code: `+state+`}}`)), state)
	}
	_, err := Compile(put(t, peered(t), "RouteTables", `{RouteTableId: rtb-b, VpcId: vpc-b, Routes: [{DestinationCidrBlock: 10.8.0.0/16, VpcPeeringConnectionId: pcx-1}]}`), CompileOptions{})
	require.EqualError(t, err, "RouteTables[1] rtb-b: Routes[0]: VpcPeeringConnectionId pcx-1 does not peer vpc-b")
	_, err = Compile(put(t, peered(t), "RouteTables", `{RouteTableId: rtb-b, VpcId: vpc-b, Routes: [{DestinationCidrBlock: 10.8.0.0/16, VpcPeeringConnectionId: pcx-2}]}`), CompileOptions{})
	require.EqualError(t, err, `RouteTables[1] rtb-b: Routes[0]: VpcPeeringConnectionId: there is no "pcx-2" in VpcPeeringConnections`)
}

// A VPC that comes or goes at the other end changes where routes lead, though neither
// connection nor table changes.
func TestThePeerComesAndGoes(t *testing.T) {
	c := remove(t, peered(t), "Vpcs", "vpc-c")
	region, err := NewRegion(c)
	require.NoError(t, err)
	e := func() *OwnENI {
		p, err := region.Policy("", nil)
		require.NoError(t, err)
		return p.ENI("eni-a1")
	}
	require.Equal(t, NotEnforced, e().Route(ip("10.8.1.5")).Target)
	require.Empty(t, e().Peers())
	come, err := Put("Vpcs", []byte(`{VpcId: vpc-c, CidrBlock: 10.8.0.0/16}`))
	require.NoError(t, err)
	for range 2 {
		region, err = region.Change(come)
		require.NoError(t, err)
		require.Equal(t, Peering, e().Route(ip("10.8.1.5")).Target)
		require.Len(t, e().Peers(), 1)
		region, err = region.Change(Edit{Kind: "Vpcs", ID: "vpc-c"})
		require.NoError(t, err)
		require.Equal(t, NotEnforced, e().Route(ip("10.8.1.5")).Target)
	}
}

// A rule that names a group of a peer is stale once the peering connection or the group is
// gone: the rule stays and matches nothing, and matches again once the same VPCs peer again.
func TestStaleRules(t *testing.T) {
	const member = `{NetworkInterfaceId: eni-c, SubnetId: subnet-c, MacAddress: "06:00:00:00:0c:01", PrivateIpAddress: 10.8.1.5, Groups: [{GroupId: sg-c}]}`
	const rule = `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", UserIdGroupPairs: [{GroupId: sg-c}]}]}`
	c := put(t, put(t, peered(t), "SecurityGroups", `{GroupId: sg-c, VpcId: vpc-c}`), "SecurityGroups", rule)
	c = put(t, put(t, c, "Subnets", `{SubnetId: subnet-c, VpcId: vpc-c, CidrBlock: 10.8.1.0/24}`), "NetworkInterfaces", member)
	region, err := NewRegion(c)
	require.NoError(t, err)
	notices := func(edits ...Edit) []NoticeKind {
		if region, err = region.Change(edits...); err != nil {
			t.Fatal(err)
		}
		var kinds []NoticeKind
		for _, n := range region.Notices() {
			if n.Kind == StaleRule {
				kinds = append(kinds, n.Kind)
			}
		}
		return kinds
	}
	matches := func() bool {
		p, err := region.Policy("y", nil)
		require.NoError(t, err)
		return p.ENI("eni-a3").Match(Query{ip("10.8.1.5"), 22, wire.ProtoTCP, wire.In}).Allowed
	}
	again, err := Put("VpcPeeringConnections", []byte(`{VpcPeeringConnectionId: pcx-2, RequesterVpcInfo: {VpcId: vpc-c}, AccepterVpcInfo: {VpcId: vpc-a}}`))
	require.NoError(t, err)
	apart, err := Put("VpcPeeringConnections", []byte(`{VpcPeeringConnectionId: pcx-2, RequesterVpcInfo: {VpcId: vpc-c, Region: eu-west-1}, AccepterVpcInfo: {VpcId: vpc-a, Region: us-east-1}}`))
	require.NoError(t, err)
	for _, c := range []struct {
		edits []Edit
		stale []NoticeKind
	}{
		{nil, nil},
		{[]Edit{{Kind: "VpcPeeringConnections", ID: "pcx-1"}, {Kind: "RouteTables", ID: "rtb-a"}}, []NoticeKind{StaleRule}},
		{[]Edit{again}, nil},
		{[]Edit{apart}, []NoticeKind{StaleRule}},
		{[]Edit{again}, nil},
	} {
		require.Equal(t, c.stale, notices(c.edits...))
		require.Equal(t, c.stale == nil, matches())
	}
}
