package vpc

import (
	"maps"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// networks checks VPCs and subnets, and compiles their route tables.
func (c *compiler) networks() {
	for o, config := range each[ec2.DhcpOptions](c, "DhcpOptions") {
		c.dhcpOptions(o, config)
	}
	for id := range c.gone("Vpcs") {
		c.forgetVPC(id)
	}
	for o, config := range each[ec2.Vpc](c, "Vpcs") {
		c.vpc(o, config)
	}
	c.vnis()
	c.checkBlockModes()
	c.retractSubnets()
	for o, config := range each[ec2.Subnet](c, "Subnets") {
		c.subnet(o, config)
	}
	c.internetGateways()
	c.prefixLists()
	c.peerings()
	c.routeTables()
	c.acls()
}

// InPrimaryBlock tells whether an address is in the primary IPv4 block of the ENI's VPC.
func (e *OwnENI) InPrimaryBlock(addr wire.Addr) bool {
	cidrs := e.network.cidrs
	return len(cidrs) > 0 && cidrs[0].Contains(addr.Netip())
}

// Resolver is the address of the DNS server in the primary IPv4 block of the ENI's VPC: the
// block's third (VPC User Guide, "Amazon DNS server"). It is zero if the VPC has no such block.
func (e *OwnENI) Resolver() wire.Addr {
	cidrs := e.network.cidrs
	if len(cidrs) == 0 || !cidrs[0].Addr().Is4() {
		return wire.Addr{}
	}
	return wire.AddrFrom(cidrs[0].Masked().Addr().Next().Next())
}

// Port25Open tells whether guests may send to TCP port 25 of the internet.
func (r *Region) Port25Open() bool { return r.place.given.Port25 == port25Open }

// port25Open is what Placement says if they may.
const port25Open = "open"

// ipv4 checks that a prefix is there and is IPv4.
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

// ipv6 is ipv4 for IPv6. The addresses that stand for IPv4 ones are in no packet (RFC 4291
// section 2.5.5.2).
func (c *compiler) ipv6(path, field string, p netip.Prefix) bool {
	switch {
	case !p.IsValid():
		c.Add(path, "%s is missing", field)
	case p.Addr().Is4(), p.Addr().Is4In6():
		c.Add(path, "%s %s is no IPv6 CIDR", field, p)
	default:
		return true
	}
	return false
}

// vpcOf is the VPC of an ID, nil if there is none.
func (c *compiler) vpcOf(id string) *network {
	n, _ := c.next.networks.Get(id)
	return n
}

// change is a VPC's network for a change to write to: the first call copies the network.
func (c *compiler) change(id string) *network {
	n := c.vpcOf(id)
	if c.fresh[n] {
		return n
	}
	next := *n
	next.mapping, next.subnets = n.mapping.copy(), n.subnets.Copy()
	c.setNetwork(&next)
	return &next
}

// setNetwork puts a network that this change has made into the region.
func (c *compiler) setNetwork(n *network) {
	c.fresh[n] = true
	c.next.networks.Set(n.ID, n)
}

// forgetVPC takes a VPC out of the region that is not configured any more.
func (c *compiler) forgetVPC(id string) {
	if n := c.vpcOf(id); n != nil {
		c.next.networks.Delete(id)
		c.forgetVNI(n)
		c.next.stations.give(n.Station)
	}
	c.renumberVPCs = true
}

// vpc compiles a VPC: its blocks, and the route table of subnets without one.
func (c *compiler) vpc(o *object, config *ec2.Vpc) {
	if c.vpcOf(o.id()) == nil {
		c.renumberVPCs = true
		c.setNetwork(&network{
			VPC:     &VPC{ID: o.id(), Station: c.next.stations.take()},
			mapping: newMapping(), subnets: newSubnets(),
		})
	}
	c.blockMode(o.path(), config.BlockPublicAccessStates.InternetGatewayBlockMode)
	c.namesDHCPOptions(o, config.DhcpOptionsId)
	n := c.change(o.id())
	n.cidrs = nil
	blocks := []netip.Prefix{config.CidrBlock}
	for _, a := range config.CidrBlockAssociationSet {
		if s := a.CidrBlockState.State; s == "associated" || s == "" {
			blocks = append(blocks, a.CidrBlock)
		}
	}
	for _, b := range blocks {
		if c.ipv4(o.path(), "CidrBlock", b) {
			c.addBlock(o, n, "CidrBlock", b)
		}
	}
	for _, a := range config.Ipv6CidrBlockAssociationSet {
		if s := a.Ipv6CidrBlockState.State; (s == "associated" || s == "") && c.ipv6(o.path(), "Ipv6CidrBlock", a.Ipv6CidrBlock) {
			c.addBlock(o, n, "Ipv6CidrBlock", a.Ipv6CidrBlock)
		}
	}
	c.blockQuota(o, n)
	n.usual = c.usualRoutes(n)
}

// noVPCs are the addresses that no VPC has, though they look like others (VPC User Guide, "VPC
// CIDR blocks").
var noVPCs = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("224.0.0.0/4"),
}

