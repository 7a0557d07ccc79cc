package oracle

import "slices"

// inForce tells whether a group's rules are in force in a VPC, and whether its ENIs there are its members: "A group may
// be associated with further VPCs of the region: same rules there, its ENIs there count as members". Ours, for AWS does
// not tell what each state of an association does: the association counts from "associated" until it is gone.
func (w *World) inForce(group, vpc string) bool {
	for _, g := range w.Config.SecurityGroups {
		if g.GroupId == group && g.VpcId == vpc {
			return true
		}
	}
	for _, a := range w.Config.SecurityGroupVpcAssociations {
		if a.GroupId == group && a.VpcId == vpc && slices.Contains([]string{"associated", "disassociating", "disassociation-failed"}, a.State) {
			return true
		}
	}
	return false
}
