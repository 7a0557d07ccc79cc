package vpc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// answered is a configuration as answers of EC2's API would give it: each list
// in a file of its own. What an account always has, and the story has not, is
// there and empty of effect.
func answered(c *Config) *Config {
	c.NetworkAcls = []ec2.NetworkAcl{}
	for _, s := range c.Subnets {
		allow := ec2.NetworkAclEntry{RuleNumber: 100, Protocol: "-1", RuleAction: "allow", CidrBlock: anywhere}
		out := allow
		out.Egress = true
		c.NetworkAcls = append(c.NetworkAcls, ec2.NetworkAcl{NetworkAclId: "acl-" + s.SubnetId,
			Associations: []ec2.NetworkAclAssociation{{SubnetId: s.SubnetId}}, Entries: []ec2.NetworkAclEntry{allow, out}})
	}
	return placed(c)
}

// placed says that each list is an answer, as it is now.
func placed(c *Config) *Config {
	c.Places, c.Answer = Places{}, true
	for _, n := range c.Counts() {
		for i := range n.Count {
			c.Places[n.Kind] = append(c.Places[n.Kind], Place{File: n.Kind + ".json", Index: i, Answer: true})
		}
	}
	return c
}

// What answers lack or contradict is named, and the same by hand is an error.
func TestAnswersArePartial(t *testing.T) {
	for _, n := range []struct {
		change func(*Config)
		notice string // about answers; "": none
		err    string // by hand; "": none
	}{
		{func(c *Config) { c.NetworkAcls = nil }, "NetworkAcls: are not in the configuration (aws ec2 describe-network-acls): what they deny passes, if security groups allow it", ""},
		{func(c *Config) { c.NetworkAcls = c.NetworkAcls[1:] },
			"Subnets[0] subnet-a1: its network ACL is not in the configuration (aws ec2 describe-network-acls): what it denies passes, if security groups allow it", ""},
		{func(c *Config) { c.RouteTables = nil }, "RouteTables: are not in the configuration (aws ec2 describe-route-tables): every subnet has only the local route", ""},
		{func(c *Config) { c.SecurityGroups = nil },
			"SecurityGroups: are not in the configuration (aws ec2 describe-security-groups): nothing is allowed, and every packet is dropped", `there is no "sg-a-web" in SecurityGroups`},
		{func(c *Config) { c.InternetGateways = nil },
			"InternetGateways: are not in the configuration (aws ec2 describe-internet-gateways): routes to one count as if it were attached", ""},
		{func(c *Config) { *c = Config{SecurityGroups: c.SecurityGroups} },
			"configuration: there is no ENI without Vpcs (aws ec2 describe-vpcs), Subnets (aws ec2 describe-subnets), NetworkInterfaces (aws ec2 describe-network-interfaces): this card drops everything",
			`there is no "vpc-a" in Vpcs`},

		// References that a filter left without their end.
		{func(c *Config) {
			c.Addresses = append(c.Addresses, ec2.Address{PublicIp: addr("203.0.113.200"), NetworkInterfaceId: "eni-other"})
		},
			"Addresses[1] 203.0.113.200: belongs to eni-other, which is not in the configuration: it has no effect here", `there is no "eni-other" in NetworkInterfaces`},
		{func(c *Config) { c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: "subnet-x", VpcId: "vpc-x"}) },
			"Subnets[3] subnet-x: names vpc-x, which is not in the configuration; it is left out, and its packets are dropped", `there is no "vpc-x" in Vpcs`},
		{func(c *Config) { c.NetworkInterfaces[1].SubnetId = "subnet-x" },
			"NetworkInterfaces[1] eni-a2: names subnet-x, which is not in the configuration; it is left out, and its packets are dropped", `there is no "subnet-x" in Subnets`},
		{func(c *Config) { c.NetworkInterfaces[1].Groups = []ec2.GroupIdentifier{{GroupId: "sg-x"}} },
			"NetworkInterfaces[1] eni-a2: Groups[0] sg-x: sg-x is not in SecurityGroups: it allows nothing", `there is no "sg-x" in SecurityGroups`},
		{func(c *Config) { c.SecurityGroups = append(c.SecurityGroups, ec2.SecurityGroup{GroupId: "sg-classic"}) },
			"SecurityGroups[3] sg-classic: belongs to EC2-Classic, which is not in the configuration: it has no effect here", `there is no "" in Vpcs`},
		{func(c *Config) { c.RouteTables[0].Associations[0] = ec2.RouteTableAssociation{SubnetId: "subnet-x"} },
			"Vpcs[0] vpc-a: its main route table is not in the configuration (aws ec2 describe-route-tables): subnets without a table of their own have only the local route",
			`there is no "subnet-x" in Subnets`},
		{func(c *Config) { c.InternetGateways = c.InternetGateways[:0] },
			"RouteTables[0] rtb-a: Routes[1]: igw-a is not in the configuration as attached to this VPC (aws ec2 describe-internet-gateways); packets that it is for are dropped",
			`there is no "igw-a" in InternetGateways`},
		{naming(ec2.UserIdGroupPair{GroupId: "sg-x"}),
			"SecurityGroups[0] sg-a-web: IpPermissions[0]: sg-x is not in SecurityGroups, and no ENI is in it: it matches nothing", `there is no "sg-x" in SecurityGroups`},
		{naming(ec2.UserIdGroupPair{GroupId: "sg-x", UserId: "444455556666", VpcId: "vpc-a"}),
			"SecurityGroups[0] sg-a-web: IpPermissions[0]: sg-x is a group of another account (444455556666); none of its ENIs is in the configuration: it matches nothing", ""},
		{naming(ec2.UserIdGroupPair{GroupId: "sg-x", UserId: "amazon-elb"}),
			"SecurityGroups[0] sg-a-web: IpPermissions[0]: sg-x is a group of another account (amazon-elb); none of its ENIs is in the configuration: it matches nothing", ""},
		{func(c *Config) { c.NetworkInterfaces[3].Groups = []ec2.GroupIdentifier{{GroupId: "sg-a-web"}} },
			"NetworkInterfaces[3] eni-b1: Groups[0] sg-a-web: sg-a-web is a group of vpc-a; its association with vpc-b is " +
				"not in the configuration (aws ec2 describe-security-group-vpc-associations): it allows nothing here", "is a group of vpc-a, the ENI is in vpc-b"},

		// ENIs without an IPv4 address.
		{func(c *Config) { c.NetworkInterfaces[1].PrivateIpAddresses = nil }, "NetworkInterfaces[1] eni-a2: has no IP address; what it sends is dropped", "PrivateIpAddresses is missing"},
	} {
		c := answered(story(t))
		n.change(c)
		p := compiled(t, placed(c), CompileOptions{})
		require.Contains(t, texts(p), n.notice)
		c.Places, c.Placement = nil, Placement{}
		_, err := Compile(c, CompileOptions{})
		if n.err == "" {
			require.NoError(t, err, n.notice)
		} else {
			require.ErrorContains(t, err, n.err, n.notice)
		}
	}
	require.Empty(t, texts(compiled(t, answered(story(t)), CompileOptions{})))
}

