package vpc

import (
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/wire"
)

// Region is the name of the AWS region of a subnet's availability zone: us-east-1 of
// us-east-1a, and us-west-2 of the local zone us-west-2-lax-1a. It is "" if the zone is not
// told.
func (s *Subnet) Region() string { return RegionOf(s.Zone) }

// RegionOf is Region of a zone.
func RegionOf(zone string) string {
	for i := 1; i < len(zone); i++ {
		if digit(zone[i]) && zone[i-1] == '-' {
			for i < len(zone) && digit(zone[i]) {
				i++
			}
			return zone[:i]
		}
	}
	return ""
}

// Partition is the part of AWS that a region is in, and the domain of its services (AWS General Reference,
// "Amazon Resource Names").
func Partition(region string) (name, domain string) {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn", "amazonaws.com.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov", "amazonaws.com"
	}
	return "aws", "amazonaws.com"
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// InternalDomain is the domain of private names in a subnet's region: ec2.internal in
// us-east-1, and REGION.compute.internal elsewhere (VPC User Guide, "DHCP option sets"). A subnet
// whose region is not told counts as one of us-east-1, so that its ENIs have names.
func (s *Subnet) InternalDomain() string {
	region := s.Region()
	if region == "" || region == "us-east-1" {
		return "ec2.internal"
	}
	return region + ".compute.internal"
}

// IPName is the name that EC2 makes of a private IPv4 address: ip-10-0-1-5 (EC2 User Guide,
// "EC2 instance hostnames").
func IPName(a wire.Addr) string {
	return "ip-" + strings.ReplaceAll(a.String(), ".", "-")
}

// resourceName is what PrivateDnsNameOptions say of an instance whose name is its ID.
const resourceName = "resource-name"

// HostLabel is the name of an ENI's instance without the domain: its ID or the IP name of the ENI's
// primary address, as PrivateDnsNameOptions say (EC2 User Guide, "EC2 instance hostnames"). An ENI without
// IPv4 has its instance's ID, and without instance none: "".
func (r *Region) HostLabel(e *OwnENI) string {
	if p := r.nameOptions(e.ENI); p.HostnameType == resourceName || e.Primary.IsZero() {
		return e.Instance
	}
	return IPName(e.Primary)
}

// Hostname is HostLabel with the domain of private names.
func (r *Region) Hostname(e *OwnENI) string {
	label := r.HostLabel(e)
	if label == "" {
		return ""
	}
	return label + "." + e.Subnet.InternalDomain()
}

// PublicDomain is the domain of public names in a subnet's region: compute-1.amazonaws.com in
// us-east-1, and REGION.compute.amazonaws.com elsewhere, in China under amazonaws.com.cn (VPC User Guide, "DNS attributes for
// your VPC").
func (s *Subnet) PublicDomain() string {
	region := s.Region()
	if region == "" || region == "us-east-1" {
		return "compute-1.amazonaws.com"
	}
	_, domain := Partition(region)
	return region + ".compute." + domain
}

// Inside is what the name of a public address means to the ENI's guest: the private address
// behind it if an ENI of the VPC has both, or one of a peer VPC that lets its private addresses be found
// so; and else the public address itself (VPC User Guide, "DNS attributes for your VPC"). known tells whether an ENI of the region has the public
// address.
func (e *OwnENI) Inside(r *Region, public wire.Addr) (addr wire.Addr, known bool) {
	of, private := r.holder(public)
	switch {
	case of == nil:
		return wire.Addr{}, false
	case of.Subnet.VPC == e.VPC && !e.NameService(r).Nameless, e.lends(r, of.Subnet.VPC):
		return private, true
	}
	return public, true
}

// InVPC tells whether an address is in one of the blocks of the ENI's VPC.
func (e *OwnENI) InVPC(addr wire.Addr) bool {
	a := addr.Netip()
	return slices.ContainsFunc(e.network.cidrs, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Blocks are the blocks of the ENI's VPC, of both families, the primary one first.
func (e *OwnENI) Blocks() []netip.Prefix { return e.network.cidrs }
