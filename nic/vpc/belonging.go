package vpc

import (
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// EveryVPC stands, among the VPCs of an object, for what belongs to no VPC and concerns all.
const EveryVPC = ""

// VPCsOf are the VPCs that an object is part of: one for most kinds, both ends for a peering connection,
// EveryVPC for what all VPCs need, such as a prefix list. An object that is in no VPC, such as an Elastic
// IP address that nobody has, has none, and neither has an edit that removes.
func (r *Region) VPCsOf(e Edit) []string {
	switch o := e.Object.(type) {
	case nil:
		return nil
	case *ec2.Vpc:
		return []string{o.VpcId}
	case *ec2.VpcAttribute:
		return []string{o.VpcId}
	case *ec2.Subnet:
		return []string{o.VpcId}
	case *ec2.RouteTable:
		return []string{o.VpcId}
	case *ec2.NetworkAcl:
		return []string{o.VpcId}
	case *ec2.SecurityGroup:
		return []string{o.VpcId}
	case *ec2.NatGateway:
		return []string{o.VpcId}
	case *ec2.VpcPeeringConnection:
		return []string{o.RequesterVpcInfo.VpcId, o.AccepterVpcInfo.VpcId}
	case *ec2.InternetGateway:
		var all []string
		for _, a := range o.Attachments {
			all = append(all, a.VpcId)
		}
		return all
	case *ec2.NetworkInterface:
		return r.vpcOfSubnet(o.SubnetId)
	case *ec2.Instance:
		return r.vpcsOfInstance(o.InstanceId, o.VpcId)
	case *ec2.InstanceAttribute:
		return r.vpcsOfInstance(o.InstanceId, "")
	case *ENIPlacement:
		return vpcOfENI(r.ENI(e.ID))
	case *ec2.Address:
		if o.NetworkInterfaceId != "" {
			return vpcOfENI(r.ENI(o.NetworkInterfaceId))
		}
		return vpcOfENI(r.Interface(o.InstanceId))
	}
	return []string{EveryVPC}
}

// vpcsOfInstance are the VPCs of an instance's ENIs, and the one that the instance names, if it does. An
// instance without an ENI may be anybody's if it names no VPC.
func (r *Region) vpcsOfInstance(id, named string) (all []string) {
	if named != "" {
		all = append(all, named)
	}
	for e := range r.ENIsOf(id) {
		if v := e.Subnet.VPC.ID; !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return all
}

func vpcOfENI(e *ENI) []string {
	if e == nil {
		return nil
	}
	return []string{e.Subnet.VPC.ID}
}

func (r *Region) vpcOfSubnet(id string) []string {
	s, there := r.subnets.Get(id)
	if !there {
		return nil
	}
	return []string{s.VPC.ID}
}
