package oracle

import (
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// attach gives an ENI of a subnet an instance of its own on some card, or one that has ENIs of the VPC in the
// same zone already.
func (r *region) attach(e *ec2.NetworkInterface, home ec2.Subnet) {
	e.Attachment = &ec2.NetworkInterfaceAttachment{InstanceId: name("i", r.enis)}
	card := &r.Placement.Cards[r.IntN(len(r.Placement.Cards))]
	if firsts := r.firstsIn(home); len(firsts) > 0 && r.oneIn(3) {
		first := one(r.dice, firsts)
		e.Attachment = r.slotOf(first)
		card = &r.Placement.Cards[slices.IndexFunc(r.Placement.Cards, func(c vpc.CardPlacement) bool {
			return slices.Contains(c.NetworkInterfaces, first.NetworkInterfaceId)
		})]
	}
	card.NetworkInterfaces = append(card.NetworkInterfaces, e.NetworkInterfaceId)
}

// firstsIn are the first ENIs of the instances to which an ENI of a subnet may be attached: those of the same VPC
// and zone, unless a route names the instance alone, which has one ENI then.
func (r *region) firstsIn(home ec2.Subnet) (all []ec2.NetworkInterface) {
	for _, e := range r.NetworkInterfaces {
		of := r.Subnets[slices.IndexFunc(r.Subnets, func(s ec2.Subnet) bool { return s.SubnetId == e.SubnetId })]
		if e.Attachment != nil && e.Attachment.DeviceIndex == 0 && of.VpcId == home.VpcId && of.AvailabilityZone == home.AvailabilityZone && !r.isRouted(e.Attachment.InstanceId) {
			all = append(all, e)
		}
	}
	return all
}

// slotOf is the next free place for an ENI at the instance of its first one.
func (r *region) slotOf(first ec2.NetworkInterface) *ec2.NetworkInterfaceAttachment {
	slot := ec2.NetworkInterfaceAttachment{InstanceId: first.Attachment.InstanceId}
	for _, e := range r.NetworkInterfaces {
		if e.Attachment != nil && e.Attachment.InstanceId == slot.InstanceId {
			slot.DeviceIndex = max(slot.DeviceIndex, e.Attachment.DeviceIndex+1)
		}
	}
	return &slot
}

// isRouted tells whether a route names an instance, and no ENI.
func (r *region) isRouted(instance string) bool {
	return slices.ContainsFunc(r.RouteTables, func(t ec2.RouteTable) bool {
		return slices.ContainsFunc(t.Routes, func(of ec2.Route) bool { return of.InstanceId == instance && of.NetworkInterfaceId == "" })
	})
}

// byInstance has a route lead to an ENI and name its instance, too, or name the instance alone, if it has one ENI.
func (r *region) byInstance(e ec2.NetworkInterface, route ec2.Route) ec2.Route {
	route.InstanceId, route.NetworkInterfaceId = e.Attachment.InstanceId, e.NetworkInterfaceId
	if r.slotOf(e).DeviceIndex == 1 && r.oneIn(2) {
		route.NetworkInterfaceId = ""
	}
	return route
}