// naming adds a permission for a group.
func naming(pair ec2.UserIdGroupPair) func(*Config) {
	return func(c *Config) {
		c.SecurityGroups[0].OwnerId = "111122223333"
		c.SecurityGroups[0].IpPermissions = []ec2.IpPermission{{IpProtocol: "-1", UserIdGroupPairs: []ec2.UserIdGroupPair{pair}}}
	}
}

// Who is in a group that another account owns is known from the ENI, and what
// the group allows is not.
func TestMembersOfUnknownGroups(t *testing.T) {
	c := answered(story(t))
	naming(ec2.UserIdGroupPair{GroupId: "sg-x", UserId: "444455556666"})(c)
	c.NetworkInterfaces[1].Groups = []ec2.GroupIdentifier{{GroupId: "sg-x"}}
	p := compiled(t, placed(c), CompileOptions{})
	a, member := p.ENI("eni-a1"), p.ENI("eni-a2")
	require.True(t, a.Match(Query{Remote: member.Primary, Port: 22, Proto: wire.ProtoTCP, Dir: wire.In}).Allowed)
	require.False(t, member.Match(Query{Remote: a.Primary, Port: 22, Proto: wire.ProtoTCP, Dir: wire.In}).Allowed)
	require.False(t, member.Match(Query{Remote: a.Primary, Port: 22, Proto: wire.ProtoTCP, Dir: wire.Out}).Allowed)
	require.Len(t, texts(p), 1)
}

