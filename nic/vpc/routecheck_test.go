package vpc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tableOf is the story with other routes in the table of subnet-a2.
func tableOf(t *testing.T, routes string) *Config {
	c := put(t, story(t), "RouteTables", "{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}], Routes: ["+routes+"]}")
	c = put(t, c, "ManagedPrefixLists", `{PrefixListId: pl-6, Entries: [{Cidr: "2001:db8:9::/48"}]}`)
	c = put(t, c, "ManagedPrefixLists", `{PrefixListId: pl-1, Entries: [{Cidr: 192.0.2.0/24}, {Cidr: 10.0.0.0/16}, {Cidr: 10.0.1.0/25}]}`)
	return put(t, c, "ManagedPrefixLists", `{PrefixListId: pl-2, Entries: [{Cidr: 192.0.2.0/24}, {Cidr: 198.51.100.0/24}]}`)
}

// "Longest prefix first, whatever the kind. Tie: static CIDR > prefix-list route >
// propagated; overlapping prefix lists: arbitrary but fixed".
func TestTiesOfRoutes(t *testing.T) {
	static := "{DestinationCidrBlock: 192.0.2.0/24, TransitGatewayId: tgw-static}"
	list := "{DestinationPrefixListId: pl-1, TransitGatewayId: tgw-list}"
	second := "{DestinationPrefixListId: pl-2, TransitGatewayId: tgw-second}"
	propagated := "{DestinationCidrBlock: 192.0.2.0/24, GatewayId: vgw-1, Origin: EnableVgwRoutePropagation}"
	server := "{DestinationCidrBlock: 192.0.2.0/24, NetworkInterfaceId: eni-a1, Origin: Advertisement}"
	longer := "{DestinationCidrBlock: 192.0.2.0/25, GatewayId: vgw-longer, Origin: EnableVgwRoutePropagation}"
	for _, r := range []struct{ routes, to, want string }{
		{static + list + propagated, "192.0.2.9", "192.0.2.0/24 to tgw-static"},
		{propagated + list + static, "192.0.2.9", "192.0.2.0/24 to tgw-static"},
		{propagated + list, "192.0.2.9", "192.0.2.0/24 to tgw-list"},
		{list + propagated, "192.0.2.9", "192.0.2.0/24 to tgw-list"},
		{list + second, "192.0.2.9", "192.0.2.0/24 to tgw-list"},
		{second + list, "192.0.2.9", "192.0.2.0/24 to tgw-list"},
		{second + list, "198.51.100.1", "198.51.100.0/24 to tgw-second"},
		{propagated + server, "192.0.2.9", "192.0.2.0/24 to vgw-1"},
		{server + propagated, "192.0.2.9", "192.0.2.0/24 to eni-a1"},
		{static + longer, "192.0.2.9", "192.0.2.0/25 to vgw-longer"},
		{static + longer, "192.0.2.129", "192.0.2.0/24 to tgw-static"},
		// A prefix list does not displace the local route, but for a part of it.
		{list, "10.0.9.9", "10.0.0.0/16 to local"},
		{list, "10.0.1.5", "10.0.1.0/25 to tgw-list"},
		// The local route's own target may be another.
		{"{DestinationCidrBlock: 10.0.0.0/16, NetworkInterfaceId: eni-a1}", "10.0.9.9", "10.0.0.0/16 to eni-a1"},
		{"{DestinationCidrBlock: 10.0.0.0/16, NatGatewayId: nat-1}", "10.0.9.9", "10.0.0.0/16 to nat-1"},
		{"{DestinationCidrBlock: 10.0.0.0/16, GatewayId: vpce-1}", "10.0.9.9", "10.0.0.0/16 to vpce-1"},
		// "LPM, v4/v6 separate", and "fd00:ec2::/32" cannot be routed.
		{"{DestinationIpv6CidrBlock: '::/0', GatewayId: igw-a}{DestinationIpv6CidrBlock: '2001:db8:9::/48', TransitGatewayId: tgw-1}", "2001:db8:9::1", "2001:db8:9::/48 to tgw-1"},
		{"{DestinationIpv6CidrBlock: '::/0', GatewayId: igw-a}{DestinationIpv6CidrBlock: '2001:db8:9::/48', TransitGatewayId: tgw-1}", "2001:db8:a::1", "::/0 to igw-a"},
		{"{DestinationIpv6CidrBlock: '::/0', GatewayId: igw-a}", "192.0.2.9", "no route"},
		{"{DestinationIpv6CidrBlock: '::/0', GatewayId: igw-a}", "fd00:ec2::254", "no route"},
		{"{DestinationIpv6CidrBlock: '::/0', GatewayId: igw-a}", "fd00:ec3::254", "::/0 to igw-a"},
		// "169.254.168.0/22: cannot be routed; packets not forwarded even under a wider route".
		{"{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}", "169.254.170.2", "no route"},
		{"{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}", "169.254.172.1", "0.0.0.0/0 to igw-a"},
	} {
		p := compiled(t, tableOf(t, strings.ReplaceAll(r.routes, "}{", "}, {")), CompileOptions{Card: "y"})
		require.Equal(t, r.want, p.ENI("eni-a3").Route(ip(r.to)).String(), "%s of %s", r.to, r.routes)
	}
}

