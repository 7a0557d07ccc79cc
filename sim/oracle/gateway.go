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

// IsPrivate tells whether the internet has no such address of IPv4.
func IsPrivate(a netip.Addr) bool {
	for _, p := range private {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// publicOf is the public address of an ENI's private one: "One EIP per private IP." It is
// the zero Addr if there is none. An address of IPv6 is its own.
func (w *World) publicOf(e *ec2.NetworkInterface, a netip.Addr) netip.Addr {
	if a.Is6() {
		return a
	}
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
		if public.Is6() && has(e, public) {
			return e, public
		}
		for _, own := range e.PrivateIpAddresses {
			if w.publicOf(e, own.PrivateIpAddress) == public {
				return e, own.PrivateIpAddress
			}
		}
	}
	return nil, netip.Addr{}
}

// attached tells whether an internet gateway is attached to a VPC.
func (w *World) attached(vpc string) bool {
	for _, g := range w.Config.InternetGateways {
		for _, a := range g.Attachments {
			if a.VpcId == vpc {
				return true
			}
		}
	}
	return false
}

// internetGateway is the way out: "IGW: 1:1 NAT private↔public on the edge; the instance
// sees only the private address; private source without public IP is dropped there." The
// address counts, and not the ENI that sent the packet: a middlebox passes on what others
// sent.
func (y *way) internetGateway(e *ec2.NetworkInterface, by *ec2.Route) []Outcome {
	if !isEgressOnly(*by) && !y.w.attached(y.w.VPC(e)) {
		return y.drop(Blackhole) // "target gone → blackhole"
	}
	owner := y.w.Owner(y.w.VPC(e), y.p.Src)
	if owner == nil || !y.w.publicOf(owner, y.p.Src).IsValid() {
		return y.drop(NoPublic)
	}
	if IsPrivate(y.p.Dst) {
		return y.drop(PrivateEnd)
	}
	if y.w.isClosed(owner, by) {
		return y.drop(PublicAccess)
	}
	switch y.w.passesBy(e, y.p.Src, by) {
	case yes:
		return y.drop(PassedBy)
	case unknown:
		y.maybe(PassedBy)
	}
	if !y.fits(mtuInternet) {
		return y.tooBig(e, mtuInternet)
	}
	y.remember(e, Out)
	y.p.Src = y.w.publicOf(owner, y.p.Src)
	y.translateQuoted(func(q *Packet) {
		if public := y.w.publicOf(owner, q.Dst); public.IsValid() && has(owner, q.Dst) {
			q.Dst = public
		}
	})
	// "Two instances that use each other's public addresses go out and in again at the
	// internet gateway."
	if to, _ := y.w.PublicOwner(y.p.Dst); to != nil {
		return y.fromInternet()
	}
	return y.end(Outcome{Internet: true, Packet: y.p})
}

// fromInternet is the way in.
func (y *way) fromInternet() []Outcome {
	to, private := y.w.PublicOwner(y.p.Dst)
	y.at = ""
	if to == nil {
		return y.drop(NoGateway)
	}
	back := y.w.RouteTo(y.w.Subnet(to), y.p.Src)
	if !y.w.attached(y.w.VPC(to)) && !(y.p.Src.Is6() && back != nil && isEgressOnly(*back)) {
		return y.drop(NoGateway)
	}
	y.at = to.NetworkInterfaceId
	if y.w.isClosed(to, back) {
		return y.drop(PublicAccess)
	}
	if y.p.Src.Is6() && back != nil && isEgressOnly(*back) {
		switch y.w.opened(to, y.p) {
		case no:
			return y.drop(EgressOnly)
		case unknown:
			y.maybe(EgressOnly)
		}
	}
	y.p.Dst = private
	y.translateQuoted(func(q *Packet) {
		if owner, private := y.w.PublicOwner(q.Src); owner == to {
			q.Src = private
		}
	})
	return y.inByTable(to, back)
}

// translateQuoted translates the packet that an ICMP error quotes, which each side knows
// by its own addresses.
func (y *way) translateQuoted(translate func(*Packet)) {
	if y.p.Quoted == nil {
		return
	}
	q := *y.p.Quoted
	translate(&q)
	y.p.Quoted = &q
}