// An address that moved between two answers is nobody's; within one answer it
// is a mistake.
func TestAddressThatMoved(t *testing.T) {
	c := answered(story(t))
	moved := c.NetworkInterfaces[1]
	moved.NetworkInterfaceId, moved.MacAddress = "eni-later", wire.MAC{2, 0, 0, 0, 0, 99}
	c.NetworkInterfaces = append(c.NetworkInterfaces, moved)
	_, err := Compile(placed(c), CompileOptions{})
	require.EqualError(t, err, "NetworkInterfaces.json: NetworkInterfaces[4] eni-later: PrivateIpAddress 10.0.1.6 is that of eni-a2 in vpc-a")

	c.Places["NetworkInterfaces"][4] = Place{File: "later.json", Answer: true}
	p := compiled(t, c, CompileOptions{})
	require.Equal(t, []string{"NetworkInterfaces[0] eni-later: PrivateIpAddress 10.0.1.6 is that of NetworkInterfaces.json: NetworkInterfaces[1] eni-a2 too: neither has it; such packets are dropped"}, texts(p))
	require.Nil(t, p.ENI("eni-a1").Neighbor(ip("10.0.1.6")))
	for _, id := range []string{"eni-a2", "eni-later"} {
		require.False(t, p.ENI(id).Owns(ip("10.0.1.6")))
		require.Zero(t, p.ENI(id).Primary)
	}
}

// A public address that two answers give to two is nobody's, nor is one of two
// that a private address has.
func TestPublicAddressThatMoved(t *testing.T) {
	c := answered(story(t))
	c.Addresses = append(c.Addresses, ec2.Address{PublicIp: addr("35.72.2.8"), NetworkInterfaceId: "eni-a2"})
	p := compiled(t, placed(c), CompileOptions{})
	require.Len(t, texts(p), 1)
	require.Contains(t, texts(p)[0], "PublicIp 35.72.2.8 is that of NetworkInterfaces.json: NetworkInterfaces[0] eni-a1 too: neither has it; such packets are dropped")
	require.Zero(t, p.ENI("eni-a1").Public())
	require.Zero(t, p.ENI("eni-a2").Public())

	c.Addresses[1] = ec2.Address{PublicIp: addr("35.72.2.9"), NetworkInterfaceId: "eni-a1"}
	p = compiled(t, placed(c), CompileOptions{})
	require.Contains(t, texts(p)[0], "PublicIp 35.72.2.9 is of 10.0.1.5, which has 35.72.2.8 in NetworkInterfaces.json: NetworkInterfaces[0] eni-a1: it has neither; such packets are dropped")
	require.Zero(t, p.ENI("eni-a1").Public())
}

