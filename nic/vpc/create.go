package vpc

import (
	"errors"
	"fmt"
	"io"
	"reflect"

	"nitrocard/nic/vpc/ec2"
)

// creation is an object on its way into a region.
type creation struct {
	r      *Region
	random io.Reader
	edits  []Edit // the created object's is the first
}

// Create makes the edits that create an object without an ID, which Draft read. The object is
// completed as EC2 completes what is created: with its ID, and besides
//
//	an ENI                 its VPC, MAC, an address of its subnet, its VPC's default group
//	a VPC                  main route table, default network ACL and default group (VPC user guide, "Default VPC components")
//	a security group       a rule for all that goes out (CreateSecurityGroup)
//	a NAT gateway          its ENI (CreateNatGateway), and an Elastic IP address if a public one names none
//	an Elastic IP address  the address, one of Placement's PublicPrefixes
//
// The first edit is the object's. random is where IDs, MACs and addresses come from; nobody in the
// region has what Create gives out. The object itself stays as it is.
func (r *Region) Create(kind string, object any, random io.Reader) ([]Edit, error) {
	if idPrefixes[kind] == "" {
		return nil, fmt.Errorf("nobody creates %s", ec2.Shorten(kind))
	}
	own := reflect.New(reflect.TypeOf(object).Elem())
	own.Elem().Set(reflect.ValueOf(object).Elem())
	c := &creation{r: r, random: random}
	err := c.create(kind, own.Interface())
	return c.edits, err
}

// create adds the edits for an object, and for what EC2 creates with it.
func (c *creation) create(kind string, object any) error {
	id, err := c.id(kind)
	if err != nil {
		return err
	}
	at := len(c.edits)
	c.edits = append(c.edits, Edit{kind, id, object})
	switch o := object.(type) {
	case *ec2.Vpc:
		o.VpcId = id
		return c.vpcDefaults(o)
	case *ec2.Subnet:
		o.SubnetId = id
	case *ec2.RouteTable:
		o.RouteTableId = id
	case *ec2.NetworkAcl:
		o.NetworkAclId = id
	case *ec2.DhcpOptions:
		o.DhcpOptionsId = id
	case *ec2.InternetGateway:
		o.InternetGatewayId = id
	case *ec2.ManagedPrefixList:
		o.PrefixListId = id
	case *ec2.VpcPeeringConnection:
		o.VpcPeeringConnectionId = id
	case *ec2.SecurityGroup:
		o.GroupId = id
		if o.IpPermissionsEgress == nil {
			o.IpPermissionsEgress = c.everywhere(o.VpcId)
		}
	case *ec2.NetworkInterface:
		o.NetworkInterfaceId = id
		return c.interfaceDefaults(o)
	case *ec2.NatGateway:
		o.NatGatewayId = id
		return c.natInterface(o)
	case *ec2.Address:
		o.AllocationId, o.Domain = id, "vpc"
		o.PublicIp, err = c.publicAddress(o.PublicIp)
		c.edits[at].ID = o.PublicIp.String()
		return err
	}
	return nil
}

// interfaceDefaults gives a new ENI what EC2 gives it.
func (c *creation) interfaceDefaults(e *ec2.NetworkInterface) error {
	s, there := c.r.subnets.Get(e.SubnetId)
	if !there {
		return fmt.Errorf("SubnetId: %w", notThere("Subnets", e.SubnetId))
	}
	e.VpcId = s.VPC.ID
	n, _ := c.r.networks.Get(s.VPC.ID)
	if len(e.Groups) == 0 && e.InterfaceType != natInterface {
		id := c.defaultGroup(e.VpcId)
		if id == "" {
			return fmt.Errorf("Groups: %s has no group that is named %s; name one", e.VpcId, defaultGroup)
		}
		e.Groups = []ec2.GroupIdentifier{{GroupId: id}}
	}
	return errors.Join(c.mac(n, e), c.address(n, s, e))
}

// defaultGroup is the ID of a VPC's default group, "" if the VPC has none.
func (c *creation) defaultGroup(vpc string) string {
	for _, id := range c.r.NamedBy("SecurityGroups", vpc) {
		if g := c.r.SecurityGroup(id); g.GroupName == defaultGroup && g.VpcId == vpc {
			return id
		}
	}
	return ""
}
