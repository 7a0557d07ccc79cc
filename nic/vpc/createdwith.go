package vpc

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// everywhere is the rule of a new group for all that goes out, to IPv6 too where the VPC has it.
func (c *creation) everywhere(vpc string) []ec2.IpPermission {
	all := ec2.IpPermission{IpProtocol: "-1", IpRanges: []ec2.IpRange{{CidrIp: netip.MustParsePrefix("0.0.0.0/0")}}}
	if n, there := c.r.networks.Get(vpc); there && slices.ContainsFunc(n.cidrs, isIPv6) {
		all.Ipv6Ranges = []ec2.Ipv6Range{{CidrIpv6: netip.MustParsePrefix("::/0")}}
	}
	return []ec2.IpPermission{all}
}

func isIPv6(p netip.Prefix) bool { return !p.Addr().Is4() }

// vpcDefaults creates what EC2 creates with a VPC.
func (c *creation) vpcDefaults(v *ec2.Vpc) error {
	group := &ec2.SecurityGroup{
		GroupName: defaultGroup, Description: "default VPC security group", VpcId: v.VpcId,
		IpPermissions: []ec2.IpPermission{{IpProtocol: "-1"}},
	}
	table := &ec2.RouteTable{VpcId: v.VpcId, Associations: []ec2.RouteTableAssociation{{Main: true}}}
	acl := &ec2.NetworkAcl{VpcId: v.VpcId, IsDefault: true}
	families := []ec2.NetworkAclEntry{{RuleNumber: 100, CidrBlock: netip.MustParsePrefix("0.0.0.0/0")}}
	if len(v.Ipv6CidrBlockAssociationSet) > 0 {
		families = append(families, ec2.NetworkAclEntry{RuleNumber: 101, Ipv6CidrBlock: netip.MustParsePrefix("::/0")})
	}
	for _, entry := range families {
		entry.Protocol, entry.RuleAction = "-1", "allow"
		in, out := entry, entry
		out.Egress = true
		acl.Entries = append(acl.Entries, in, out)
	}
	if err := errors.Join(c.create("RouteTables", table), c.create("NetworkAcls", acl), c.create("SecurityGroups", group)); err != nil {
		return err
	}
	group.IpPermissions[0].UserIdGroupPairs = []ec2.UserIdGroupPair{{GroupId: group.GroupId}}
	if len(families) > 1 {
		group.IpPermissionsEgress[0].Ipv6Ranges = []ec2.Ipv6Range{{CidrIpv6: netip.MustParsePrefix("::/0")}}
	}
	return nil
}

// defaultGroup is the name of the group that an ENI is in when it names none.
const defaultGroup = "default"

// natInterface creates the ENI of a NAT gateway of a subnet, with the public address of the
// allocation that the gateway names, or with a new one: EC2 demands an allocation, but who owns a
// VPC here owns no address before something in the VPC has it. A regional gateway has no subnet, and
// no ENI.
func (c *creation) natInterface(g *ec2.NatGateway) error {
	if g.State == "" {
		g.State = "available"
	}
	if g.SubnetId == "" || len(g.NatGatewayAddresses) > 0 && g.NatGatewayAddresses[0].NetworkInterfaceId != "" {
		return nil
	}
	e := &ec2.NetworkInterface{SubnetId: g.SubnetId, InterfaceType: natInterface, Description: "Interface for NAT Gateway " + g.NatGatewayId}
	var first ec2.NatGatewayAddress
	if len(g.NatGatewayAddresses) > 0 {
		first = g.NatGatewayAddresses[0]
	}
	e.PrivateIpAddress = first.PrivateIp
	if err := c.create("NetworkInterfaces", e); err != nil {
		return err
	}
	g.VpcId = e.VpcId
	first.NetworkInterfaceId, first.PrivateIp, first.IsPrimary = e.NetworkInterfaceId, e.PrivateIpAddress, true
	switch {
	case first.AllocationId != "":
		allocated := c.r.allocated(first.AllocationId)
		if allocated == nil {
			return noAllocation(first.AllocationId)
		}
		with := *allocated
		if by := cmp.Or(with.NetworkInterfaceId, with.InstanceId); by != "" {
			return fmt.Errorf("AllocationId %s: %s has the address", first.AllocationId, by)
		}
		with.NetworkInterfaceId, with.PrivateIpAddress = e.NetworkInterfaceId, e.PrivateIpAddress
		c.edits = append(c.edits, Edit{"Addresses", with.PublicIp.String(), &with})
		first.PublicIp = with.PublicIp
	case g.ConnectivityType != "private":
		a := &ec2.Address{NetworkInterfaceId: e.NetworkInterfaceId, PrivateIpAddress: e.PrivateIpAddress}
		if err := c.create("Addresses", a); err != nil {
			return err
		}
		first.AllocationId, first.PublicIp = a.AllocationId, a.PublicIp
	}
	g.NatGatewayAddresses = append([]ec2.NatGatewayAddress{first}, g.NatGatewayAddresses[min(1, len(g.NatGatewayAddresses)):]...)
	return nil
}

// allocated is the Elastic IP address of an allocation; nil: there is none.
func (r *Region) allocated(id string) *ec2.Address {
	for _, name := range r.NamedBy("Addresses", id) {
		if a := found[ec2.Address](r, "Addresses", name); a.AllocationId == id {
			return a
		}
	}
	return nil
}

// noAllocation is the error of an allocation that does not exist.
func noAllocation(id string) error {
	return fmt.Errorf("AllocationId: %w", notThere("Addresses", id))
}
