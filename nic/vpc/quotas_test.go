package vpc

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
)

// What is above a quota of EC2 is told, with its count and the quota; families count apart,
// a prefix list as its most entries, and a rule that names a group in both families.
func TestQuotas(t *testing.T) {
	ranges := func(n int) (all []ec2.IpRange) {
		for i := range n {
			all = append(all, ec2.IpRange{CidrIp: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 32)})
		}
		return all
	}
	routes := func(n int, origin string) (all []ec2.Route) {
		for i := range n {
			all = append(all, ec2.Route{DestinationCidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, byte(i >> 8), byte(i)}), 32), GatewayId: "vgw-1", Origin: origin})
		}
		return all
	}
	list := func(most int) ec2.ManagedPrefixList {
		return ec2.ManagedPrefixList{PrefixListId: "pl-1", MaxEntries: most, Entries: []ec2.PrefixListEntry{{Cidr: netip.MustParsePrefix("2001:db8::/32")}}}
	}
	inbound := func(n int) (all []ec2.NetworkAclEntry) {
		for i := range n {
			all = append(all, ec2.NetworkAclEntry{RuleNumber: i + 1, RuleAction: "allow", Protocol: "-1", CidrBlock: anywhere})
		}
		return all
	}
	privates := func(n int) (all []ec2.NatGatewayAddress) {
		for i := range n {
			all = append(all, ec2.NatGatewayAddress{PrivateIp: netip.AddrFrom4([4]byte{10, 0, 1, byte(20 + i)})})
		}
		return all
	}
	blocks := func(c *Config, n int) {
		for i := range n {
			c.Vpcs[0].CidrBlockAssociationSet = append(c.Vpcs[0].CidrBlockAssociationSet, ec2.VpcCidrBlockAssociation{CidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i)}), 16)})
		}
	}
	for _, c := range []struct {
		change func(c *Config)
		want   string // "": nothing is above a quota
	}{
		{func(c *Config) { c.SecurityGroups[0].IpPermissions[0].IpRanges = ranges(60 - rulesBeside(c, 0)) }, ""},
		{func(c *Config) { c.SecurityGroups[0].IpPermissions[0].IpRanges = ranges(61 - rulesBeside(c, 0)) },
			"SecurityGroups[0] sg-a-web: IpPermissions: 61 rules for IPv4 are more than EC2's usual quota (60), which AWS raises up to 1000"},
		{func(c *Config) {
			perm := &c.SecurityGroups[0].IpPermissionsEgress[0]
			perm.PrefixListIds = []ec2.PrefixListId{{PrefixListId: "pl-1"}}
			c.ManagedPrefixLists = append(c.ManagedPrefixLists, list(1001))
		}, "SecurityGroups[0] sg-a-web: IpPermissionsEgress: 1001 rules for IPv6 are more than EC2 allows (1000)"},
		{func(c *Config) { c.RouteTables[0].Routes = append(c.RouteTables[0].Routes, routes(500, "")...) },
			"RouteTables[0] rtb-a: 502 routes for IPv4 are more than EC2's usual quota (500), which AWS raises up to 1000"},
		{func(c *Config) {
			c.RouteTables[0].Routes = append(c.RouteTables[0].Routes, routes(101, "EnableVgwRoutePropagation")...)
		}, "RouteTables[0] rtb-a: 101 propagated routes for IPv4 are more than EC2 allows (100)"},
		{func(c *Config) {
			c.RouteTables[0].Routes = append(c.RouteTables[0].Routes, ec2.Route{DestinationPrefixListId: "pl-1", GatewayId: "vgw-1"})
			c.ManagedPrefixLists = append(c.ManagedPrefixLists, list(501))
		}, "RouteTables[0] rtb-a: 501 routes for IPv6 are more than EC2's usual quota (500), which AWS raises up to 1000"},
		{func(c *Config) {
			c.NetworkAcls = []ec2.NetworkAcl{{NetworkAclId: "acl-1", VpcId: "vpc-a", Entries: inbound(20)}}
		}, ""},
		{func(c *Config) {
			c.NetworkAcls = []ec2.NetworkAcl{{NetworkAclId: "acl-1", VpcId: "vpc-a", Entries: inbound(21)}}
		},
			"NetworkAcls[0] acl-1: 21 entries for IPv4 inbound are more than EC2's usual quota (20), which AWS raises up to 40"},
		{func(c *Config) {
			c.NatGateways = []ec2.NatGateway{{NatGatewayId: "nat-1", NatGatewayAddresses: privates(2)}}
		}, ""},
		{func(c *Config) {
			c.NatGateways = []ec2.NatGateway{{NatGatewayId: "nat-1", NatGatewayAddresses: privates(9)}}
		},
			"NatGateways[0] nat-1: 9 addresses are more than EC2 allows (8)"},
		{func(c *Config) {
			c.NatGateways = []ec2.NatGateway{{NatGatewayId: "nat-1", NatGatewayAddresses: privates(3)}}
		},
			"NatGateways[0] nat-1: 3 addresses are more than EC2's usual quota (2), which AWS raises up to 8"},
		{func(c *Config) {
			c.NatGateways = []ec2.NatGateway{{NatGatewayId: "nat-1", ConnectivityType: "private", NatGatewayAddresses: privates(8)}}
		}, ""},
		{func(c *Config) { blocks(c, 5) }, ""},
		{func(c *Config) { blocks(c, 6) }, "Vpcs[0] vpc-a: 6 blocks for IPv4 are more than EC2's usual quota (5), which AWS raises up to 50"},
		{func(c *Config) { blocks(c, 51) }, "Vpcs[0] vpc-a: 51 blocks for IPv4 are more than EC2 allows (50)"},
		{func(c *Config) {
			for i := range 5 {
				id := fmt.Sprint("sg-more-", i)
				c.SecurityGroups = append(c.SecurityGroups, ec2.SecurityGroup{GroupId: id, VpcId: "vpc-a"})
				c.NetworkInterfaces[0].Groups = append(c.NetworkInterfaces[0].Groups, ec2.GroupIdentifier{GroupId: id})
			}
		}, "NetworkInterfaces[0] eni-a1: 6 security groups are more than EC2's usual quota (5), which AWS raises up to 16"},
	} {
		config := story(t)
		c.change(config)
		p := compiled(t, config, CompileOptions{})
		var got []string
		for _, n := range p.Notices() {
			if n.Kind == OverQuota {
				got = append(got, n.String())
			}
		}
		if c.want == "" {
			require.Empty(t, got)
			continue
		}
		require.Len(t, got, 1, c.want)
		require.Equal(t, c.want, strings.TrimPrefix(got[0], "testdata/story.yaml: "))
	}
}

// rulesBeside are the other rules of a group, inbound and for IPv4.
func rulesBeside(c *Config, group int) (n int) {
	for i, p := range c.SecurityGroups[group].IpPermissions {
		if i > 0 {
			n += len(p.IpRanges)
		}
		n += len(p.UserIdGroupPairs)
	}
	return n
}
