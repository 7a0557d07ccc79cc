package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// addresses takes the private addresses, primary first.
func (b *eniBuilder) addresses() {
	list := b.config.PrivateIpAddresses
	if len(list) == 0 && b.config.PrivateIpAddress.IsValid() {
		list = []ec2.NetworkInterfacePrivateIpAddress{{Primary: true, PrivateIpAddress: b.config.PrivateIpAddress}}
	}
	if len(list) == 0 {
		b.withoutIPv4()
		return
	}
	primary := b.primary(list)
	if primary < 0 {
		return
	}
	list = slices.Clone(list)
	list[0], list[primary] = list[primary], list[0]
	for i, a := range list {
		if i == 0 && a.Association == nil {
			a.Association = b.config.Association
		}
		b.address(a)
	}
	if first := number(list[0].PrivateIpAddress); len(b.eni.Addrs) > 0 && b.eni.Addrs[0].Private == first {
		b.eni.Primary = first
	}
}

// withoutIPv4: some have IPv6 only, or prefixes, and those of type efa-only
// have no address at all (EC2 User Guide, Elastic Fabric Adapter).
func (b *eniBuilder) withoutIPv4() {
	if !b.at.Answer && !b.hasIPv6() && len(b.config.Ipv4Prefixes) == 0 && b.config.InterfaceType != "efa-only" {
		b.Add(b.path, "PrivateIpAddresses is missing")
	}
}

func (b *eniBuilder) primary(list []ec2.NetworkInterfacePrivateIpAddress) int {
	isPrimary := func(a ec2.NetworkInterfacePrivateIpAddress) bool { return a.Primary }
	i := slices.IndexFunc(list, isPrimary)
	named := slices.IndexFunc(list, func(a ec2.NetworkInterfacePrivateIpAddress) bool {
		return a.PrivateIpAddress == b.config.PrivateIpAddress
	})
	switch {
	case i < 0 && len(list) == 1:
		return 0
	case i < 0 && named >= 0 && b.at.Answer:
		return named
	case i < 0:
		b.Add(b.path, "PrivateIpAddresses: none is Primary")
	case slices.ContainsFunc(list[i+1:], isPrimary):
		b.Add(b.path, "PrivateIpAddresses: more than one is Primary")
	case b.config.PrivateIpAddress.IsValid() && b.config.PrivateIpAddress != list[i].PrivateIpAddress:
		b.Add(b.path, "PrivateIpAddress %s is not the primary of PrivateIpAddresses, %s", b.config.PrivateIpAddress, list[i].PrivateIpAddress)
	}
	return i
}

// address takes one private address into the ENI and the VPC's mapping.
func (b *eniBuilder) address(a ec2.NetworkInterfacePrivateIpAddress) {
	addr, s, v := a.PrivateIpAddress.Unmap(), b.eni.Subnet, b.eni.VPC
	switch {
	case !addr.Is4():
		b.Add(b.path, "PrivateIpAddress %s is no IPv4 address", a.PrivateIpAddress)
		return
	case !s.Prefix.Contains(addr) && !b.unread.concerns(b.spots["Subnets "+s.ID].path):
		if b.disputed(b.at, b.spots["Subnets "+s.ID], "PrivateIpAddress "+addr.String()+" is outside of "+s.ID+", which has "+s.Prefix.String()+": it has nobody") {
			return
		}
		b.Add(b.path, "PrivateIpAddress %s is outside of %s, which has %s", addr, s.ID, s.Prefix)
		return
	case reserved(s.Prefix, addr):
		b.Add(b.path, "PrivateIpAddress %s is reserved: the first four and the last address of a subnet are EC2's", addr)
	}
	one := span{number(addr), number(addr)}
	if holder := v.mapping.holder(one); holder != nil {
		if !b.contested(holder, one, "PrivateIpAddress "+addr.String()) {
			b.Add(b.path, "PrivateIpAddress %s is that of %s in %s", addr, holder.ID, v.ID)
		}
		return
	}
	v.mapping.add(one, b.eni)
	at := len(b.eni.Addrs)
	b.eni.Addrs = append(b.eni.Addrs, Address{Private: number(addr)})
	b.association(at, a.Association)
}

// association takes what the outside knows a private address by.
func (b *eniBuilder) association(at int, a *ec2.NetworkInterfaceAssociation) {
	switch {
	case a == nil:
	case a.PublicIp.IsValid():
		b.publish(b.at, b.eni, at, a.PublicIp)
	case a.CarrierIp.IsValid():
		b.notice(OtherPublic, b.path, "carrier address "+a.CarrierIp.String())
	case a.CustomerOwnedIp.IsValid():
		b.notice(OtherPublic, b.path, "customer-owned address "+a.CustomerOwnedIp.String())
	}
}

// contested notes that two answers give an address to two ENIs: it moved
// between them, and nobody can tell which came later.
func (b *eniBuilder) contested(holder *ENI, s span, what string) bool {
	other := b.spots["NetworkInterfaces "+holder.ID]
	if !b.disputed(b.at, other, what+" is that of "+other.path+" too: neither has it") {
		return false
	}
	b.claims = append(b.claims, claim{b.eni.VPC, s, holder})
	return true
}

// claim is an address or prefix that two ENIs have in answers of two moments.
type claim struct {
	vpc    *VPC
	span   span
	holder *ENI
}

// settle takes what two have from the one that was first; the other never got
// it.
func (c *compiler) settle() {
	for _, claim := range c.claims {
		e, s := claim.holder, claim.span
		overlaps := func(b Block) bool { return b.Addr <= s.hi && b.Addr|^b.Mask >= s.lo }
		for _, b := range e.Prefixes {
			if overlaps(b) {
				claim.vpc.mapping.add(span{b.Addr, b.Addr | ^b.Mask}, nil)
			}
		}
		claim.vpc.mapping.add(s, nil)
		e.Prefixes = slices.DeleteFunc(e.Prefixes, overlaps)
		e.Addrs = slices.DeleteFunc(e.Addrs, func(a Address) bool { return s.lo <= a.Private && a.Private <= s.hi })
		if s.lo <= e.Primary && e.Primary <= s.hi {
			e.Primary = 0
		}
	}
}

// reserved are the network's own address, the router's, the DNS server's, one
// for later, and the broadcast address (VPC user guide, "Subnet sizing").
func reserved(subnet netip.Prefix, addr netip.Addr) bool {
	s := spanOf(subnet)
	return number(addr)-s.lo < 4 || number(addr) == s.hi
}

// prefixes takes the delegated prefixes.
func (b *eniBuilder) prefixes() {
	for _, spec := range b.config.Ipv4Prefixes {
		p := spec.Ipv4Prefix.Masked()
		if !b.ipv4(b.path, "Ipv4Prefix", p) {
			continue
		}
		s, v := b.eni.Subnet, b.eni.VPC
		if p.Bits() != 28 || !s.Prefix.Contains(p.Addr()) {
			b.conflict(b.path, b.spots["Subnets "+s.ID].path, "Ipv4Prefix %s is no /28 of %s, which has %s", p, s.ID, s.Prefix)
			continue
		}
		if holder := v.mapping.holder(spanOf(p)); holder != nil {
			if !b.contested(holder, spanOf(p), "Ipv4Prefix "+p.String()) {
				b.Add(b.path, "Ipv4Prefix %s holds an address of %s in %s", p, holder.ID, v.ID)
			}
			continue
		}
		v.mapping.add(spanOf(p), b.eni)
		b.eni.Prefixes = append(b.eni.Prefixes, blockOf(p))
	}
}