// "State active / blackhole / filtered (target gone → blackhole)".
func TestStatesOfRoutes(t *testing.T) {
	for state, want := range map[string]Target{"active": Internet, "blackhole": Blackhole, "filtered": Blackhole} {
		p := compiled(t, tableOf(t, "{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a, State: "+state+"}"), CompileOptions{Card: "y"})
		require.Equal(t, &Route{Target: want, Dest: "0.0.0.0/0", Via: "igw-a"}, p.ENI("eni-a3").Route(ip("8.8.8.8")), state)
	}
}

// A route may name an instance that is gone, if its state says that.
func TestABlackholeMayNameAnInstanceThatIsGone(t *testing.T) {
	p := compiled(t, tableOf(t, "{DestinationCidrBlock: 192.0.2.0/24, InstanceId: i-gone, State: blackhole}"), CompileOptions{Card: "y"})
	require.Equal(t, &Route{Target: Blackhole, Dest: "192.0.2.0/24", Via: "i-gone"}, p.ENI("eni-a3").Route(ip("192.0.2.9")))
}

// "More specific than local allowed only for a whole subnet CIDR, targets NATGW, ENI, GWLB
// or Network Firewall endpoint": another route is a mistake of people, and a notice where an
// answer has it.
func TestRoutesThatEC2DoesNotTake(t *testing.T) {
	for _, r := range []struct{ route, want string }{
		{"{DestinationCidrBlock: 10.0.1.0/24, NetworkInterfaceId: eni-a1}", ""},
		{"{DestinationCidrBlock: 10.0.1.0/24, InstanceId: i-a1}", ""},
		{"{DestinationCidrBlock: 10.0.1.0/24, NatGatewayId: nat-1}", ""},
		{"{DestinationCidrBlock: 10.0.1.0/24, GatewayId: vpce-1}", ""},
		{"{DestinationCidrBlock: 10.0.1.0/24, TransitGatewayId: tgw-1}", "tgw-1 cannot be the target of 10.0.1.0/24, inside vpc-a: only an ENI, a NAT gateway or an endpoint of a Gateway Load Balancer can"},
		{"{DestinationCidrBlock: 10.0.0.0/16, GatewayId: igw-a}", "igw-a cannot be the target of 10.0.0.0/16, inside vpc-a: only an ENI, a NAT gateway or an endpoint of a Gateway Load Balancer can"},
		{"{DestinationCidrBlock: 10.0.1.0/25, NetworkInterfaceId: eni-a1}", "DestinationCidrBlock 10.0.1.0/25 is a part of vpc-a, but no subnet's whole block"},
		{"{DestinationCidrBlock: 10.0.0.0/17, NetworkInterfaceId: eni-a1}", "DestinationCidrBlock 10.0.0.0/17 is a part of vpc-a, but no subnet's whole block"},
		{"{DestinationCidrBlock: 10.9.0.0/16, GatewayId: local}", "DestinationCidrBlock 10.9.0.0/16 is no block of vpc-a: local routes lead to the VPC's own blocks"},
		{"{DestinationCidrBlock: 169.254.169.0/24, NetworkInterfaceId: eni-a1}", "DestinationCidrBlock 169.254.169.0/24 is in 169.254.168.0/22, which no route reaches"},
		{"{DestinationCidrBlock: 10.0.1.0/24, LocalGatewayId: lgw-1}", ""},
		{"{DestinationCidrBlock: 10.0.0.0/16, LocalGatewayId: lgw-1}", "lgw-1 cannot be the target of 10.0.0.0/16, inside vpc-a: only an ENI, a NAT gateway or an endpoint of a Gateway Load Balancer can"},
		{"{DestinationCidrBlock: 169.254.0.0/16, NetworkInterfaceId: eni-a1}", ""},
		{"{DestinationIpv6CidrBlock: 'fd00:ec2::/32', NetworkInterfaceId: eni-a1}", "DestinationIpv6CidrBlock fd00:ec2::/32 is in fd00:ec2::/32, which no route reaches"},
		{"{DestinationCidrBlock: 192.0.2.0/24, InstanceId: i-a1, NetworkInterfaceId: eni-a1}", ""},
		{"{DestinationCidrBlock: 192.0.2.0/24, InstanceId: i-a1, NatGatewayId: nat-1}", "it leads to nat-1 and to i-a1: a route has one target"},
		{"{DestinationCidrBlock: 192.0.2.0/24, GatewayId: igw-a, TransitGatewayId: tgw-1}", "it leads to igw-a and to tgw-1: a route has one target"},
		{"{DestinationCidrBlock: 192.0.2.0/24, DestinationIpv6CidrBlock: '2001:db8::/32', GatewayId: igw-a}", "it has more than one destination: each needs a route of its own"},
		{"{DestinationCidrBlock: 192.0.2.0/24, DestinationPrefixListId: pl-1, GatewayId: igw-a}", "it has more than one destination: each needs a route of its own"},
		{"{DestinationCidrBlock: 192.0.2.0/24, GatewayId: nat-1}", "GatewayId nat-1 is no target: local, igw-…, vgw-… or vpce-… is expected, and other targets have fields of their own"},
		{"{DestinationCidrBlock: 192.0.2.0/24, EgressOnlyInternetGatewayId: eigw-1}", "eigw-1 cannot be the target of 192.0.2.0/24: an egress-only internet gateway carries IPv6 alone"},
		{"{DestinationPrefixListId: pl-1, EgressOnlyInternetGatewayId: eigw-1}", "eigw-1 cannot be the target of pl-1: an egress-only internet gateway carries IPv6 alone"},
		{"{DestinationPrefixListId: pl-6, EgressOnlyInternetGatewayId: eigw-1}", ""},
		{"{DestinationCidrBlock: 192.0.2.0/24, NetworkInterfaceId: eni-zz}", ""},
		{"{DestinationCidrBlock: 192.0.2.0/24, InstanceId: i-zz}", ""},
	} {
		c := tableOf(t, r.route)
		if strings.Contains(r.route, "-zz") {
			_, err := Compile(c, CompileOptions{})
			require.ErrorContains(t, err, "-zz", r.route)
			continue
		}
		p, err := Compile(c, CompileOptions{})
		if r.want == "" {
			require.NoError(t, err, r.route)
			continue
		}
		require.ErrorContains(t, err, "rtb-a2: Routes[0]: "+r.want, r.route)
		p, err = Compile(placed(c), CompileOptions{})
		require.NoError(t, err, r.route)
		require.Contains(t, strings.Join(texts(p), "\n"), r.want+"; EC2 takes no such route, and this card follows it")
	}
}

