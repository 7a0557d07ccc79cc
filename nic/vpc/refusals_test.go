package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What EC2 refuses beside routes: a mistake of people, with what would be right; an answer of
// EC2's API is taken as it is.
func TestWhatEC2Refuses(t *testing.T) {
	for _, r := range []struct{ list, object, want string }{
		// "You cannot combine IPv4 and IPv6 CIDR blocks in a single prefix list."
		{"ManagedPrefixLists", `{PrefixListId: pl-1, Entries: [{Cidr: 10.0.0.0/8}, {Cidr: "2001:db8::/32"}]}`,
			"Entries[1]: Cidr 2001:db8::/32 is IPv6, and the list is of IPv4: a prefix list has one family; make another list for the other"},
		{"ManagedPrefixLists", `{PrefixListId: pl-1, AddressFamily: IPv6, Entries: [{Cidr: 10.0.0.0/8}]}`,
			"Entries[0]: Cidr 10.0.0.0/8 is IPv4, and the list is of IPv6: a prefix list has one family; make another list for the other"},
		{"ManagedPrefixLists", `{PrefixListId: pl-1, AddressFamily: IPv6, MaxEntries: 2, Entries: [{Cidr: "2001:db8::/48"}, {Cidr: "2001:db8:1::/48"}]}`, ""},
		{"ManagedPrefixLists", `{PrefixListId: pl-1, AddressFamily: ipv4}`, `AddressFamily "ipv4" is neither IPv4 nor IPv6`},
		// "You must specify the maximum number of entries that the prefix list can support."
		{"ManagedPrefixLists", `{PrefixListId: pl-1, MaxEntries: 1, Entries: [{Cidr: 10.0.0.0/8}, {Cidr: 172.16.0.0/12}]}`, "Entries: there are 2, and MaxEntries lets there be 1"},

		// "You can't specify the following CIDR blocks for your VPCs"; "must not overlap".
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 127.1.0.0/16}`, "CidrBlock 127.1.0.0/16 is in 127.0.0.0/8, which EC2 gives no VPC"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 0.1.0.0/16}`, "CidrBlock 0.1.0.0/16 is in 0.0.0.0/8, which EC2 gives no VPC"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 169.254.0.0/20}`, "CidrBlock 169.254.0.0/20 is in 169.254.0.0/16, which EC2 gives no VPC"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/16, CidrBlockAssociationSet: [{CidrBlock: 239.0.0.0/16}]}`, "CidrBlock 239.0.0.0/16 is in 224.0.0.0/4, which EC2 gives no VPC"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/16, CidrBlockAssociationSet: [{CidrBlock: 10.0.0.0/16}, {CidrBlock: 10.0.128.0/17}]}`, "CidrBlock 10.0.128.0/17 overlaps 10.0.0.0/16, which the VPC has, too"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/16, CidrBlockAssociationSet: [{CidrBlock: 10.0.0.0/16}, {CidrBlock: 10.0.128.0/17, CidrBlockState: {State: disassociated}}]}`, ""},
		// "The allowed block size is between a /16 netmask (65,536 IP addresses) and /28 netmask (16 IP addresses)"; "from /44 to /60 in increments of /4".
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/15}`, "CidrBlock 10.0.0.0/15: a block of a VPC is a /16 to a /28; CidrBlockAssociationSet has further ones"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/29}`, "CidrBlock 10.0.0.0/29: a block of a VPC is a /16 to a /28; CidrBlockAssociationSet has further ones"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/16, CidrBlockAssociationSet: [{CidrBlock: 10.4.0.0/14}]}`, "CidrBlock 10.4.0.0/14: a block of a VPC is a /16 to a /28; CidrBlockAssociationSet has further ones"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/28}`, ""},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:8::/64"}]}`, "Ipv6CidrBlock 2001:db8:8::/64: a block of a VPC is a /44 to a /60, in steps of 4"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:8::/50"}]}`, "Ipv6CidrBlock 2001:db8:8::/50: a block of a VPC is a /44 to a /60, in steps of 4"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8::/40"}]}`, "Ipv6CidrBlock 2001:db8::/40: a block of a VPC is a /44 to a /60, in steps of 4"},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:10::/44"}, {Ipv6CidrBlock: "2001:db8:20::/60"}]}`, ""},
		{"Vpcs", `{VpcId: vpc-z, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:10::/44"}, {Ipv6CidrBlock: "2001:db8:10::/56"}]}`, "Ipv6CidrBlock 2001:db8:10::/56 overlaps 2001:db8:10::/44, which the VPC has, too"},

		// "InvalidPermission.Duplicate: The specified inbound or outbound rule already exists for that security group".
		{"SecurityGroups", `{GroupId: sg-z, VpcId: vpc-a, IpPermissions: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 10.0.0.0/8}]}, {IpProtocol: "6", FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 10.9.9.9/8}]}]}`,
			"IpPermissions[1]: tcp 22 from 10.0.0.0/8 stands twice; the first is IpPermissions[0]"},
		{"SecurityGroups", `{GroupId: sg-z, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}, {CidrIp: 0.0.0.0/0}]}]}`,
			"IpPermissionsEgress[0]: all to 0.0.0.0/0 stands twice; the first is IpPermissionsEgress[0]"},
		{"SecurityGroups", `{GroupId: sg-z, VpcId: vpc-a, IpPermissions: [{IpProtocol: icmp, FromPort: -1, ToPort: -1, UserIdGroupPairs: [{GroupId: sg-a-db}]}, {IpProtocol: icmp, UserIdGroupPairs: [{GroupId: sg-a-db}]}]}`,
			"IpPermissions[1]: icmp from sg-a-db stands twice; the first is IpPermissions[0]"},
		{"SecurityGroups", `{GroupId: sg-z, VpcId: vpc-a, IpPermissions: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 10.0.0.0/8}], Ipv6Ranges: [{CidrIpv6: "::/0"}]}, {IpProtocol: tcp, FromPort: 22, ToPort: 23, IpRanges: [{CidrIp: 10.0.0.0/8}]}, {IpProtocol: udp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 10.0.0.0/8}]}],
			IpPermissionsEgress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 10.0.0.0/8}]}]}`, ""},

		// "You can attach only one internet gateway to a VPC at a time."
		{"InternetGateways", `{InternetGatewayId: igw-z, Attachments: [{VpcId: vpc-a}]}`, "Attachments[0]: vpc-a has the internet gateway igw-a already"},
		{"InternetGateways", `{InternetGatewayId: igw-z, Attachments: [{VpcId: vpc-a, State: detached}]}`, ""},
		{"InternetGateways", `{InternetGatewayId: igw-a, Attachments: [{VpcId: vpc-a}, {VpcId: vpc-b}]}`, "Attachments[1]: it is attached to vpc-a already: an internet gateway has one VPC"},

		// "PortRange: required if specifying protocol 6 or 17", "IcmpTypeCode: … 1 or 58".
		{"NetworkAcls", `{NetworkAclId: acl-1, VpcId: vpc-a, Entries: [{RuleNumber: 1, Protocol: "1", RuleAction: allow, CidrBlock: 0.0.0.0/0}]}`, "Entries[0] inbound 1: Protocol 1 needs an IcmpTypeCode; Type -1 and Code -1 are all"},
		{"NetworkAcls", `{NetworkAclId: acl-1, VpcId: vpc-a, Entries: [{RuleNumber: 1, Protocol: "58", RuleAction: allow, Ipv6CidrBlock: "::/0"}]}`, "Entries[0] inbound 1: Protocol 58 needs an IcmpTypeCode; Type -1 and Code -1 are all"},

		// "The first four IP addresses and the last IP address in each subnet CIDR block are not available."
		{"NetworkInterfaces", `{NetworkInterfaceId: eni-z, SubnetId: subnet-a2, MacAddress: 06:00:00:00:0a:09, Ipv4Prefixes: [{Ipv4Prefix: 10.0.2.240/28}]}`,
			"Ipv4Prefix 10.0.2.240/28 holds reserved addresses: the first four and the last address of a subnet are EC2's"},
		{"NetworkInterfaces", `{NetworkInterfaceId: eni-z, SubnetId: subnet-a2, MacAddress: 06:00:00:00:0a:09, Ipv4Prefixes: [{Ipv4Prefix: 10.0.2.16/28}]}`, ""},
	} {
		c := put(t, story(t), r.list, r.object)
		_, err := Compile(c, CompileOptions{})
		if r.want == "" {
			require.NoError(t, err, r.object)
			continue
		}
		require.ErrorContains(t, err, ": "+r.want, r.object)
		if r.list != "ManagedPrefixLists" || r.want[0] == 'E' {
			_, err = Compile(placed(c), CompileOptions{})
			require.NoError(t, err, r.object)
		}
	}
}

