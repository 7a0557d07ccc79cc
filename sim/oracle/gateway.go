package oracle

import (
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// private are the ranges of RFC 1918 and RFC 6598: "The internet gateway drops what comes
// from or goes to RFC 1918 and RFC 6598 addresses, both directions."
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"),
}

// isPrivate tells whether the internet has no such address.
func isPrivate(a netip.Addr) bool {
	for _, p := range private {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// publicOf is the public address of an ENI's private one: "One EIP per private IP." It is
// the zero Addr if there is none.
func (w *World) publicOf(e *ec2.NetworkInterface, a netip.Addr) netip.Addr {
	for _, own := range e.PrivateIpAddresses {
		if own.PrivateIpAddress == a && own.Association != nil {
			return own.Association.PublicIp
		}
	}
	if e.PrivateIpAddress == a && e.Association != nil {
		return e.Association.PublicIp
	}
	for _, eip := range w.Config.Addresses {
		if eip.NetworkInterfaceId == e.NetworkInterfaceId && eip.PrivateIpAddress == a {
			return eip.PublicIp
		}
	}
	return netip.Addr{}
}

// PublicOwner is the ENI that has a public address, and the private address behind it.
func (w *World) PublicOwner(public netip.Addr) (*ec2.NetworkInterface, netip.Addr) {
	for i := range w.Config.NetworkInterfaces {
		e := &w.Config.NetworkInterfaces[i]
		for _, own := range e.PrivateIpAddresses {
			if w.publicOf(e, own.PrivateIpAddress) == public {
				return e, own.PrivateIpAddress
			}
		}
	}
	return nil, netip.Addr{}
}

// hasGateway tells whether an internet gateway is attached to a VPC.
func (w *World) hasGateway(vpc string) bool {
	for _, g := range w.Config.InternetGateways {
		for _, a := range g.Attachments {
			if a.VpcId == vpc {
				return true
			}
		}
	}
	return false
}
