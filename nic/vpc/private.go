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
	if len(b.eni.Addrs) > 0 {
		b.eni.Primary, b.eni.Public = b.eni.Addrs[0].Private, b.eni.Addrs[0].Public
	}
}

func (b *eniBuilder) withoutIPv4() {
	if len(b.config.Ipv6Addresses) == 0 {
		b.Add(b.path, "PrivateIpAddresses is missing")
	}
}

func (b *eniBuilder) primary(list []ec2.NetworkInterfacePrivateIpAddress) int {
	isPrimary := func(a ec2.NetworkInterfacePrivateIpAddress) bool { return a.Primary }
	i := slices.IndexFunc(list, isPrimary)
	switch {
	case i < 0 && len(list) == 1:
		return 0
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
	case !s.Prefix.Contains(addr):
		b.Add(b.path, "PrivateIpAddress %s is outside of %s, which has %s", addr, s.ID, s.Prefix)
		return
	case reserved(s.Prefix, addr):
		b.Add(b.path, "PrivateIpAddress %s is reserved: the first four and the last address of a subnet are EC2's", addr)
	}
	one := span{number(addr), number(addr)}
	if holder := v.mapping.holder(one); holder != nil {
		b.Add(b.path, "PrivateIpAddress %s is that of %s in %s", addr, holder.ID, v.ID)
		return
	}
	v.mapping.add(one, b.eni)
	at := len(b.eni.Addrs)
	b.eni.Addrs = append(b.eni.Addrs, Address{Private: number(addr)})
	if a.Association != nil && a.Association.PublicIp.IsValid() {
		b.publish(b.path, b.eni, at, a.Association.PublicIp)
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
			b.Add(b.path, "Ipv4Prefix %s is no /28 of %s, which has %s", p, s.ID, s.Prefix)
			continue
		}
		if holder := v.mapping.holder(spanOf(p)); holder != nil {
			b.Add(b.path, "Ipv4Prefix %s holds an address of %s in %s", p, holder.ID, v.ID)
			continue
		}
		v.mapping.add(spanOf(p), b.eni)
		b.eni.Prefixes = append(b.eni.Prefixes, blockOf(p))
	}
}
