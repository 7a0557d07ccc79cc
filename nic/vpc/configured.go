package vpc

import "nitrocard/nic/vpc/ec2"

// SecurityGroups are the region's groups as they are configured, in the order of the
// configuration. Their rules belong to the region: read them, and change none.
func (r *Region) SecurityGroups() []ec2.SecurityGroup {
	objects := r.inOrder("SecurityGroups")
	groups := make([]ec2.SecurityGroup, len(objects))
	for i, o := range objects {
		groups[i] = *o.shape().(*ec2.SecurityGroup)
	}
	return groups
}

// SecurityGroup is the group of an ID as it is configured, nil if there is none. The group
// belongs to the region: read it, and change nothing.
func (r *Region) SecurityGroup(id string) *ec2.SecurityGroup {
	o, there := r.objects["SecurityGroups"].Get(id)
	if !there {
		return nil
	}
	return o.shape().(*ec2.SecurityGroup)
}
