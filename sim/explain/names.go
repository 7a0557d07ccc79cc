package explain

// nameOf is what people call the object of an ID: its tag Name, or the name of a security group.
func (n *Network) nameOf(id string) string {
	if n.names == nil {
		n.names = n.allNames()
	}
	return n.names[id]
}

// allNames are the names of all objects that have one.
func (n *Network) allNames() map[string]string {
	names, c := map[string]string{}, n.cfg
	add := func(id, name string) {
		if name != "" {
			names[id] = name
		}
	}
	for i := range c.Vpcs {
		add(c.Vpcs[i].VpcId, NameOf(c.Vpcs[i].Tags))
	}
	for i := range c.Subnets {
		add(c.Subnets[i].SubnetId, NameOf(c.Subnets[i].Tags))
	}
	for i := range c.RouteTables {
		add(c.RouteTables[i].RouteTableId, NameOf(c.RouteTables[i].Tags))
	}
	for i := range c.NetworkAcls {
		add(c.NetworkAcls[i].NetworkAclId, NameOf(c.NetworkAcls[i].Tags))
	}
	for i := range c.SecurityGroups {
		add(c.SecurityGroups[i].GroupId, c.SecurityGroups[i].GroupName)
	}
	for i := range c.NetworkInterfaces {
		add(c.NetworkInterfaces[i].NetworkInterfaceId, NameOf(c.NetworkInterfaces[i].TagSet))
	}
	for i := range c.NatGateways {
		add(c.NatGateways[i].NatGatewayId, NameOf(c.NatGateways[i].Tags))
	}
	for i := range c.InternetGateways {
		add(c.InternetGateways[i].InternetGatewayId, NameOf(c.InternetGateways[i].Tags))
	}
	for i := range c.VpcPeeringConnections {
		add(c.VpcPeeringConnections[i].VpcPeeringConnectionId, NameOf(c.VpcPeeringConnections[i].Tags))
	}
	return names
}