// A route to an instance is one to its only ENI, in the VPC of the table ("The operation fails if you specify
// an instance ID unless exactly one network interface is attached"); gateways and endpoints that the
// configuration lists are attached to that VPC, and a VPC has one of a kind: another target is a mistake of
// people, and taken where an answer has it.
func TestTargetsThatEC2DoesNotTake(t *testing.T) {
	const second = `{NetworkInterfaceId: eni-a1b, SubnetId: subnet-a2, MacAddress: 06:00:00:00:0a:0b, PrivateIpAddress: 10.0.2.11, Attachment: {InstanceId: i-a1, DeviceIndex: 1}}`
	lists := func(c *Config) *Config {
		in := func(vpc string) []any { return []any{map[string]any{"VpcId": vpc, "State": "attached"}} }
		c.Unenforced = map[string][]any{
			"VpnGateways":                {map[string]any{"VpnGatewayId": "vgw-a", "VpcAttachments": in("vpc-a")}, map[string]any{"VpnGatewayId": "vgw-b", "VpcAttachments": in("vpc-b")}, map[string]any{"VpnGatewayId": "vgw-c"}},
			"EgressOnlyInternetGateways": {map[string]any{"EgressOnlyInternetGatewayId": "eigw-a", "Attachments": in("vpc-a")}, map[string]any{"EgressOnlyInternetGatewayId": "eigw-b", "Attachments": in("vpc-b")}},
			"VpcEndpoints":               {map[string]any{"VpcEndpointId": "vpce-a", "VpcId": "vpc-a"}, map[string]any{"VpcEndpointId": "vpce-b", "VpcId": "vpc-b"}},
			"TransitGateways":            {map[string]any{"TransitGatewayId": "tgw-1"}},
		}
		return c
	}
	for _, r := range []struct{ route, want string }{
		{"{DestinationCidrBlock: 192.0.2.0/24, InstanceId: i-a2}", ""},
		{"{DestinationCidrBlock: 192.0.2.0/24, InstanceId: i-a1}", "InstanceId i-a1 has 2 ENIs: name the one that is meant as NetworkInterfaceId"},
		{"{DestinationCidrBlock: 192.0.2.0/24, InstanceId: i-a1, NetworkInterfaceId: eni-a1}", ""},
		{"{DestinationCidrBlock: 192.0.2.0/24, InstanceId: i-b1}", "InstanceId i-b1 is in vpc-b, the table in vpc-a"},
		{"{DestinationCidrBlock: 192.0.2.0/24, GatewayId: vgw-a}", ""},
		{"{DestinationCidrBlock: 192.0.2.0/24, GatewayId: vgw-b}", "GatewayId vgw-b is not attached to vpc-a"},
		{"{DestinationCidrBlock: 192.0.2.0/24, GatewayId: vgw-c}", ""},
		{"{DestinationCidrBlock: 192.0.2.0/24, GatewayId: vgw-z}", `GatewayId: there is no "vgw-z" in VpnGateways`},
		{"{DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: eigw-a}", ""},
		{"{DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: eigw-b}", "EgressOnlyInternetGatewayId eigw-b is not attached to vpc-a"},
		{"{DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: eigw-z}", `EgressOnlyInternetGatewayId: there is no "eigw-z" in EgressOnlyInternetGateways`},
		{"{DestinationCidrBlock: 10.0.1.0/24, GatewayId: vpce-a}", ""},
		{"{DestinationCidrBlock: 10.0.1.0/24, GatewayId: vpce-b}", "GatewayId vpce-b is not attached to vpc-a"},
		{"{DestinationCidrBlock: 192.0.2.0/24, TransitGatewayId: tgw-1}", ""},
		{"{DestinationCidrBlock: 192.0.2.0/24, TransitGatewayId: tgw-z}", `TransitGatewayId: there is no "tgw-z" in TransitGateways`},
		{"{DestinationCidrBlock: 192.0.2.0/24, LocalGatewayId: lgw-1}", ""},
	} {
		c := lists(put(t, tableOf(t, r.route), "NetworkInterfaces", second))
		_, err := Compile(c, CompileOptions{})
		if r.want == "" {
			require.NoError(t, err, r.route)
			continue
		}
		require.ErrorContains(t, err, "rtb-a2: Routes[0]: "+r.want, r.route)
		_, err = Compile(placed(c), CompileOptions{})
		require.NoError(t, err, r.route)
	}
	c := lists(put(t, tableOf(t, ""), "RouteTables", "{RouteTableId: rtb-in, VpcId: vpc-a, Associations: [{GatewayId: vgw-b}]}"))
	_, err := Compile(c, CompileOptions{})
	require.ErrorContains(t, err, "rtb-in: Associations[0]: GatewayId vgw-b is not attached to vpc-a")
	for _, list := range []string{"VpnGateways", "EgressOnlyInternetGateways"} {
		c := lists(tableOf(t, ""))
		again := map[string]any{}
		for name, value := range c.Unenforced[list][0].(map[string]any) {
			again[name] = value
		}
		id := strings.TrimSuffix(list, "s") + "Id"
		again[id] = "gw-z"
		c.Unenforced[list] = append(c.Unenforced[list], again)
		_, err := Compile(c, CompileOptions{})
		require.ErrorContains(t, err, "gw-z: vpc-a has "+c.Unenforced[list][0].(map[string]any)[id].(string)+" already: a VPC has one of them")
	}
}

