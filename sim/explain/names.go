package explain

import "nitrocard/nic/vpc/ec2"

// nameOf is what people call the object of an ID: its tag Name, or the name of a security group.
func (n *Network) nameOf(id string) string {
	if n.names == nil {
		n.names = n.allNames()
	}
	return n.names[id]
}

// allNames are the names of all objects that have one.
func (n *Network) allNames() map[string]string {
	names, c := names{}, n.cfg
	for i := range c.SecurityGroups {
		names.add(c.SecurityGroups[i].GroupId, c.SecurityGroups[i].GroupName)
	}
	addTags(names, c.Vpcs, func(o *ec2.Vpc) (string, []ec2.Tag) { return o.VpcId, o.Tags })
	addTags(names, c.Subnets, func(o *ec2.Subnet) (string, []ec2.Tag) { return o.SubnetId, o.Tags })
	addTags(names, c.RouteTables, func(o *ec2.RouteTable) (string, []ec2.Tag) { return o.RouteTableId, o.Tags })
	addTags(names, c.NetworkAcls, func(o *ec2.NetworkAcl) (string, []ec2.Tag) { return o.NetworkAclId, o.Tags })
	addTags(names, c.NetworkInterfaces, func(o *ec2.NetworkInterface) (string, []ec2.Tag) { return o.NetworkInterfaceId, o.TagSet })
	addTags(names, c.NatGateways, func(o *ec2.NatGateway) (string, []ec2.Tag) { return o.NatGatewayId, o.Tags })
	addTags(names, c.InternetGateways, func(o *ec2.InternetGateway) (string, []ec2.Tag) { return o.InternetGatewayId, o.Tags })
	addTags(names, c.VpcPeeringConnections, func(o *ec2.VpcPeeringConnection) (string, []ec2.Tag) { return o.VpcPeeringConnectionId, o.Tags })
	return names
}

// names are names by ID.
type names map[string]string

// add adds the name of an ID, if it is one.
func (all names) add(id, name string) {
	if name != "" {
		all[id] = name
	}
}

// addTags adds the tags Name of a list of objects.
func addTags[T any](all names, list []T, of func(*T) (id string, tags []ec2.Tag)) {
	for i := range list {
		id, tags := of(&list[i])
		all.add(id, NameOf(tags))
	}
}
