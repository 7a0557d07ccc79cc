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
			n.macs.remove(s.RouterMAC.Bits())
			for _, b := range s.blocks() {
				n.subnets.Delete(b)
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
	n := c.vpcOf(config.VpcId)
	old, _ := c.next.subnets.Get(o.id())
	if n == nil {
		c.leftOut(o.spot(), reference{"VpcId", "Vpcs", config.VpcId})
		c.keepSubnet(old, nil)
		return
	}
	if p := config.PrivateDnsNameOptionsOnLaunch; p != nil {
		c.oneOf(ec2.In(o.path(), "PrivateDnsNameOptionsOnLaunch"), "HostnameType", p.HostnameType, "ip-name", resourceName)
	}
	s := &Subnet{ID: config.SubnetId, VPC: n.VPC, RouterMAC: routerMAC(config.SubnetId), Zone: config.AvailabilityZone, ZoneID: config.AvailabilityZoneId, Block: c.block(o, config)}
	if !c.subnetBlocks(o, n, s, config) {
		c.keepSubnet(old, nil)
		return
	}
	s = c.keepSubnet(old, s)
	n = c.change(n.ID)
	n.macs.add(s.RouterMAC.Bits())
	for _, b := range s.blocks() {
		n.subnets.Set(b)
	}
	c.markInside(n.ID)
}

// subnetBlocks gives a subnet its block of each family, and is false if the subnet has no
// place in its VPC. EC2 lets a subnet have one block of IPv6.
func (c *compiler) subnetBlocks(o *object, n *network, s *Subnet, config *ec2.Subnet) bool {
	path := o.path()
	for _, a := range config.Ipv6CidrBlockAssociationSet {
		switch p := a.Ipv6CidrBlock; {
		case ended(a.Ipv6CidrBlockState.State), !c.ipv6(path, "Ipv6CidrBlock", p):
		case s.Prefix6.IsValid():
			c.Add(path, "Ipv6CidrBlock %s: it has %s already", p, s.Prefix6)
		default:
			s.Prefix6 = p.Masked()
		}
	}
	ipv6Only := !config.CidrBlock.IsValid() && len(config.Ipv6CidrBlockAssociationSet) > 0
	if !ipv6Only && c.ipv4(path, "CidrBlock", config.CidrBlock) {
		s.Prefix = config.CidrBlock.Masked()
	}
	for _, b := range s.blocks() {
		if !c.checkBlock(o.spot(), n, b) {
			return false
		}
	}
	return true
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

// checkBlock checks a subnet's block, and is false if the block has no place in its VPC.
func (c *compiler) checkBlock(at spot, n *network, b subnetBlock) bool {
	path, what, bits := at.path(), "CidrBlock "+b.String(), b.Bits()
	if b.Addr().Is4() {
		if bits < 16 || bits > 28 {
			c.Add(path, "%s: a subnet is a /16 to a /28", what)
		}
	} else if what = "Ipv6" + what; bits < 44 || bits > 64 || bits%4 != 0 {
		c.Add(path, "%s: a subnet is a /44 to a /64, in steps of 4", what)
	}
	inside := func(vpc netip.Prefix) bool { return vpc.Bits() <= bits && vpc.Overlaps(b.Prefix) }
	if !slices.ContainsFunc(n.cidrs, inside) {
		if c.disputed(at, c.spotOf("Vpcs", n.ID), what+" is outside of its VPC: it says otherwise") {
			return false
		}
		c.conflict(path, c.spotOf("Vpcs", n.ID).path(), "%s is outside of %s, which has %v", what, n.ID, n.cidrs)
	}
	if other := n.overlapping(b.Prefix); other.of != nil {
		if c.disputed(at, c.spotOf("Subnets", other.of.ID), "claims "+b.String()) {
			return false
		}
		c.Add(path, "%s overlaps %s, which has %s", what, other.of.ID, other.Prefix)
	}
	return true
}

// overlapping is a subnet's block that shares addresses with a prefix, the zero value if
// there is none.
func (n *network) overlapping(p netip.Prefix) (found subnetBlock) {
	look := func(b subnetBlock) bool {
		if b.Overlaps(p) {
			found = b
		}
		return false
	}
	n.subnets.Descend(subnetBlock{Prefix: p}, look)
	n.subnets.Ascend(subnetBlock{Prefix: p}, look)
	return found
}