// EC2 lists a deleted gateway for a while, several files may list the same one, and an attachment may not say
// where it is: none of these is a second gateway of a VPC.
func TestGatewaysThatAreNoSecondOnes(t *testing.T) {
	at := func(vpc string) []any { return []any{map[string]any{"VpcId": vpc, "State": "attached"}} }
	first := map[string]any{"VpnGatewayId": "vgw-a", "VpcAttachments": at("vpc-a")}
	for name, second := range map[string]map[string]any{
		"the same":   {"VpnGatewayId": "vgw-a", "VpcAttachments": at("vpc-a")},
		"deleted":    {"VpnGatewayId": "vgw-b", "State": "deleted", "VpcAttachments": at("vpc-a")},
		"nowhere":    {"VpnGatewayId": "vgw-b", "VpcAttachments": []any{map[string]any{"State": "attached"}, map[string]any{"State": "attached"}, 1}},
		"without ID": {"VpcAttachments": at("vpc-a")},
	} {
		c := tableOf(t, "{DestinationCidrBlock: 192.0.2.0/24, GatewayId: vgw-a}")
		c.Unenforced = map[string][]any{"VpnGateways": {first, second}}
		_, err := Compile(c, CompileOptions{})
		require.NoError(t, err, name)
	}
}

// An ENI that comes makes a mistake of a route to its instance, in a change as in a file.
func TestAnInstanceOfARouteGetsASecondENI(t *testing.T) {
	region, err := NewRegion(tableOf(t, "{DestinationCidrBlock: 192.0.2.0/24, InstanceId: i-a1}"))
	require.NoError(t, err)
	second, err := Put("NetworkInterfaces", []byte(`{NetworkInterfaceId: eni-a1b, SubnetId: subnet-a2, MacAddress: 06:00:00:00:0a:0b, PrivateIpAddress: 10.0.2.11, Attachment: {InstanceId: i-a1, DeviceIndex: 1}}`))
	require.NoError(t, err)
	_, err = region.Change(second)
	require.ErrorContains(t, err, "InstanceId i-a1 has 2 ENIs")
}

