package vpc

import (
	"maps"
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// Reach tells by which family the internet reaches the ENIs of a VPC. To a VPC without an internet
// gateway the internet sends nothing (VPC User Guide, "Internet gateways"), but for answers of IPv6 by an
// egress-only internet gateway. What else keeps packets from an ENI, such as VPC Block Public Access, does not count: its
// addresses are reached and denied.
type Reach struct{ IPv4, IPv6 bool }

// Of tells whether the internet reaches a block.
func (r Reach) Of(block netip.Prefix) bool {
	if block.Addr().Is4() {
		return r.IPv4
	}
	return r.IPv6
}

// reaches compiles the reach of VPCs whose gateways or route tables changed.
func (c *compiler) reaches() {
	vpcs := map[string]bool{}
	for _, id := range c.touchedVPCs() {
		vpcs[id] = true
	}
	for id := range c.marked("InternetGateways") {
		for _, r := range []*Region{c.prev, c.next} {
			if o, there := r.objects["InternetGateways"].Get(id); there {
				for _, a := range o.config.(*ec2.InternetGateway).Attachments {
					vpcs[a.VpcId] = true
				}
			}
		}
	}
	for id := range vpcs {
		now := c.reachOf(id)
		if was, _ := c.prev.reached.Get(id); was == now {
			continue
		}
		if now == (Reach{}) {
			c.next.reached.Delete(id) // which is the same, and takes no memory for VPCs that are gone
		} else {
			c.next.reached.Set(id, now)
		}
		c.next.lineage.reached++
		c.next.reachedAt = c.next.lineage.reached
	}
}

// reachOf is the reach of a VPC, which may be gone.
func (c *compiler) reachOf(vpc string) (r Reach) {
	if c.vpcOf(vpc) == nil {
		return r
	}
	r.IPv4 = c.next.HasInternetGateway(vpc)
	r.IPv6 = r.IPv4
	for _, o := range c.namedBy("RouteTables", vpc) {
		if t, _ := c.next.routes.Get(o.id()); t != nil {
			r.IPv6 = r.IPv6 || t.egressOnly
		}
	}
	return r
}

// regained are the VPCs of both regions whose reach a region before has in another way: all ENIs of other VPCs
// differ anyway. Regions tell by a number whether there is any.
func (r *Region) regained(before *Region) map[string]bool {
	if r.lineage == before.lineage && r.reachedAt == before.reachedAt {
		return nil
	}
	vpcs := map[string]bool{}
	for _, of := range []*Region{r, before} {
		of.reached.Scan(func(id string, _ Reach) bool {
			vpcs[id] = true
			return true
		})
	}
	maps.DeleteFunc(vpcs, func(id string, _ bool) bool {
		was, _ := before.reached.Get(id)
		is, _ := r.reached.Get(id)
		return was == is || !before.has("Vpcs", id) || !r.has("Vpcs", id)
	})
	return vpcs
}

// reacher tells the reach of an ENI's VPC, which is zero for nil. Most ENIs are of the VPC of the one before.
func (r *Region) reacher() func(*ENI) Reach {
	var of *VPC
	var reach Reach
	return func(e *ENI) Reach {
		switch {
		case e == nil:
			return Reach{}
		case e.Subnet.VPC != of:
			of = e.Subnet.VPC
			reach, _ = r.reached.Get(of.ID)
		}
		return reach
	}
}
