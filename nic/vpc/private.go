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

// address gives the ENI one private address, and puts it into the VPC's mapping.
func (b *eniBuilder) address(a ec2.NetworkInterfacePrivateIpAddress) {
	addr, s := a.PrivateIpAddress.Unmap(), b.eni.Subnet
	switch {
	case !addr.Is4():
		b.Add(b.path(), "PrivateIpAddress %s is no IPv4 address", a.PrivateIpAddress)
		return
	case !s.Prefix.Contains(addr) && !b.unread.concerns(b.spotOf("Subnets", s.ID).path()):
		if b.disputed(b.spot(), b.spotOf("Subnets", s.ID), "PrivateIpAddress "+addr.String()+" is outside of "+s.ID+", which has "+s.block()+": it has nobody") {
			return
		}
		b.Add(b.path(), "PrivateIpAddress %s is outside of %s, which has %s", addr, s.ID, s.block())
		return
	case reserved(s.Prefix, addr):
		b.Add(b.path(), "PrivateIpAddress %s is reserved: the first four and the last address of a subnet are EC2's", addr)
	}
	one := span{number(addr), number(addr)}
	if holder := b.net.holderIn(one); holder != nil {
		if !b.contested(holder, one, "PrivateIpAddress "+addr.String()) {
			b.Add(b.path(), "PrivateIpAddress %s is that of %s in %s", addr, holder.ID, b.net.ID)
		}
		return
	}
	b.net.hold(one, b.eni)
	b.addrs = append(b.addrs, Address{Private: wire.AddrFrom(addr)})
	b.association(len(b.addrs)-1, a.Association)
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
func (b *eniBuilder) contested(holder *ENI, s span, what string) bool {
	other := b.spotOf("NetworkInterfaces", holder.ID)
	if !b.disputed(b.spot(), other, what+" is that of "+other.path()+" too: neither has it") {
		return false
	}
	b.claims = append(b.claims, claim{b.net, s, holder})
	return true
}

// claim is an address or prefix that two answers give to two ENIs.
type claim struct {
	net    *network
	span   span
	holder *ENI
}

// yieldClaims takes contested addresses and prefixes from the ENIs that got them first. The
// second ENIs never got them, so that no ENI has them.
func (c *compiler) yieldClaims() {
	if !c.whole {
		return // all is compiled again
	}
	for _, claim := range c.claims {
		e, s := claim.holder, claim.span
		var addrs []Address
		for _, a := range e.Addrs() {
			if n := a.Private.As4(); n < s.lo || n > s.hi {
				addrs = append(addrs, a)
			}
		}
		var prefixes []netip.Prefix
		for _, p := range e.prefixes() {
			if all := spanOf(p); all.lo <= s.hi && all.hi >= s.lo {
				claim.net.hold(all, nil)
			} else {
				prefixes = append(prefixes, p)
			}
		}
		claim.net.hold(s, nil)
		e.setAddresses(addrs, prefixes)
	}
}

// reserved tells whether an address of a subnet is EC2's: the network's own, the router's,
// the DNS server's, one kept for later, and the broadcast address (VPC user guide, "Subnet
// sizing").
func reserved(subnet netip.Prefix, addr netip.Addr) bool {
	s := spanOf(subnet)
	return number(addr)-s.lo < 4 || number(addr) == s.hi
}

// prefixes gives the ENI its delegated prefixes.
func (b *eniBuilder) prefixes() {
	for _, spec := range b.form().Ipv4Prefixes {
		p := spec.Ipv4Prefix.Masked()
		if !b.ipv4(b.path(), "Ipv4Prefix", p) {
			continue
		}
		s := b.eni.Subnet
		if p.Bits() != 28 || !s.Prefix.Contains(p.Addr()) {
			b.conflict(b.path(), b.spotOf("Subnets", s.ID).path(), "Ipv4Prefix %s is no /28 of %s, which has %s", p, s.ID, s.block())
			continue
		}
		if holder := b.net.holderIn(spanOf(p)); holder != nil {
			if !b.contested(holder, spanOf(p), "Ipv4Prefix "+p.String()) {
				b.Add(b.path(), "Ipv4Prefix %s holds an address of %s in %s", p, holder.ID, b.net.ID)
			}
			continue
		}
		b.net.hold(spanOf(p), b.eni)
		b.prefixed = append(b.prefixed, p)
	}
}
