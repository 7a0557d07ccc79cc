package oracle

import (
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// ENI is the ENI of an ID.
func (w *World) ENI(id string) *ec2.NetworkInterface {
	for i := range w.Config.NetworkInterfaces {
		if e := &w.Config.NetworkInterfaces[i]; e.NetworkInterfaceId == id {
			return e
		}
	}
	return nil
}

// Subnet is an ENI's.
func (w *World) Subnet(e *ec2.NetworkInterface) *ec2.Subnet {
	for i := range w.Config.Subnets {
		if s := &w.Config.Subnets[i]; s.SubnetId == e.SubnetId {
			return s
		}
	}
	return nil
}

// VPC is an ENI's VPC, which is its subnet's.
func (w *World) VPC(e *ec2.NetworkInterface) string { return w.Subnet(e).VpcId }

// has tells whether an address is one of an ENI's own: "ENI: primary + secondary private
// v4, EIP per private, v6", and delegated prefixes (EC2 User Guide, using-eni and
// ec2-prefix-eni).
func has(e *ec2.NetworkInterface, a netip.Addr) bool {
	if a == e.PrivateIpAddress {
		return true
	}
	for _, own := range e.PrivateIpAddresses {
		if a == own.PrivateIpAddress {
			return true
		}
	}
	for _, own := range e.Ipv4Prefixes {
		if own.Ipv4Prefix.Contains(a) {
			return true
		}
	}
	for _, own := range e.Ipv6Addresses {
		if a == own.Ipv6Address {
			return true
		}
	}
	for _, own := range e.Ipv6Prefixes {
		if own.Ipv6Prefix.Contains(a) {
			return true
		}
	}
	return false
}

// checks tells whether an ENI's guest may only send from, and get, addresses of its
// own: "source/dest check (default on; covers delegated prefixes)".
func checks(e *ec2.NetworkInterface) bool { return e.SourceDestCheck == nil || *e.SourceDestCheck }

// Owner is the ENI that has a private address or one of IPv6 in a VPC, nil if none has it.
func (w *World) Owner(vpc string, a netip.Addr) *ec2.NetworkInterface {
	for i := range w.Config.NetworkInterfaces {
		if e := &w.Config.NetworkInterfaces[i]; w.VPC(e) == vpc && has(e, a) {
			return e
		}
	}
	return nil
}
