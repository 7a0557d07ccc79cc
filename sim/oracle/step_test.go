package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// step is one thing that happens in a region: time passes, an object of the
// configuration changes, or a packet is sent.
type step struct {
	Wait   time.Duration
	Edit   *vpc.Edit
	Packet *Packet
	ENI    string // whose guest sends the packet; "" is a host on the internet
	Direct bool   // to the neighbor's own MAC
}

// String is the step in a line.
func (s step) String() string {
	switch {
	case s.Wait > 0:
		return fmt.Sprintf("%v pass", s.Wait)
	case s.Edit != nil:
		object, _ := json.Marshal(s.Edit.Object)
		return fmt.Sprintf("%s %s becomes %s", s.Edit.Kind, s.Edit.ID, object)
	case s.ENI == "":
		return fmt.Sprintf("the internet sends %v", *s.Packet)
	case s.Direct:
		return fmt.Sprintf("%s sends to its neighbor %v", s.ENI, *s.Packet)
	}
	return fmt.Sprintf("%s sends %v", s.ENI, *s.Packet)
}

// edited is a configuration with an object in the place of the one with its ID.
func edited(c *vpc.Config, e *vpc.Edit) *vpc.Config {
	next := *c
	switch o := e.Object.(type) {
	case *ec2.SecurityGroup:
		next.SecurityGroups = put(c.SecurityGroups, *o, func(g ec2.SecurityGroup) bool { return g.GroupId == e.ID })
	case *ec2.NetworkAcl:
		next.NetworkAcls = put(c.NetworkAcls, *o, func(a ec2.NetworkAcl) bool { return a.NetworkAclId == e.ID })
	case *ec2.RouteTable:
		next.RouteTables = put(c.RouteTables, *o, func(t ec2.RouteTable) bool { return t.RouteTableId == e.ID })
	case *ec2.NetworkInterface:
		next.NetworkInterfaces = put(c.NetworkInterfaces, *o, func(i ec2.NetworkInterface) bool { return i.NetworkInterfaceId == e.ID })
	case *ec2.ManagedPrefixList:
		next.ManagedPrefixLists = put(c.ManagedPrefixLists, *o, func(l ec2.ManagedPrefixList) bool { return l.PrefixListId == e.ID })
	default:
		panic(fmt.Sprintf("no test edits %T", o))
	}
	return &next
}

// put is a list with an object in the place of another.
func put[T any](list []T, object T, is func(T) bool) []T {
	list = slices.Clone(list)
	if i := slices.IndexFunc(list, is); i >= 0 {
		list[i] = object
	}
	return list
}
