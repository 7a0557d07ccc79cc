package nftables

import (
	"math/rand/v2"
	"net/netip"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/vpc/vpctest"
	"nitrocard/nic/wire"
)

// The guest that is filtered, and the two addresses of the one beyond.
var (
	guestAddr = netip.MustParseAddr("10.0.1.10")
	beyond    = []netip.Addr{netip.MustParseAddr("10.0.2.10"), netip.MustParseAddr("10.0.2.11")}

	everyone = netip.MustParsePrefix("0.0.0.0/0")
	guestMAC = wire.MAC{2, 0, 0, 0, 1, 10}
	farMAC   = wire.MAC{2, 0, 0, 0, 2, 10}
)

// The blocks and ports that everything random is made of. No block is 0.0.0.0/0, for which
// EC2 does not track.
var (
	blocks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("10.0.2.0/24"), netip.MustParsePrefix("10.0.2.10/32")}
	spans  = [][2]int{{80, 80}, {80, 443}, {0, 65535}, {1024, 65535}, {40000, 40001}}
	icmps  = [][2]int{{-1, -1}, {8, -1}, {8, 0}, {0, 0}, {3, -1}, {13, 0}}
)

// dice makes everything random out of one seed.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 0))} }

func one[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

// configuration is a guest in a subnet with an ACL, and one in another subnet that sends and
// gets everything.
func configuration(in, out []ec2.IpPermission, entries []ec2.NetworkAclEntry) *vpc.Config {
	open := []ec2.IpPermission{{IpProtocol: "-1", IpRanges: []ec2.IpRange{{CidrIp: everyone}}}}
	eni := func(id, subnet, group string, mac wire.MAC, addrs ...netip.Addr) ec2.NetworkInterface {
		e := ec2.NetworkInterface{NetworkInterfaceId: id, SubnetId: subnet, MacAddress: mac, Groups: []ec2.GroupIdentifier{{GroupId: group}},
			Attachment: &ec2.NetworkInterfaceAttachment{InstanceId: "i" + id[3:]}}
		for i, a := range addrs {
			e.PrivateIpAddresses = append(e.PrivateIpAddresses, ec2.NetworkInterfacePrivateIpAddress{Primary: i == 0, PrivateIpAddress: a})
		}
		return e
	}
	local := netip.MustParsePrefix("10.0.0.0/16")
	return &vpc.Config{
		Vpcs:        []ec2.Vpc{{VpcId: "vpc-1", CidrBlock: local}},
		Subnets:     []ec2.Subnet{{SubnetId: "subnet-a", VpcId: "vpc-1", CidrBlock: netip.MustParsePrefix("10.0.1.0/24")}, {SubnetId: "subnet-b", VpcId: "vpc-1", CidrBlock: netip.MustParsePrefix("10.0.2.0/24")}},
		RouteTables: []ec2.RouteTable{{RouteTableId: "rtb-1", VpcId: "vpc-1", Associations: []ec2.RouteTableAssociation{{Main: true}}, Routes: []ec2.Route{{DestinationCidrBlock: local, GatewayId: "local"}}}},
		NetworkAcls: []ec2.NetworkAcl{
			{NetworkAclId: "acl-a", VpcId: "vpc-1", Associations: []ec2.NetworkAclAssociation{{SubnetId: "subnet-a"}}, Entries: entries},
			{NetworkAclId: "acl-b", VpcId: "vpc-1", IsDefault: true, Associations: []ec2.NetworkAclAssociation{{SubnetId: "subnet-b"}}, Entries: pass()},
		},
		SecurityGroups: []ec2.SecurityGroup{
			{GroupId: "sg-a", GroupName: "a", VpcId: "vpc-1", IpPermissions: in, IpPermissionsEgress: out},
			{GroupId: "sg-b", GroupName: "b", VpcId: "vpc-1", IpPermissions: open, IpPermissionsEgress: open},
		},
		NetworkInterfaces: []ec2.NetworkInterface{eni("eni-a", "subnet-a", "sg-a", guestMAC, guestAddr), eni("eni-b", "subnet-b", "sg-b", farMAC, beyond...)},
	}
}

// pass are the entries of an ACL that lets all pass.
func pass() []ec2.NetworkAclEntry {
	return []ec2.NetworkAclEntry{
		{RuleNumber: 100, Protocol: "-1", RuleAction: "allow", CidrBlock: everyone},
		{RuleNumber: 100, Egress: true, Protocol: "-1", RuleAction: "allow", CidrBlock: everyone},
	}
}

// rules are random ones of a group.
func (d dice) rules() (all []ec2.IpPermission) {
	for range 1 + d.IntN(4) {
		r := ec2.IpPermission{IpProtocol: one(d, []string{"tcp", "tcp", "udp", "udp", "icmp", "-1", "99"}), IpRanges: []ec2.IpRange{{CidrIp: one(d, blocks)}}}
		between := one(d, spans)
		if r.IpProtocol == "icmp" {
			between = one(d, icmps)
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
		for n := range 1 + d.IntN(4) {
			e := ec2.NetworkAclEntry{RuleNumber: 10 + n, Egress: egress, Protocol: one(d, []string{"6", "6", "17", "17", "1", "-1", "99"}),
				RuleAction: one(d, []string{"allow", "deny"}), CidrBlock: one(d, blocks)}
			switch between := one(d, spans); e.Protocol {
			case "6", "17":
				e.PortRange = &ec2.PortRange{From: between[0], To: between[1]}
			case "1":
				between = one(d, icmps)
				e.IcmpTypeCode = &ec2.IcmpTypeCode{Type: between[0], Code: between[1]}
			}
			all = append(all, e)
		}
		if d.IntN(4) > 0 {
			all = append(all, ec2.NetworkAclEntry{RuleNumber: 100, Egress: egress, Protocol: "-1", RuleAction: "allow", CidrBlock: everyone})
		}
	}
	return all
}
