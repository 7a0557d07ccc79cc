package oracle

import "nitrocard/nic/vpc/ec2"

// States of an association of a group with a VPC in which its rules are in force there, and in which they are not.
var (
	lentStates   = []string{"associated", "associated", "disassociating", "disassociation-failed"}
	unlentStates = []string{"associating", "association-failed", "disassociated"}
)

// borrow associates some groups of the VPCs before with a VPC.
func (r *region) borrow(v int) {
	for _, g := range r.SecurityGroups {
		if g.VpcId != name("vpc", v) && r.oneIn(3) {
			r.SecurityGroupVpcAssociations = append(r.SecurityGroupVpcAssociations, ec2.SecurityGroupVpcAssociation{
				GroupId: g.GroupId, VpcId: name("vpc", v), State: one(r.dice, append(lentStates[:2:2], unlentStates...))})
		}
	}
}
