package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// addresses gives the ENI its private addresses, primary first.
func (b *eniBuilder) addresses() {
	b.list = b.config.addresses(b.list[:0])
	if len(b.list) == 0 && b.form().PrivateIpAddress.IsValid() {
		b.list = append(b.list, ec2.NetworkInterfacePrivateIpAddress{Primary: true, PrivateIpAddress: b.config.address(b.form().PrivateIpAddress)})
	}
	list := b.list
	if len(list) == 0 {
		b.withoutIPv4()
		return
	}
	primary := b.primary(list)
	if primary < 0 {
		return
	}
	list[0], list[primary] = list[primary], list[0]
	for i, a := range list {
		if i == 0 && a.Association == nil {
			a.Association = b.form().Association
		}
		b.address(a)
	}
}

// withoutIPv4 checks an ENI without a private IPv4 address. In EC2 an ENI may have only
// IPv6 or prefixes, and an ENI of type efa-only has no address at all (EC2 User Guide,
// Elastic Fabric Adapter).
func (b *eniBuilder) withoutIPv4() {
	if !b.answer && !b.hasIPv6() && len(b.form().Ipv4Prefixes) == 0 && b.form().InterfaceType != "efa-only" {
		b.Add(b.path(), "PrivateIpAddresses is missing")
	}
}

// primary is the index of the primary address, -1 if none is, which is a mistake.
func (b *eniBuilder) primary(list []ec2.NetworkInterfacePrivateIpAddress) int {
	isPrimary := func(a ec2.NetworkInterfacePrivateIpAddress) bool { return a.Primary }
	i := slices.IndexFunc(list, isPrimary)
	own := b.config.address(b.form().PrivateIpAddress)
	named := slices.IndexFunc(list, func(a ec2.NetworkInterfacePrivateIpAddress) bool {
		return a.PrivateIpAddress == own
	})
	switch {
	case i < 0 && len(list) == 1:
		return 0
	case i < 0 && named >= 0 && b.answer:
		return named
	case i < 0:
		b.Add(b.path(), "PrivateIpAddresses: none is Primary")
	case slices.ContainsFunc(list[i+1:], isPrimary):
		b.Add(b.path(), "PrivateIpAddresses: more than one is Primary")
	case own.IsValid() && own != list[i].PrivateIpAddress:
		b.Add(b.path(), "PrivateIpAddress %s is not the primary of PrivateIpAddresses, %s", own, list[i].PrivateIpAddress)
	}
	return i
}

// address gives the ENI one private IPv4 address.
func (b *eniBuilder) address(a ec2.NetworkInterfacePrivateIpAddress) {
	addr := a.PrivateIpAddress.Unmap()
	if !addr.Is4() {
		b.Add(b.path(), "PrivateIpAddress %s is no IPv4 address", a.PrivateIpAddress)
	} else if b.takeAddress("PrivateIpAddress", addr) {
		b.association(len(b.addrs)-1, a.Association)
	}
}

// addresses6 gives the ENI its IPv6 addresses.
func (b *eniBuilder) addresses6() {
	for _, a := range b.form().Ipv6Addresses {
		if addr := a.Ipv6Address; !addr.Is6() || addr.Is4In6() || addr.Zone() != "" {
			b.Add(b.path(), "Ipv6Address %s is no IPv6 address", addr)
		} else {
			b.takeAddress("Ipv6Address", addr)
		}
	}
}

// takeAddress gives the ENI an address of its subnet and puts it into the VPC's mapping. It
// is false if the ENI does not get the address.
func (b *eniBuilder) takeAddress(field string, addr netip.Addr) bool {
	s, what := b.eni.Subnet, func() string { return field + " " + addr.String() }
	block := s.blockFor(addr)
	switch {
	case !block.Contains(addr) && !b.unread.concerns(b.spotOf("Subnets", s.ID).path()):
		if !b.disputed(b.spot(), b.spotOf("Subnets", s.ID), what()+" is outside of "+s.ID+", which has "+s.has(addr)+": it has nobody") {
			b.Add(b.path(), "%s is outside of %s, which has %s", what(), s.ID, s.has(addr))
		}
		return false
	case block.IsValid() && reserved(block, addr):
		b.Add(b.path(), "%s is reserved: the first four and the last address of a subnet are EC2's", what())
	}
	one := hostOf(addr)
	if holder := b.net.mapping.claim(one, b.eni); holder != nil {
		if !b.contested(holder, one, what()) {
			b.Add(b.path(), "%s is that of %s in %s", what(), holder.ID, b.net.ID)
		}
		return false
	}
	b.addrs = append(b.addrs, Address{Private: wire.AddrFrom(addr)})
	return true
}