// "You cannot associate a default security group with another VPC."
func TestADefaultGroupIsNotLent(t *testing.T) {
	lent := func(name string) *Config {
		c := put(t, story(t), "SecurityGroups", "{GroupId: sg-z, GroupName: "+name+", VpcId: vpc-a}")
		e, err := Put("SecurityGroupVpcAssociations", []byte("[{GroupId: sg-z, VpcId: vpc-b, State: associated}]"))
		require.NoError(t, err)
		region, err := NewRegion(c)
		require.NoError(t, err)
		_, err = region.Change(e)
		if name == "web" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "GroupName default: a default group is in force in its own VPC alone, and SecurityGroupVpcAssociations says vpc-a, vpc-b")
		}
		return c
	}
	lent("web")
	lent("default")
}

// Two internet gateways that come together: the later one is the mistake.
func TestTwoInternetGatewaysOfAVPC(t *testing.T) {
	c := put(t, story(t), "InternetGateways", `{InternetGatewayId: igw-z, Attachments: [{VpcId: vpc-a}]}`)
	_, err := NewRegion(c)
	require.EqualError(t, err, "InternetGateways[2] igw-z: Attachments[0]: vpc-a has the internet gateway igw-a already")
	region, err := NewRegion(story(t))
	require.NoError(t, err)
	put, err := Put("InternetGateways", []byte(`{InternetGatewayId: igw-z, Attachments: [{VpcId: vpc-a}]}`))
	require.NoError(t, err)
	_, err = region.Change(put)
	require.ErrorContains(t, err, "vpc-a has the internet gateway igw-a already")
	_, err = region.Change(put, Edit{Kind: "InternetGateways", ID: "igw-a"})
	require.ErrorContains(t, err, `GatewayId: there is no "igw-a"`) // the route's mistake alone
	require.NotContains(t, err.Error(), "already")
}
