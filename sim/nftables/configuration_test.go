package nftables

import (
	"math/rand/v2"
	"net/netip"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/vpc/vpctest"
	"nitrocard/nic/wire"
)

var (
	guestMAC = wire.MAC{2, 0, 0, 0, 1, 10}
	farMAC   = wire.MAC{2, 0, 0, 0, 2, 10}
)

// family is what is IPv4's or IPv6's own: the addresses of the guest that is filtered and of
// the one beyond, and what everything random is made of. No block is everyone's, which EC2
// does not track.
type family struct {
	guest       netip.Addr
	beyond      []netip.Addr
	routers     [2]netip.Prefix // the router's addresses on the guest's link and on the far one
	vpc         netip.Prefix
	everyone    netip.Prefix
	blocks      []netip.Prefix
	icmp        string // in rules of groups
	icmpNumber  string // in entries of ACLs
	icmps       [][2]int
	queries     []uint16 // ICMP types that ask
	replies     map[uint16]uint8
	unreachable uint8 // the ICMP type of errors
}

var four = family{
	guest: netip.MustParseAddr("10.0.1.10"), beyond: []netip.Addr{netip.MustParseAddr("10.0.2.10"), netip.MustParseAddr("10.0.2.11")},
	routers: [2]netip.Prefix{netip.MustParsePrefix("10.0.1.1/24"), netip.MustParsePrefix("10.0.2.1/24")},
	vpc:     netip.MustParsePrefix("10.0.0.0/16"), everyone: netip.MustParsePrefix("0.0.0.0/0"),
	blocks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("10.0.2.0/24"), netip.MustParsePrefix("10.0.2.10/32")},
	icmp:   "icmp", icmpNumber: "1", icmps: [][2]int{{-1, -1}, {8, -1}, {8, 0}, {0, 0}, {3, -1}, {13, 0}},
	queries: []uint16{8, 8, 13}, replies: map[uint16]uint8{8: 0, 13: 14}, unreachable: 3,
}

var six = family{
	guest: netip.MustParseAddr("2001:db8:1:1::10"), beyond: []netip.Addr{netip.MustParseAddr("2001:db8:1:2::10"), netip.MustParseAddr("2001:db8:1:2::11")},
	routers: [2]netip.Prefix{netip.MustParsePrefix("2001:db8:1:1::1/64"), netip.MustParsePrefix("2001:db8:1:2::1/64")},
	vpc:     netip.MustParsePrefix("2001:db8:1::/56"), everyone: netip.MustParsePrefix("::/0"),
	blocks: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2001:db8:1:2::/64"), netip.MustParsePrefix("2001:db8:1:2::10/128")},
	icmp:   "icmpv6", icmpNumber: "58", icmps: [][2]int{{-1, -1}, {128, -1}, {128, 0}, {129, 0}, {1, -1}},
	queries: []uint16{128}, replies: map[uint16]uint8{128: 129}, unreachable: 1,
}

// families are both. One configuration has rules of both, and packets are of either.
var families = []*family{&four, &six}

// spans are the ports of random rules.
var spans = [][2]int{{80, 80}, {80, 443}, {0, 65535}, {1024, 65535}, {40000, 40001}}

// dice makes everything random out of one seed.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 0))} }

