package service

import (
	"net"
	"net/netip"
	"slices"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
)

// optionsOf are the DHCP options of a guest's VPC, with the region's domain where the set names
// none, and addresses in the place of the name of the VPC's own DNS server. A VPC without options has the
// server's address that every VPC has (VPC User Guide, "DHCP option sets").
func optionsOf(q *query) vpc.DHCPOptions {
	given := q.eni.DHCPOptions(q.policy.Region)
	if given == nil {
		return vpc.DHCPOptions{DNS: []netip.Addr{pipeline.Resolver.Netip()}, Domain: q.eni.Subnet.InternalDomain()}
	}
	set := *given
	if set.Domain == "" {
		set.Domain = q.eni.Subnet.InternalDomain()
	}
	if set.OwnResolver {
		own := []netip.Addr{pipeline.Resolver6.Netip()}
		if four := q.eni.Resolver(); !four.IsZero() {
			own = append(own, four.Netip())
		}
		set.DNS = slices.Concat(own, set.DNS)
	}
	return set
}

// only4 are the IPv4 addresses among some, only6 those of IPv6.
func only4(all []netip.Addr) []net.IP { return only(all, netip.Addr.Is4) }

func only6(all []netip.Addr) []net.IP { return only(all, netip.Addr.Is6) }

func only(all []netip.Addr, is func(netip.Addr) bool) (some []net.IP) {
	for _, a := range all {
		if is(a) {
			some = append(some, a.AsSlice())
		}
	}
	return some
}