// A route to entries that nobody knows lets their packets take wider routes,
// and the card says which.
func TestRoutesToUnknownEntries(t *testing.T) {
	c := answered(story(t))
	c.RouteTables[0].Routes = append(c.RouteTables[0].Routes, ec2.Route{DestinationPrefixListId: "pl-s3", GatewayId: "vpce-1"})
	p := compiled(t, placed(c), CompileOptions{})
	require.Equal(t, []string{"RouteTables[0] rtb-a: Routes[2]: the destinations are not in the configuration " +
		"(aws ec2 describe-prefix-lists, get-managed-prefix-list-entries): pl-s3 to vpce-1 is passed over, and such packets take 0.0.0.0/0 to igw-a"}, texts(p))
	require.Equal(t, &Route{Target: Internet, Dest: "0.0.0.0/0", Via: "igw-a"}, p.ENI("eni-a1").Route(ip("52.216.0.1")))

	c.RouteTables[0].Routes[1].State = "blackhole"
	p = compiled(t, c, CompileOptions{})
	require.Equal(t, []string{"RouteTables[0] rtb-a: Routes[2]: pl-s3 to vpce-1: its destinations are not in the configuration " +
		"(aws ec2 describe-prefix-lists, get-managed-prefix-list-entries); no other route leads their packets out, and they are dropped"}, texts(p))
	require.Equal(t, Blackhole, p.ENI("eni-a1").Route(ip("52.216.0.1")).Target)
}

// What another route of the same prefix beats is not dropped, and not named.
func TestBeatenRoutesAreNotNamed(t *testing.T) {
	c := answered(story(t))
	c.RouteTables[0].Routes = append(c.RouteTables[0].Routes,
		ec2.Route{DestinationCidrBlock: anywhere, GatewayId: "vgw-1", Origin: "EnableVgwRoutePropagation"})
	p := compiled(t, placed(c), CompileOptions{})
	require.Empty(t, texts(p))
	require.Equal(t, Internet, p.ENI("eni-a1").Route(ip("8.8.8.8")).Target)
}

// ENIs of AWS services: what becomes of their packets is said as it is.
func TestENIsOfServices(t *testing.T) {
	c := answered(story(t))
	c.NetworkInterfaces[1].InterfaceType, c.NetworkInterfaces[1].Groups = "network_load_balancer", nil
	c.NetworkInterfaces[2].InterfaceType = "lambda"
	p := compiled(t, placed(c), CompileOptions{})
	require.Equal(t, "NetworkInterfaces[1] eni-a2: InterfaceType network_load_balancer: it has no security groups, "+
		"so that every packet from and to it is dropped; in EC2 none filters it", texts(p)[0])
	require.Equal(t, "NetworkInterfaces[2] eni-a3: InterfaceType lambda: its security groups are enforced, and the service behind it is not here", texts(p)[1])
	for _, dir := range []wire.Direction{wire.In, wire.Out} {
		require.False(t, p.ENI("eni-a2").Match(Query{Remote: ip("10.0.1.5"), Port: 80, Proto: wire.ProtoTCP, Dir: dir}).Allowed)
	}
}

// What EC2 acts on no more is not named.
func TestEndedObjectsAreNotNamed(t *testing.T) {
	c := answered(story(t))
	c.Unenforced = map[string][]any{
		"VpnConnections":               {map[string]any{"State": "deleted"}},
		"VpnGateways":                  {map[string]any{"State": "available", "VpcAttachments": []any{map[string]any{"State": "detached"}}}},
		"TransitGatewayVpcAttachments": {map[string]any{"State": "rejected"}, map[string]any{"State": "failed"}},
		"ClientVpnEndpoints":           {map[string]any{"Status": map[string]any{"Code": "deleting"}}},
		"VpcEndpoints":                 {map[string]any{"State": "Expired"}},
	}
	require.Empty(t, texts(compiled(t, placed(c), CompileOptions{})))
}

// An answer without an object is an answer: what the others lack is named.
func TestAnswersWithoutObjects(t *testing.T) {
	for _, text := range []string{`{"Vpcs": [], "NextToken": null}`, `{"DhcpOptions": [{"DhcpOptionsId": "dopt-0123456789abcdef0", "DhcpConfigurations": []}], "NextToken": null}`} {
		c, err := Parse("x.json", []byte(text))
		require.NoError(t, err, text)
		require.Contains(t, strings.Join(texts(compiled(t, c, CompileOptions{})), ""), "there is no ENI without", text)
	}
}