// addBlock gives a VPC a block, once, and finds what EC2 refuses of the blocks that people write.
func (c *compiler) addBlock(o *object, n *network, field string, b netip.Prefix) {
	b = b.Masked()
	if slices.Contains(n.cidrs, b) {
		return
	}
	if !o.answer {
		c.checkVPCBlock(o.path(), n, field, b)
	}
	n.cidrs = append(n.cidrs, b)
}

// checkVPCBlock checks the length of a VPC's block, and that no other block of the VPC, and nothing
// that no VPC has, has its addresses (VPC User Guide, "VPC CIDR blocks").
func (c *compiler) checkVPCBlock(path string, n *network, field string, b netip.Prefix) {
	switch bits := b.Bits(); {
	case b.Addr().Is4() && (bits < 16 || bits > 28):
		c.Add(path, "%s %s: a block of a VPC is a /16 to a /28; CidrBlockAssociationSet has further ones", field, b)
	case b.Addr().Is6() && (bits < 44 || bits > 60 || bits%4 != 0):
		c.Add(path, "%s %s: a block of a VPC is a /44 to a /60, in steps of 4", field, b)
	}
	if at := slices.IndexFunc(n.cidrs, b.Overlaps); at >= 0 {
		c.Add(path, "%s %s overlaps %s, which the VPC has, too", field, b, n.cidrs[at])
	}
	if at := slices.IndexFunc(noVPCs, b.Overlaps); at >= 0 {
		c.Add(path, "%s %s is in %s, which EC2 gives no VPC", field, b, noVPCs[at])
	}
}

// maxVNI is the highest VNI, which has 24 bits (RFC 7348 section 5).
const maxVNI = 1<<24 - 1

// vnis gives VPCs the VNIs that Placement names, and the other VPCs the lowest free
// numbers. A number may depend on all VPCs, so vnis works after each change of a VPC or of
// Placement.
func (c *compiler) vnis() {
	if !c.renumberVPCs && !c.whole {
		return
	}
	place := c.next.place.given.Vnis
	taken, vnis := map[uint32]string{}, map[string]uint32{}
	for _, id := range slices.Sorted(maps.Keys(place)) {
		vni := place[id]
		first, twice := taken[vni]
		switch {
		case c.vpcOf(id) == nil:
			c.unknown("Placement: Vnis", "Vpcs", id)
			continue
		case vni == 0 || vni > maxVNI:
			c.Add("Placement: Vnis: "+id, "%d is no VNI: 1 to %d", vni, maxVNI)
		case twice:
			c.Add("Placement: Vnis: "+id, "%d is the VNI of %s already", vni, first)
		}
		taken[vni], vnis[id] = id, vni
	}
	for id, x := range c.next.place.given.Exits {
		taken[x.Vni] = id
	}
	next := uint32(1)
	for _, o := range c.next.inOrder("Vpcs") {
		id := o.id()
		vni := vnis[id]
		if vni == 0 {
			for taken[next] != "" {
				next++
			}
			vni = next
			next++
		}
		c.setVNI(id, vni)
	}
}

// setVNI gives a VPC its VNI. Subnets point to the VPC, so a new VNI has them compiled
// anew.
func (c *compiler) setVNI(id string, vni uint32) {
	n := c.vpcOf(id)
	if n == nil || n.VNI == vni && !c.whole {
		return
	}
	if n.VNI != vni {
		c.forgetVNI(n)
		n = c.change(id)
		n.VPC = &VPC{ID: id, VNI: vni, Station: n.Station}
		c.next.vnis.Set(vni, n.VPC)
		c.markUsers(id)
	}
	c.setStation(n.Station, Station{VNI: vniBytes(vni), Dst: c.next.place.edge.Mac, Src: routerMAC(id), VTEP: Edge, MTU: InternetMTU})
}

// forgetVNI takes a VPC out of the index by VNI, unless another VPC was given the same
// VNI in the change under way.
func (c *compiler) forgetVNI(n *network) {
	if v := c.next.VPC(n.VNI); v != nil && v.ID == n.ID {
		c.next.vnis.Delete(n.VNI)
	}
}

// setStation writes a station. If an older region has the chunk, too, setStation copies
// the chunk first.
func (c *compiler) setStation(number uint32, s Station) {
	if s.MTU == 0 {
		s.MTU = InsideMTU
	}
	all := &c.next.stations
	i := int(number >> StationBits)
	for len(all.chunks) <= i {
		all.chunks = append(all.chunks, nil)
	}
	if !c.stations[all.chunks[i]] {
		own := new(Stations)
		if all.chunks[i] != nil {
			*own = *all.chunks[i]
		}
		all.chunks[i] = own
		c.stations[own] = true
	}
	all.chunks[i][number&(1<<StationBits-1)] = s
}