// Two routes of a table cannot be for one prefix list, and an ENI of another VPC is no target.
func TestRoutesThatDoNotGoTogether(t *testing.T) {
	for routes, want := range map[string]string{
		"{DestinationPrefixListId: pl-1, GatewayId: vgw-1}, {DestinationPrefixListId: pl-2, GatewayId: vgw-1}, {DestinationPrefixListId: pl-1, GatewayId: vgw-2}": "rtb-a2: Routes[2]: DestinationPrefixListId pl-1 stands twice",
		"{DestinationCidrBlock: 192.0.2.0/24, NetworkInterfaceId: eni-b1}":                                                                                        "rtb-a2: Routes[0]: NetworkInterfaceId eni-b1 is in vpc-b, the table in vpc-a",
		"{DestinationCidrBlock: 192.0.2.0/24, VpcPeeringConnectionId: pcx-cd}":                                                                                    "rtb-a2: Routes[0]: VpcPeeringConnectionId pcx-cd does not peer vpc-a",
	} {
		c := put(t, put(t, tableOf(t, routes), "Vpcs", `{VpcId: vpc-c, CidrBlock: 10.8.0.0/16}`), "Vpcs", `{VpcId: vpc-d, CidrBlock: 10.9.0.0/16}`)
		c = put(t, c, "VpcPeeringConnections", `{VpcPeeringConnectionId: pcx-cd, RequesterVpcInfo: {VpcId: vpc-c}, AccepterVpcInfo: {VpcId: vpc-d}, Status: {Code: active}}`)
		_, err := Compile(c, CompileOptions{})
		require.ErrorContains(t, err, want)
		_, err = Compile(placed(c), CompileOptions{})
		require.NoError(t, err, routes)
	}
}

