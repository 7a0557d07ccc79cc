package vpc

import (
	"maps"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// region checks VPCs and subnets, and compiles their route tables.
func (c *compiler) region() {
	for i := range c.config.Vpcs {
		c.vpc(i, &c.config.Vpcs[i])
	}
	c.vnis()
	for i := range c.config.Subnets {
		c.subnet(i, &c.config.Subnets[i])
	}
	c.publicAccess()
	c.prefixLists()
	c.routeTables()
}

// ipv4 checks a prefix that must be there and be IPv4.
func (c *compiler) ipv4(path, field string, p netip.Prefix) bool {
	switch {
	case !p.IsValid():
		c.Add(path, "%s is missing", field)
	case !p.Addr().Is4():
		c.Add(path, "%s %s is no IPv4 CIDR", field, p)
	default:
		return true
	}
	return false
}

func (c *compiler) vpc(i int, config *ec2.Vpc) {
	at, ok := c.identify("Vpcs", i, "VpcId", config.VpcId)
	if !ok {
		return
	}
	path := at.path
	v := &VPC{ID: config.VpcId}
	c.vpcs[v.ID] = v
	blocks := []netip.Prefix{config.CidrBlock}
	for _, a := range config.CidrBlockAssociationSet {
		if s := a.CidrBlockState.State; s == "associated" || s == "" {
			blocks = append(blocks, a.CidrBlock)
		}
	}
	for _, b := range blocks {
		if c.ipv4(path, "CidrBlock", b) && !slices.Contains(v.CIDRs, b.Masked()) {
			v.CIDRs = append(v.CIDRs, b.Masked())
		}
	}
	for _, a := range config.Ipv6CidrBlockAssociationSet {
		if s := a.Ipv6CidrBlockState.State; s == "associated" || s == "" {
			c.notice(IPv6, path, a.Ipv6CidrBlock)
		}
	}
}

// maxVNI: a VNI has 24 bits (RFC 7348 section 5).
const maxVNI = 1<<24 - 1

// vnis takes those of Placement, then gives the other VPCs the lowest free ones.
func (c *compiler) vnis() {
	taken := map[uint32]string{}
	for _, id := range slices.Sorted(maps.Keys(c.place.Vnis)) {
		v, vni := c.vpcs[id], c.place.Vnis[id]
		first, twice := taken[vni]
		switch {
		case v == nil:
			c.unknown("Placement: Vnis", "Vpcs", id)
			continue
		case vni == 0 || vni > maxVNI:
			c.Add("Placement: Vnis: "+id, "%d is no VNI: 1 to %d", vni, maxVNI)
		case twice:
			c.Add("Placement: Vnis: "+id, "%d is the VNI of %s already", vni, first)
		}
		taken[vni], v.VNI = id, vni
	}
	next := uint32(1)
	for _, config := range c.config.Vpcs {
		v := c.vpcs[config.VpcId]
		if v == nil || v.VNI != 0 {
			continue
		}
		for taken[next] != "" {
			next++
		}
		v.VNI = next
		next++
	}
}

func (c *compiler) subnet(i int, config *ec2.Subnet) {
	at, ok := c.identify("Subnets", i, "SubnetId", config.SubnetId)
	if !ok {
		return
	}
	path, v := at.path, c.vpcs[config.VpcId]
	if v == nil {
		c.leftOut(at, reference{"VpcId", "Vpcs", config.VpcId})
		return
	}
	s := &Subnet{ID: config.SubnetId, VPC: v, RouterMAC: routerMAC(config.SubnetId)}
	c.subnets[s.ID] = s
	c.macs[stationKey{v, s.RouterMAC}] = "the router of " + s.ID
	for _, a := range config.Ipv6CidrBlockAssociationSet {
		if !ended(a.Ipv6CidrBlockState.State) {
			c.notice(IPv6, path, a.Ipv6CidrBlock)
		}
	}
	ipv6Only := !config.CidrBlock.IsValid() && len(config.Ipv6CidrBlockAssociationSet) > 0
	if ipv6Only || !c.ipv4(path, "CidrBlock", config.CidrBlock) {
		return
	}
	s.Prefix = config.CidrBlock.Masked()
	if c.checkSubnet(at, s) {
		v.subnets.Insert(s.Prefix, s)
	} else {
		delete(c.subnets, s.ID)
	}
}

// checkSubnet answers false where the subnet has no place in its VPC.
func (c *compiler) checkSubnet(at spot, s *Subnet) bool {
	path := at.path
	if bits := s.Prefix.Bits(); bits < 16 || bits > 28 {
		c.Add(path, "CidrBlock %s: a subnet is a /16 to a /28", s.Prefix)
	}
	inside := func(vpc netip.Prefix) bool { return vpc.Bits() <= s.Prefix.Bits() && vpc.Overlaps(s.Prefix) }
	if !slices.ContainsFunc(s.VPC.CIDRs, inside) {
		if c.disputed(at, c.spots["Vpcs "+s.VPC.ID], "CidrBlock "+s.Prefix.String()+" is outside of its VPC: it says otherwise") {
			return false
		}
		c.conflict(path, c.spots["Vpcs "+s.VPC.ID].path, "CidrBlock %s is outside of %s, which has %v", s.Prefix, s.VPC.ID, s.VPC.CIDRs)
	}
	if other := s.VPC.overlapping(s.Prefix); other != nil {
		if c.disputed(at, c.spots["Subnets "+other.ID], "claims "+s.Prefix.String()) {
			return false
		}
		c.Add(path, "CidrBlock %s overlaps %s, which has %s", s.Prefix, other.ID, other.Prefix)
	}
	return true
}

// overlapping is one of the subnets that share addresses with a prefix.
func (v *VPC) overlapping(p netip.Prefix) *Subnet {
	for _, wider := range v.subnets.Supernets(p) {
		return wider
	}
	for _, inside := range v.subnets.Subnets(p) {
		return inside
	}
	return nil
}
