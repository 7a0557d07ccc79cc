// Package vpctest helps tests that make configurations at random.
package vpctest

import (
	"fmt"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// Distinct are a group's permissions of one direction without the rules that stand twice, which EC2 refuses,
// and without permissions that have no rule then.
func Distinct(perms []ec2.IpPermission) (all []ec2.IpPermission) {
	seen := map[string]bool{}
	for _, p := range perms {
		again := func(source any) bool {
			rule := fmt.Sprint(service(&p), source)
			had := seen[rule]
			seen[rule] = true
			return had
		}
		block := func(b netip.Prefix) bool { return again(b.Masked()) }
		p.IpRanges = slices.DeleteFunc(slices.Clone(p.IpRanges), func(r ec2.IpRange) bool { return block(r.CidrIp) })
		p.Ipv6Ranges = slices.DeleteFunc(slices.Clone(p.Ipv6Ranges), func(r ec2.Ipv6Range) bool { return block(r.CidrIpv6) })
		p.PrefixListIds = slices.DeleteFunc(slices.Clone(p.PrefixListIds), func(l ec2.PrefixListId) bool { return again(l.PrefixListId) })
		p.UserIdGroupPairs = slices.DeleteFunc(slices.Clone(p.UserIdGroupPairs), func(g ec2.UserIdGroupPair) bool { return again(g.GroupId) })
		if len(p.IpRanges)+len(p.Ipv6Ranges)+len(p.PrefixListIds)+len(p.UserIdGroupPairs) > 0 {
			all = append(all, p)
		}
	}
	return all
}

// numbers are the protocols that EC2 has names for.
var numbers = map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "all": "-1"}

// service is what a permission is for, in one spelling: ports count where the protocol has any.
func service(p *ec2.IpPermission) string {
	proto := p.IpProtocol
	if number, named := numbers[proto]; named {
		proto = number
	}
	if !slices.Contains([]string{"6", "17", "1", "58"}, proto) {
		return proto + " "
	}
	return fmt.Sprint(proto, " ", port(p.FromPort), " ", port(p.ToPort), " ")
}

// port is a port, or -1 for ICMP's absent ones, which mean any.
func port(p *int) int {
	if p == nil {
		return -1
	}
	return *p
}
