package vpc

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// "Subnets /44–/64 in steps of 4", and "v6 first four + last" addresses are EC2's.
func TestIPv6OfSubnets(t *testing.T) {
	compiles := func(block, address string) error {
		c := put(t, story(t), "Vpcs", `{VpcId: vpc-a, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:a::/56"}]}`)
		c = put(t, c, "Subnets", fmt.Sprintf(`{SubnetId: subnet-a1, VpcId: vpc-a, CidrBlock: 10.0.1.0/24, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "%s"}]}`, block))
		c = put(t, c, "NetworkInterfaces", fmt.Sprintf(`{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:02", PrivateIpAddress: 10.0.1.6, Ipv6Addresses: [{Ipv6Address: "%s"}], Groups: [{GroupId: sg-a-web}]}`, address))
		_, err := Compile(c, CompileOptions{})
		return err
	}
	for bits, takes := range map[int]bool{56: true, 58: false, 60: true, 62: false, 64: true, 65: false, 68: false} {
		err := compiles(fmt.Sprintf("2001:db8:a::/%d", bits), "2001:db8:a::6")
		if takes {
			require.NoError(t, err, bits)
		} else {
			require.ErrorContains(t, err, "a subnet is a /44 to a /64, in steps of 4", bits)
		}
	}
	for address, kept := range map[string]bool{"::": true, "::1": true, "::3": true, "::4": false, ":ffff:ffff:ffff:fffe": false, ":ffff:ffff:ffff:ffff": true} {
		err := compiles("2001:db8:a:1::/64", "2001:db8:a:1"+address)
		if kept {
			require.ErrorContains(t, err, "is reserved", address)
		} else {
			require.NoError(t, err, address)
		}
	}
	for prefix, kept := range map[string]bool{"2001:db8:a:1::/80": true, "2001:db8:a:1:1::/80": false, "2001:db8:a:1:ffff::/80": true} {
		c := put(t, story(t), "Vpcs", `{VpcId: vpc-a, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:a::/56"}]}`)
		c = put(t, c, "Subnets", `{SubnetId: subnet-a1, VpcId: vpc-a, CidrBlock: 10.0.1.0/24, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:a:1::/64"}]}`)
		c = put(t, c, "NetworkInterfaces", `{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:02", PrivateIpAddress: 10.0.1.6, Ipv6Prefixes: [{Ipv6Prefix: "`+prefix+`"}], Groups: [{GroupId: sg-a-web}]}`)
		_, err := Compile(c, CompileOptions{})
		if kept {
			require.ErrorContains(t, err, "Ipv6Prefix "+prefix+" holds reserved addresses", prefix)
		} else {
			require.NoError(t, err, prefix)
		}
	}
}
