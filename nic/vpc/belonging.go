package vpc

import "nitrocard/nic/vpc/ec2"

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
