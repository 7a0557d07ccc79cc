package vpc

import (
	"cmp"
	"fmt"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// whereabouts checks what is told of an instance against its ENIs: the first ENI is in the instance's VPC and subnet,
// each is in its zone, and they are no more than its type may have (EC2 User Guide, elastic network interfaces).
// Further ENIs may be in another VPC.
func (c *compiler) whereabouts(o *object, config *ec2.Instance) {
	enis := slices.SortedFunc(c.next.ENIsOf(config.InstanceId), func(a, b *ENI) int { return cmp.Compare(a.ID, b.ID) })
	for _, e := range enis {
		switch what := contradiction(config, e); {
		case what == "":
		case o.answer:
			c.notice(InstanceOdd, o.path(), what)
		default:
			c.Add(o.path(), "%s", what)
		}
	}
	if t := found[ec2.InstanceTypeInfo](c.next, "InstanceTypes", config.InstanceType); t != nil && t.ENIs() > 0 {
		c.within(quota{"ENIs", t.ENIs(), t.ENIs()}, " of a "+ec2.Shorten(config.InstanceType), len(enis), o.path)
	}
}

// contradiction is what an instance is told to be, and one of its ENIs is not; "": nothing.
func contradiction(config *ec2.Instance, e *ENI) string {
	differs := func(told, is string) bool { return told != "" && is != "" && told != is }
	says := func(field, told, is string) string {
		return fmt.Sprintf("%s is %s, and its ENI %s is in %s", field, ec2.Shorten(told), ec2.Shorten(e.ID), ec2.Shorten(is))
	}
	switch p, s := config.Placement, e.Subnet; {
	case e.first() && differs(config.VpcId, s.VPC.ID):
		return says("VpcId", config.VpcId, s.VPC.ID)
	case e.first() && differs(config.SubnetId, s.ID):
		return says("SubnetId", config.SubnetId, s.ID)
	case p != nil && differs(p.AvailabilityZone, s.Zone):
		return says("Placement: AvailabilityZone", p.AvailabilityZone, s.Zone)
	}
	return ""
}

// markRetyped marks the instances of the types that changed, came or went.
func (c *compiler) markRetyped() {
	if c.whole || !c.retyped {
		return
	}
	c.next.objects["Instances"].Scan(func(id string, o *object) bool {
		if c.dirty["InstanceTypes"][o.config.(*ec2.Instance).InstanceType] {
			c.mark("Instances", id)
		}
		return true
	})
}
