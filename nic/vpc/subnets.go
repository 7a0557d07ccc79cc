package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// retractSubnets takes the marked subnets out of their VPCs, before any comes back, so
// that the order in which they come back does not matter.
func (c *compiler) retractSubnets() {
	for id := range c.marked("Subnets") {
		s, there := c.next.subnets.Get(id)
		if there && c.vpcOf(s.VPC.ID) != nil {
			n := c.change(s.VPC.ID)
			n.macs.Delete(s.RouterMAC.Bits())
			if s.Prefix.IsValid() {
				n.subnets.Delete(number(s.Prefix.Addr()))
			}
			c.markInside(n.ID)
		}
	}
	for id := range c.gone("Subnets") {
		if s, there := c.next.subnets.Delete(id); there {
			c.remade[s] = true
		}
	}
}

// subnet compiles a subnet, and leaves out a subnet whose VPC is missing.
func (c *compiler) subnet(o *object, config *ec2.Subnet) {
	path, n := o.path(), c.vpcOf(config.VpcId)
	old, _ := c.next.subnets.Get(o.id())
	if n == nil {
		c.leftOut(o.spot(), reference{"VpcId", "Vpcs", config.VpcId})
		c.keepSubnet(old, nil)
		return
	}
	s := &Subnet{ID: config.SubnetId, VPC: n.VPC, RouterMAC: routerMAC(config.SubnetId), Block: c.block(o, config)}
	for _, a := range config.Ipv6CidrBlockAssociationSet {
		if !ended(a.Ipv6CidrBlockState.State) {
			c.notice(IPv6, path, a.Ipv6CidrBlock)
		}
	}
	ipv6Only := !config.CidrBlock.IsValid() && len(config.Ipv6CidrBlockAssociationSet) > 0
	if !ipv6Only && c.ipv4(path, "CidrBlock", config.CidrBlock) {
		if s.Prefix = config.CidrBlock.Masked(); !c.checkSubnet(o.spot(), n, s) {
			c.keepSubnet(old, nil)
			return
		}
	}
	s = c.keepSubnet(old, s)
	n = c.change(n.ID)
	insert(n.macs, s.RouterMAC.Bits())
	if s.Prefix.IsValid() {
		n.subnets.Set(number(s.Prefix.Addr()), s)
	}
	c.markInside(n.ID)
}

// keepSubnet puts the new subnet s in the place of old, unless the two are equal: then old
// stays, and so do its ENIs. A nil s removes old.
func (c *compiler) keepSubnet(old, s *Subnet) *Subnet {
	switch {
	case old != nil && s != nil && *old == *s:
		return old
	case old != nil:
		c.remade[old] = true
		c.next.subnets.Delete(old.ID)
	}
	if s != nil {
		c.next.subnets.Set(s.ID, s)
	}
	return s
}

// checkSubnet checks a subnet's prefix, and is false if the subnet has no place in its VPC.
func (c *compiler) checkSubnet(at spot, n *network, s *Subnet) bool {
	path := at.path()
	if bits := s.Prefix.Bits(); bits < 16 || bits > 28 {
		c.Add(path, "CidrBlock %s: a subnet is a /16 to a /28", s.Prefix)
	}
	inside := func(vpc netip.Prefix) bool { return vpc.Bits() <= s.Prefix.Bits() && vpc.Overlaps(s.Prefix) }
	if !slices.ContainsFunc(n.cidrs, inside) {
		if c.disputed(at, c.spotOf("Vpcs", n.ID), "CidrBlock "+s.Prefix.String()+" is outside of its VPC: it says otherwise") {
			return false
		}
		c.conflict(path, c.spotOf("Vpcs", n.ID).path(), "CidrBlock %s is outside of %s, which has %v", s.Prefix, n.ID, n.cidrs)
	}
	if other := n.overlapping(s.Prefix); other != nil {
		if c.disputed(at, c.spotOf("Subnets", other.ID), "claims "+s.Prefix.String()) {
			return false
		}
		c.Add(path, "CidrBlock %s overlaps %s, which has %s", s.Prefix, other.ID, other.Prefix)
	}
	return true
}

// overlapping is a subnet that shares addresses with a prefix, nil if there is none.
func (n *network) overlapping(p netip.Prefix) (found *Subnet) {
	s := spanOf(p)
	n.subnets.Descend(s.lo, func(_ uint32, before *Subnet) bool {
		if before.Prefix.Overlaps(p) {
			found = before
		}
		return false
	})
	n.subnets.Ascend(s.lo, func(first uint32, after *Subnet) bool {
		if first <= s.hi {
			found = after
		}
		return false
	})
	return found
}