// association gives a private address its public one.
func (b *eniBuilder) association(at int, a *ec2.NetworkInterfaceAssociation) {
	switch {
	case a == nil:
	case a.PublicIp.IsValid():
		b.publish(b.spot(), at, a.PublicIp)
	case a.CarrierIp.IsValid():
		b.notice(OtherPublic, b.path(), "carrier address "+a.CarrierIp.String())
	case a.CustomerOwnedIp.IsValid():
		b.notice(OtherPublic, b.path(), "customer-owned address "+a.CustomerOwnedIp.String())
	}
}

// contested notes that two answers give an address to two ENIs, and tells whether they do.
// The address moved between the two answers, and nothing tells which is newer.
func (b *eniBuilder) contested(holder *ENI, block netip.Prefix, what string) bool {
	other := b.spotOf("NetworkInterfaces", holder.ID)
	if !b.disputed(b.spot(), other, what+" is that of "+other.path()+" too: neither has it") {
		return false
	}
	b.claims = append(b.claims, claim{b.net, block, holder})
	return true
}

// claim is an address or prefix that two answers give to two ENIs.
type claim struct {
	net    *network
	block  netip.Prefix
	holder *ENI
}

// yieldClaims takes contested addresses and prefixes from the ENIs that got them first. The
// second ENIs never got them, so that no ENI has them.
func (c *compiler) yieldClaims() {
	if !c.whole {
		return // all is compiled again
	}
	for _, claim := range c.claims {
		e := claim.holder
		var addrs []Address
		for _, a := range e.Addrs() {
			if !claim.yields(hostOf(a.Private.Netip())) {
				addrs = append(addrs, a)
			}
		}
		var prefixes []netip.Prefix
		for _, p := range e.Prefixes() {
			if !claim.yields(p) {
				prefixes = append(prefixes, p)
			}
		}
		e.setAddresses(addrs, prefixes)
	}
}

// yields tells whether a block of the holder has a contested address, and then takes the
// block from the mapping.
func (c *claim) yields(block netip.Prefix) bool {
	if !block.Overlaps(c.block) {
		return false
	}
	c.net.mapping.hold(block, nil)
	return true
}

// reserved tells whether an address of a subnet is EC2's: the network's own, the router's,
// the DNS server's, one kept for later, and the last, which is IPv4's broadcast address (VPC
// user guide, "Subnet sizing").
func reserved(subnet netip.Prefix, addr netip.Addr) bool {
	kept := subnet.Addr()
	for range 4 {
		if addr == kept {
			return true
		}
		kept = kept.Next()
	}
	return addr == lastOf(subnet)
}

// prefixes gives the ENI its delegated prefixes.
func (b *eniBuilder) prefixes() {
	for _, spec := range b.form().Ipv4Prefixes {
		if b.ipv4(b.path(), "Ipv4Prefix", spec.Ipv4Prefix) {
			b.takePrefix("Ipv4Prefix", spec.Ipv4Prefix.Masked(), 28)
		}
	}
	for _, spec := range b.form().Ipv6Prefixes {
		if b.ipv6(b.path(), "Ipv6Prefix", spec.Ipv6Prefix) {
			b.takePrefix("Ipv6Prefix", spec.Ipv6Prefix.Masked(), 80)
		}
	}
}

// takePrefix is takeAddress for a delegated prefix, which EC2 makes so many bits long.
func (b *eniBuilder) takePrefix(field string, p netip.Prefix, bits int) {
	s, what := b.eni.Subnet, field+" "+p.String()
	if p.Bits() != bits || !s.blockFor(p.Addr()).Contains(p.Addr()) {
		b.conflict(b.path(), b.spotOf("Subnets", s.ID).path(), "%s is no /%d of %s, which has %s", what, bits, s.ID, s.has(p.Addr()))
		return
	}
	if kept := s.blockFor(p.Addr()); !b.answer && (p.Contains(kept.Addr()) || p.Contains(lastOf(kept))) {
		b.Add(b.path(), "%s holds reserved addresses: the first four and the last address of a subnet are EC2's", what)
	}
	if holder := b.net.mapping.claim(p, b.eni); holder != nil {
		if !b.contested(holder, p, what) {
			b.Add(b.path(), "%s holds an address of %s in %s", what, holder.ID, b.net.ID)
		}
		return
	}
	b.prefixed = append(b.prefixed, p)
}
