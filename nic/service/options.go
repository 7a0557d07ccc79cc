package service

import (
	"net"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc"
)

// nitroResolver is the DNS server of an instance in a VPC without DHCP options (VPC User Guide,
// "DHCP option sets").
var nitroResolver = netip.MustParseAddr("169.254.169.253")

// optionsOf are the DHCP options of a guest's VPC, with the region's domain where the set names
// none, and addresses in the place of the name of the VPC's own DNS server.
func optionsOf(q *query) vpc.DHCPOptions {
	given := q.eni.DHCPOptions(q.policy.Region)
	if given == nil {
		return vpc.DHCPOptions{DNS: []netip.Addr{nitroResolver}, Domain: q.eni.Subnet.InternalDomain()}
	}
	set := *given
	if set.Domain == "" {
		set.Domain = q.eni.Subnet.InternalDomain()
	}
	if set.OwnResolver {
		six, _ := netip.AddrFromSlice(resolver6)
		own := []netip.Addr{six}
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
