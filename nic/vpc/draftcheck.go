package vpc

import (
	"fmt"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// MayDraft is an error unless the owner may have Create complete a draft of a kind: all that says
// where the object is has to be in the VPCs. What is somebody else's has the same error as what does
// not exist, and Create looks at neither: no owner finds out by asking what others have.
func (o Owned) MayDraft(r *Region, kind string, object any) error {
	if !slices.Contains(ownedKinds, kind) {
		return providers(kind)
	}
	if a, is := object.(*ec2.Address); is && a.PublicIp.IsValid() {
		return fmt.Errorf("PublicIp %s: an address is given out, and not chosen", a.PublicIp)
	}
	leads := r.leads(object)
	if len(leads) == 0 {
		return fmt.Errorf("%s: the draft names no VPC of yours, and nothing in one", kind)
	}
	for _, l := range leads {
		if len(l.vpcs) == 0 || slices.ContainsFunc(l.vpcs, func(id string) bool { return !o.has(id) }) {
			return fmt.Errorf("%s: %s %s: it is in no VPC of yours", kind, l.field, ec2.Shorten(l.id))
		}
	}
	if g, is := object.(*ec2.NatGateway); is {
		return o.mayAllocate(r, g)
	}
	return nil
}

// mayAllocate is an error unless the owner sees the addresses that a NAT gateway names.
func (o Owned) mayAllocate(r *Region, g *ec2.NatGateway) error {
	for _, with := range g.NatGatewayAddresses {
		if id := with.AllocationId; id != "" {
			if a := r.allocated(id); a == nil || !o.Sees(r, Edit{Kind: "Addresses", ID: a.PublicIp.String(), Object: a}) {
				return noAllocation(id)
			}
		}
	}
	return nil
}

// lead is a field of a draft that says where the object is, and the VPCs that it leads to.
type lead struct {
	field, id string
	vpcs      []string // none: what the field names does not exist
}

// leads are the fields of a draft that say where the object is, without empty ones.
func (r *Region) leads(object any) (all []lead) {
	add := func(field, id string, vpcs ...string) {
		if id != "" {
			all = append(all, lead{field, id, vpcs})
		}
	}
	switch d := object.(type) {
	case *ec2.Subnet:
		add("VpcId", d.VpcId, d.VpcId)
	case *ec2.RouteTable:
		add("VpcId", d.VpcId, d.VpcId)
	case *ec2.NetworkAcl:
		add("VpcId", d.VpcId, d.VpcId)
	case *ec2.SecurityGroup:
		add("VpcId", d.VpcId, d.VpcId)
	case *ec2.NetworkInterface:
		add("VpcId", d.VpcId, d.VpcId)
		add("SubnetId", d.SubnetId, r.vpcOfSubnet(d.SubnetId)...)
	case *ec2.NatGateway:
		add("VpcId", d.VpcId, d.VpcId)
		add("SubnetId", d.SubnetId, r.vpcOfSubnet(d.SubnetId)...)
		for _, a := range d.NatGatewayAddresses {
			add("NetworkInterfaceId", a.NetworkInterfaceId, vpcOfENI(r.ENI(a.NetworkInterfaceId))...)
		}
	case *ec2.Address:
		add("NetworkInterfaceId", d.NetworkInterfaceId, vpcOfENI(r.ENI(d.NetworkInterfaceId))...)
		vpcs := vpcOfENI(r.ENI(d.InstanceId)) // which may be named in the place of an instance
		add("InstanceId", d.InstanceId, append(vpcs, r.vpcsOfInstance(d.InstanceId, "")...)...)
	}
	return all
}