func one[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

// configuration is a guest in a subnet with an ACL, and one in another subnet that sends and
// gets everything.
func configuration(in, out []ec2.IpPermission, entries []ec2.NetworkAclEntry) *vpc.Config {
	open := []ec2.IpPermission{four.permission("-1", four.everyone), six.permission("-1", six.everyone)}
	subnet := func(id string, link int) ec2.Subnet {
		return ec2.Subnet{SubnetId: id, VpcId: "vpc-1", CidrBlock: four.routers[link].Masked(),
			Ipv6CidrBlockAssociationSet: []ec2.SubnetIpv6CidrBlockAssociation{{Ipv6CidrBlock: six.routers[link].Masked()}}}
	}
	eni := func(id, subnet, group string, mac wire.MAC, addrs4, addrs6 []netip.Addr) ec2.NetworkInterface {
		e := ec2.NetworkInterface{NetworkInterfaceId: id, SubnetId: subnet, MacAddress: mac, Groups: []ec2.GroupIdentifier{{GroupId: group}},
			Attachment: &ec2.NetworkInterfaceAttachment{InstanceId: "i" + id[3:]}}
		for i, a := range addrs4 {
			e.PrivateIpAddresses = append(e.PrivateIpAddresses, ec2.NetworkInterfacePrivateIpAddress{Primary: i == 0, PrivateIpAddress: a})
		}
		for _, a := range addrs6 {
			e.Ipv6Addresses = append(e.Ipv6Addresses, ec2.NetworkInterfaceIpv6Address{Ipv6Address: a})
		}
		return e
	}
	return &vpc.Config{
		Vpcs:    []ec2.Vpc{{VpcId: "vpc-1", CidrBlock: four.vpc, Ipv6CidrBlockAssociationSet: []ec2.VpcIpv6CidrBlockAssociation{{Ipv6CidrBlock: six.vpc}}}},
		Subnets: []ec2.Subnet{subnet("subnet-a", guest), subnet("subnet-b", far)},
		RouteTables: []ec2.RouteTable{{RouteTableId: "rtb-1", VpcId: "vpc-1", Associations: []ec2.RouteTableAssociation{{Main: true}},
			Routes: []ec2.Route{{DestinationCidrBlock: four.vpc, GatewayId: "local"}, {DestinationIpv6CidrBlock: six.vpc, GatewayId: "local"}}}},
		NetworkAcls: []ec2.NetworkAcl{
			{NetworkAclId: "acl-a", VpcId: "vpc-1", Associations: []ec2.NetworkAclAssociation{{SubnetId: "subnet-a"}}, Entries: entries},
			{NetworkAclId: "acl-b", VpcId: "vpc-1", IsDefault: true, Associations: []ec2.NetworkAclAssociation{{SubnetId: "subnet-b"}}, Entries: pass()},
		},
		SecurityGroups: []ec2.SecurityGroup{
			{GroupId: "sg-a", GroupName: "a", VpcId: "vpc-1", IpPermissions: in, IpPermissionsEgress: out},
			{GroupId: "sg-b", GroupName: "b", VpcId: "vpc-1", IpPermissions: open, IpPermissionsEgress: open},
		},
		NetworkInterfaces: []ec2.NetworkInterface{eni("eni-a", "subnet-a", "sg-a", guestMAC, []netip.Addr{four.guest}, []netip.Addr{six.guest}), eni("eni-b", "subnet-b", "sg-b", farMAC, four.beyond, six.beyond)},
	}
}

// permission is a rule for a block.
func (f *family) permission(protocol string, block netip.Prefix) ec2.IpPermission {
	if f == &six {
		return ec2.IpPermission{IpProtocol: protocol, Ipv6Ranges: []ec2.Ipv6Range{{CidrIpv6: block}}}
	}
	return ec2.IpPermission{IpProtocol: protocol, IpRanges: []ec2.IpRange{{CidrIp: block}}}
}

// entry is an entry for a block.
func (f *family) entry(number int, egress bool, protocol, action string, block netip.Prefix) ec2.NetworkAclEntry {
	e := ec2.NetworkAclEntry{RuleNumber: number, Egress: egress, Protocol: protocol, RuleAction: action}
	if f == &six {
		e.Ipv6CidrBlock = block
	} else {
		e.CidrBlock = block
	}
	return e
}

// pass are the entries of an ACL that lets all pass.
func pass() (all []ec2.NetworkAclEntry) {
	for i, f := range families {
		all = append(all, f.entry(100+i, false, "-1", "allow", f.everyone), f.entry(100+i, true, "-1", "allow", f.everyone))
	}
	return all
}

// rules are random ones of a group.
func (d dice) rules() (all []ec2.IpPermission) {
	for range 2 + d.IntN(6) {
		f := one(d, families)
		r := f.permission(one(d, []string{"tcp", "tcp", "udp", "udp", f.icmp, "-1", "99"}), one(d, f.blocks))
		between := one(d, spans)
		if r.IpProtocol == f.icmp {
			between = one(d, f.icmps)
		}
		if r.IpProtocol != "-1" && r.IpProtocol != "99" {
			r.FromPort, r.ToPort = &between[0], &between[1]
		}
		all = append(all, r)
	}
	return vpctest.Distinct(all)
}

// entries are random ones of an ACL, in the order of their numbers, with a last one that lets
// all pass, mostly.
func (d dice) entries() (all []ec2.NetworkAclEntry) {
	for _, egress := range []bool{false, true} {
		for n := range 2 + d.IntN(6) {
			f := one(d, families)
			e := f.entry(10+n, egress, one(d, []string{"6", "6", "17", "17", f.icmpNumber, "-1", "99"}), one(d, []string{"allow", "deny"}), one(d, f.blocks))
			switch between := one(d, spans); e.Protocol {
			case "6", "17":
				e.PortRange = &ec2.PortRange{From: between[0], To: between[1]}
			case f.icmpNumber:
				between = one(d, f.icmps)
				e.IcmpTypeCode = &ec2.IcmpTypeCode{Type: between[0], Code: between[1]}
			}
			all = append(all, e)
		}
		for i, f := range families {
			if d.IntN(4) > 0 {
				all = append(all, f.entry(100+i, egress, "-1", "allow", f.everyone))
			}
		}
	}
	return all
}
