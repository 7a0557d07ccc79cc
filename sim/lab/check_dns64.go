//go:build linux

package lab

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"nitrocard/sim/oracle"
)

// dns64s are the checks of subnets with DNS64: a guest of each, which speaks IPv6, learns of a host
// of its VPC that has IPv4 how NAT64 reaches the host.
func (s *survey) dns64s() (all []check) {
	asked := map[string]bool{} // subnets
	for _, g := range s.region.guests {
		subnet := s.atlas.Subnet(s.atlas.ENI(g.ENI))
		to := s.old(g)
		if asked[subnet.SubnetId] || !subnet.EnableDns64 || !g.Addr6.IsValid() || !s.atlas.speaksIPv6() || !s.names(g.VPC) || !to.IsValid() {
			continue
		}
		asked[subnet.SubnetId] = true
		all = append(all, check{"DNS64 for " + g.Nick, func(ctx context.Context) (string, error) { return s.dns64(ctx, s.guests[g.Nick], to) }})
	}
	return all
}

// old is the address of the first host of IPv4 beside a guest in its VPC, invalid if there is none.
func (s *survey) old(beside guest) netip.Addr {
	for _, g := range s.region.guests {
		if g.VPC == beside.VPC && g.ENI != beside.ENI && g.Addr.IsValid() {
			return g.Addr.Addr()
		}
	}
	return netip.Addr{}
}

// names tells whether a VPC's DNS server knows the names of the VPC.
func (s *survey) names(vpc string) bool {
	for _, a := range s.atlas.Config.VpcAttributes {
		off := a.EnableDnsSupport != nil && !a.EnableDnsSupport.Value || a.EnableDnsHostnames != nil && !a.EnableDnsHostnames.Value
		if a.VpcId == vpc && off {
			return false
		}
	}
	return true
}

// dns64: DNS tells m the name of a host of IPv4, and of the name the address behind which NAT64 has the host.
func (s *survey) dns64(ctx context.Context, m *machine, host netip.Addr) (string, error) {
	reverse, err := dns.ReverseAddr(host.String())
	if err != nil {
		return "", err
	}
	name, asked, err := insists(ctx, func() (string, error) { return m.resolve(ctx, dnsServer6, reverse, dns.TypePTR) })
	if err != nil {
		return "", err
	}
	told, again, err := insists(ctx, func() (string, error) { return m.resolve(ctx, dnsServer6, name, dns.TypeAAAA) })
	if err != nil {
		return "", err
	}
	if want := oracle.In6(host).String(); told != want {
		return "", fmt.Errorf("%s is %s instead of %s", name, told, want)
	}
	return fmt.Sprintf("%s is %s%s, whose AAAA record is %s%s", host, strings.TrimSuffix(name, "."), asked, told, again), nil
}