// "You can only specify local, a Gateway Load Balancer endpoint, or a network interface as a
// target. You cannot specify a prefix list", nor "CIDR blocks outside of the ranges in your VPC,
// including ranges larger than the individual VPC CIDR blocks", in a table of either gateway;
// "You can't set a gateway route table as the main route table".
func TestGatewayRouteTablesThatEC2DoesNotTake(t *testing.T) {
	const target = " cannot be the target of a gateway's route: only local, an ENI or an endpoint of a Gateway Load Balancer can"
	for _, r := range []struct{ associations, route, want string }{
		{"{GatewayId: igw-a}", "{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}", ""},
		{"{GatewayId: igw-a}", "{DestinationCidrBlock: 10.0.0.0/16, NetworkInterfaceId: eni-a1}", ""},
		{"{GatewayId: vgw-1}", "{DestinationCidrBlock: 10.0.1.0/24, InstanceId: i-a1}", ""},
		{"{GatewayId: vgw-1}", "{DestinationCidrBlock: 10.0.1.0/24, GatewayId: vpce-1}", ""},
		{"{GatewayId: igw-a}", "{DestinationCidrBlock: 10.0.1.0/24, NatGatewayId: nat-1}", "Routes[0]: nat-1" + target},
		{"{GatewayId: vgw-1}", "{DestinationCidrBlock: 10.0.1.0/24, NatGatewayId: nat-1}", "Routes[0]: nat-1" + target},
		{"{GatewayId: igw-a}", "{DestinationCidrBlock: 10.0.1.0/24, TransitGatewayId: tgw-1}", "Routes[0]: tgw-1" + target},
		{"{GatewayId: igw-a}", "{DestinationPrefixListId: pl-1, NetworkInterfaceId: eni-a1}", "Routes[0]: DestinationPrefixListId pl-1: a gateway's table has no prefix lists"},
		{"{GatewayId: vgw-1}", "{DestinationPrefixListId: pl-1, NetworkInterfaceId: eni-a1}", "Routes[0]: DestinationPrefixListId pl-1: a gateway's table has no prefix lists"},
		{"{GatewayId: igw-a}", "{DestinationCidrBlock: 0.0.0.0/0, NetworkInterfaceId: eni-a1}", "Routes[0]: DestinationCidrBlock 0.0.0.0/0 is neither vpc-a's nor a subnet's whole block, which a gateway's route leads to"},
		{"{GatewayId: igw-a}", "{DestinationCidrBlock: 10.0.0.0/8, NetworkInterfaceId: eni-a1}", "Routes[0]: DestinationCidrBlock 10.0.0.0/8 is neither vpc-a's nor a subnet's whole block, which a gateway's route leads to"},
		{"{GatewayId: igw-a}", "{DestinationCidrBlock: 10.0.1.0/25, NetworkInterfaceId: eni-a1}", "Routes[0]: DestinationCidrBlock 10.0.1.0/25 is neither vpc-a's nor a subnet's whole block, which a gateway's route leads to"},
		{"{GatewayId: tgw-1}", "", "Associations[0]: GatewayId tgw-1 is neither an internet gateway nor a virtual private gateway"},
		{"{GatewayId: igw-b}", "", "Associations[0]: GatewayId igw-b is not attached to vpc-a"},
		{"{GatewayId: igw-z}", "", `Associations[0]: GatewayId: there is no "igw-z" in InternetGateways`},
		{"{GatewayId: igw-a}, {GatewayId: igw-a}", "", "Associations[1]: the gateway of vpc-a has the table rtb-in already"},
		{"{GatewayId: igw-a}, {Main: true}", "", "Associations[1]: Main: a gateway's table cannot be the main one of vpc-a"},
	} {
		c := put(t, tableOf(t, ""), "RouteTables", "{RouteTableId: rtb-in, VpcId: vpc-a, Associations: ["+r.associations+"], Routes: ["+r.route+"]}")
		_, err := Compile(c, CompileOptions{})
		if r.want == "" {
			require.NoError(t, err, r.route)
			continue
		}
		require.ErrorContains(t, err, "rtb-in: "+r.want)
		if r.route != "" {
			p, err := Compile(placed(c), CompileOptions{})
			require.NoError(t, err, r.route)
			require.Contains(t, strings.Join(texts(p), "\n"), strings.TrimPrefix(r.want, "Routes[0]: ")+"; EC2 takes no such route, and this card follows it")
		}
	}
}

