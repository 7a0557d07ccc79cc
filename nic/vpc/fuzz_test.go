package vpc

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// seeds are small, because go test spends its time on making long ones smaller.
var seeds = []string{
	`{"Vpcs":[{"VpcId":"v","CidrBlock":"10.0.0.0/16"}],"Subnets":[{"SubnetId":"s","VpcId":"v","CidrBlock":"10.0.1.0/24"}],` +
		`"SecurityGroups":[{"GroupId":"g","VpcId":"v","IpPermissions":[{"IpProtocol":"-1","IpRanges":[{"CidrIp":"0.0.0.0/0"}]}]}],` +
		`"NetworkInterfaces":[{"NetworkInterfaceId":"e","SubnetId":"s","MacAddress":"02:00:00:00:00:01","PrivateIpAddress":"10.0.1.5","Groups":[{"GroupId":"g"}]}]}`,
	`{"Vpcs":[{"VpcId":"v","CidrBlock":"10.0.0.0/16"}],"Subnets":[{"SubnetId":"s","VpcId":"v","CidrBlock":"10.0.1.0/24"}],` +
		`"NetworkInterfaces":[{"NetworkInterfaceId":"e","SubnetId":"s","MacAddress":"02:00:00:00:00:01","Ipv4Prefixes":[{"Ipv4Prefix":"10.0.1.16/28"}],` +
		`"PrivateIpAddresses":[{"PrivateIpAddress":"10.0.1.5","Association":{"PublicIp":"1.2.3.4"}}]}],"Addresses":[{"PublicIp":"1.2.3.4","NetworkInterfaceId":"e"}]}`,
	`{"Vpcs":[{"VpcId":"v","CidrBlock":"10.0.0.0/16"}],"RouteTables":[{"RouteTableId":"r","VpcId":"v","Routes":[{"DestinationPrefixListId":"p","GatewayId":"igw-1"}]}],` +
		`"PrefixLists":[{"PrefixListId":"p","Cidrs":["10.0.0.0/8","::/0"]}],"NetworkAcls":[{"NetworkAclId":"a","IsDefault":true,"Entries":[{"RuleAction":"deny"}]}]}`,
	"Placement:\n  Cards: [{Name: x, Vtep: 172.16.0.11/24, Gateway: 172.16.0.1}]\n  Edge: {Vtep: 172.16.0.2}\n  Vnis: {v: 5}\nNextToken: y\nVpcEndpoints: [{VpcEndpointId: 1}]\n",
	`{"s":200,"data":{"r":{"Vpcs":[{"VpcId":"v","CidrBlock":"10.0.0.0/16","OwnerId":"1"}],"NextToken":"x"}},"acls":[{"NetworkAclId":"a","Entries":[]}]}`,
	`{"Vpcs":[{"VpcId":"` + "\x8c" + `","CidrBlock":"10.0.0.0/16"}],"Subnets":[{"SubnetId":"s","VpcId":"` + "\x8c" + `","CidrBlock":"10.0.1.0/24"}]}`,
	`{"Reservations":[{"Instances":[{"InstanceId":"i","NetworkInterfaces":[{"NetworkInterfaceId":"e","MacAddress":"02:00:00:00:00:01"}]}]}]}`,
}

// Whatever stands in a file: an error, or a configuration that comes back from
// its own print, and a policy in which each ENI is found.
func FuzzParseAndCompile(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		printed, err := json.Marshal(c)
		require.NoError(t, err)
		if string(printed) == "{}" {
			return // nothing was left of what stands there, and nothing by itself is a mistake
		}
		again, err := Parse("again.json", printed)
		require.NoError(t, err)
		again.Places, again.Notices, again.Answer = c.Places, c.Notices, c.Answer
		require.Equal(t, c, again)
		p, err := Compile(c, CompileOptions{})
		if err != nil {
			return
		}
		for _, e := range p.ENIs {
			require.Same(t, e, p.ENI(e.ID))
			require.Same(t, e, p.ENIs[e.Number])
			require.True(t, p.FindENI(e.VNI, e.MAC) == e)
			require.True(t, e.Primary.IsZero() || e.Neighbor(e.Primary) == e.ENI)
			require.Equal(t, e.MAC, p.Region.Station(e.Station).Dst)
			e.Match(Query{Remote: e.Primary})
			e.Route(e.Primary)
		}
	})
}
