package oracle

import (
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// How many bytes an IP packet may have, header included: "MTU 9001 in VPC and over peering in the
// region; 8500 over inter-region peering, transit gateway, NATGW; 1500 over IGW and VPN".
const (
	mtuVPC      = 9001
	mtuNAT      = 8500
	mtuInternet = 1500
	leastMTU6   = 1280 // of IPv6 (RFC 8200 section 5)
)

// mtuTo is the MTU of the way to an ENI of a VPC or its peer.
func (w *World) mtuTo(to *ec2.NetworkInterface) int {
	if w.natOf(to) != nil {
		return mtuNAT
	}
	return mtuVPC
}

// fits tells whether a packet may go on where so many bytes do: "fragmented, or dropped if DF". A
// packet of IPv6 is never fragmented on its way (RFC 8200 section 5).
func (y *way) fits(mtu int) bool {
	switch {
	case y.p.Len <= mtu:
		return true
	case y.p.DF || y.p.Src.Is6():
		return false
	}
	y.p.Fragmented = true
	y.cut = mtu // no part of a way carries more than one before it
	return true
}

// tooBig ends the way of a packet that is longer than the way carries: "ICMP 3/4 (v4), PTB (v6)",
// which no group and no network ACL filters, because "SG and NACL do not filter … reserved VPC-router
// addresses".
func (y *way) tooBig(e *ec2.NetworkInterface, mtu int) []Outcome {
	o := Outcome{Dropped: TooBig, At: y.at, Packet: y.p}
	to := y.sender
	if y.through != nil {
		y.commits[len(y.commits)-1] = func() { y.w.mayHear(y.through, y.sent) }
		to = y.w.Owner(y.w.VPC(e), y.sent.Src) // as each answer by a NAT gateway
	}
	switch {
	case y.sender == nil:
	case to == nil:
		return y.drop(NoNeighbor)
	default:
		told := y.tooBigFrom(y.w.router(e, y.p.Src), mtu)
		o.Told, o.ENI = &told, to.NetworkInterfaceId
		if y.through != nil {
			y.mayFall(e, to, told)
		}
	}
	return y.end(o)
}

// mayFall notes where what a router tells may fall on its way back through a NAT gateway, for AWS does not tell whether it
// is the router's there, which nothing filters, or the gateway's. A RST has ended the connection.
func (y *way) mayFall(nat, to *ec2.NetworkInterface, told Packet) {
	fall := func(by Part, at *ec2.NetworkInterface) {
		y.maybes = append(y.maybes, y.outcome(Outcome{Dropped: by, At: at.NetworkInterfaceId, Packet: told}))
	}
	if !y.w.isRegional(nat) && !y.w.aclAllows(y.w.Subnet(nat), Out, told) {
		fall(ACLOut, nat)
	}
	if !y.w.aclAllows(y.w.Subnet(to), In, told) {
		fall(ACLIn, to)
	}
	if y.sent.Flags&RST != 0 {
		fall(GroupIn, to)
	}
}

// tooBigFrom is the ICMP error that a router answers to the packet as it was sent. One that was translated into the other
// family comes back without what translation takes from a packet.
func (y *way) tooBigFrom(router netip.Addr, mtu int) Packet {
	sent := y.sent
	if sent.Src.Is4() {
		told := sent.ErrorAbout(router, Unreachable, 4)
		told.MTU = mtu
		return told
	}
	if y.p.Src.Is4() {
		router, mtu = In6(router), mtu+lengthened
		sent.bare()
	}
	told := sent.ErrorAbout(router, TooBig6, 0)
	told.MTU = mtu
	return told
}

// everyRouter is the one of the three addresses that needs no subnet with IPv6.
var everyRouter = netip.MustParseAddr("fe80:ec2::1")

// router is the address of an ENI's router, of an address's family: "reserved: … .1 router", and "the v6
// router has three addresses: subnet::1, a link-local by EUI-64, fe80:ec2::1".
func (w *World) router(e *ec2.NetworkInterface, of netip.Addr) netip.Addr {
	s := w.Subnet(e)
	if of.Is4() {
		return s.CidrBlock.Addr().Next()
	}
	for _, block := range s.Ipv6CidrBlockAssociationSet {
		return block.Ipv6CidrBlock.Addr().Next()
	}
	return everyRouter
}