// "You can enter a route with a destination equal to the IP CIDR" of a pool of one's own addresses: an
// answer may have one, and the pool's association beside the gateway's, and a notice says what becomes of its packets.
func TestARouteToAPoolOfOnesOwn(t *testing.T) {
	c := put(t, tableOf(t, ""), "RouteTables", "{RouteTableId: rtb-in, VpcId: vpc-a, Associations: [{GatewayId: igw-a}, {PublicIpv4Pool: ipv4pool-ec2-1}], Routes: [{DestinationCidrBlock: 198.51.100.0/24, NetworkInterfaceId: eni-a1}]}")
	_, err := Compile(c, CompileOptions{})
	require.ErrorContains(t, err, "198.51.100.0/24 is neither vpc-a's nor a subnet's whole block")
	p, err := Compile(placed(c), CompileOptions{})
	require.NoError(t, err)
	require.Contains(t, strings.Join(texts(p), "\n"), "198.51.100.0/24: it is of a pool of one's own addresses, whose packets no edge of this card's region lets in; such packets are dropped")
	require.NotContains(t, strings.Join(texts(p), "\n"), "belongs to", "the pool's association is no subnet's")
}

// A route to a subnet's whole block is a mistake once the subnet is gone, and no route table
// was put for that.
func TestARouteToASubnetThatGoes(t *testing.T) {
	region, err := NewRegion(tableOf(t, "{DestinationCidrBlock: 10.0.77.0/24, NetworkInterfaceId: eni-a1}"))
	require.ErrorContains(t, err, "10.0.77.0/24")
	c := put(t, tableOf(t, "{DestinationCidrBlock: 10.0.77.0/24, NetworkInterfaceId: eni-a1}"), "Subnets", "{SubnetId: subnet-77, VpcId: vpc-a, CidrBlock: 10.0.77.0/24}")
	region, err = NewRegion(c)
	require.NoError(t, err)
	_, err = region.Change(Edit{Kind: "Subnets", ID: "subnet-77"})
	require.ErrorContains(t, err, "10.0.77.0/24")
	_, err = region.Change(Edit{Kind: "NetworkInterfaces", ID: "eni-a1"})
	require.ErrorContains(t, err, `"eni-a1"`)
}
