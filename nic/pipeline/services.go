package pipeline

import (
	"net/netip"

	"nitrocard/nic/wire"
)

// localServices answers packets for the services of the card itself, which neither groups
// nor network ACLs filter (EC2 User Guide, security groups). A packet to a link-local
// address goes no further than here, because no route leads there (VPC guide, route
// tables).
func (w *Worker) localServices(p *packet) Verdict {
	switch {
	case p.EtherType == wire.EtherTypeARP:
		return w.arp(p)
	case p.IsND():
		return w.neighborDiscovery(p)
	}
	s, v := p.guest.asked(&p.Headers)
	switch {
	case s == noService:
		return v
	case !w.queues[p.guest.number].label.services.take(uint32(w.now/1e9), linkLocalPackets):
		return LinkLocalAllowanceExceeded
	case s == routersEcho:
		return p.echo()
	}
	return w.punt(p)
}

// echo makes p, a ping to the router, the router's answer.
func (p *packet) echo() Verdict {
	frame := p.frame.Bytes()
	wire.EchoReply(frame, &p.Headers)
	e := wire.Ethernet(frame)
	e.SetDst(p.guest.mac)
	e.SetSrc(p.guest.router)
	return answered
}

// service is one of the services of the card.
type service uint8

const (
	noService   service = iota
	punted              // another thread serves it
	routersEcho         // a ping to the router of the subnet, which a worker answers
)

// Ports of the services.
const (
	PortDNS    = 53  // RFC 1035 section 4.2
	PortDHCP   = 67  // of the server, RFC 2131 section 4.1
	PortHTTP   = 80  // RFC 9110 section 4.2.1
	PortNTP    = 123 // RFC 5905 section 7.2
	PortDHCPv6 = 547 // of the server, RFC 8415 section 7.2
)

// Addresses that the services have in every VPC (VPC User Guide, "Amazon DNS server"; EC2 User Guide, instance
// metadata and Amazon Time Sync Service), and of DHCP.
var (
	broadcast  = wire.AddrFrom4(0xffff_ffff)
	dhcpAgents = address("ff02::1:2") // RFC 8415 section 7.1

	Resolver, Resolver6 = address("169.254.169.253"), address("fd00:ec2::253")
	Metadata, Metadata6 = address("169.254.169.254"), address("fd00:ec2::254")
	clock, clock6       = address("169.254.169.123"), address("fd00:ec2::123")
)

func address(a string) wire.Addr { return wire.AddrFrom(netip.MustParseAddr(a)) }

// asked is the service that a packet of the guest's asks, or without one the verdict on the packet.
func (g *guest) asked(h *wire.Headers) (service, Verdict) {
	s := g.serviceOf(h)
	switch {
	case s != noService && g.eni.NAT == nil: // who is behind a NAT gateway asks, by NAT64, for what is not its own
		return s, Consumed
	case isLinkLocalService(h.Dst):
		return noService, LocalServiceAbsent
	}
	return noService, next
}

// serviceOf is the service that a packet of the guest's is for. A fragment without ports is
// for none, because no client of these services sends one.
func (g *guest) serviceOf(h *wire.Headers) service {
	switch {
	case h.Frag == wire.LaterFragment:
		return noService
	case h.IsICMP():
		if (h.Type == wire.ICMPEcho || h.Type == wire.ICMPv6Echo) && h.Type == h.Query() && h.Frag == wire.Whole && g.isRouter(h.Dst) {
			return routersEcho
		}
		return noService
	case h.Frag == wire.Whole && g.serves(h):
		return punted
	}
	return noService
}

// serves tells whether one of the services has the destination of a packet.
func (g *guest) serves(h *wire.Headers) bool {
	udp, tcp := h.Proto == wire.ProtoUDP, h.Proto == wire.ProtoTCP
	switch {
	case udp && h.DstPort == PortDHCP:
		return h.Dst == broadcast || h.Dst == g.gateway
	case udp && h.DstPort == PortDHCPv6:
		return h.Dst == dhcpAgents || !h.Dst.Is4() && g.isRouter(h.Dst)
	case h.DstPort == PortDNS && (udp || tcp):
		return g.isResolver(h.Dst)
	case udp && h.DstPort == PortNTP:
		return h.Dst == clock || h.Dst == clock6
	case tcp && h.DstPort == PortHTTP:
		return h.Dst == Metadata || h.Dst == Metadata6
	}
	return false
}

// isResolver tells whether the resolver of the guest's VPC has an address: the two
// link-local ones, and the one after the router's in the VPC's primary block (VPC User Guide,
// "Amazon DNS server").
func (g *guest) isResolver(addr wire.Addr) bool {
	return addr == Resolver || addr == Resolver6 || !g.resolver.IsZero() && addr == g.resolver
}

// isServed tells whether a service has an address, so that ARP and neighbor discovery of a
// guest find the router there.
func (g *guest) isServed(addr wire.Addr) bool {
	return addr == Metadata || addr == Metadata6 || addr == clock || addr == clock6 || g.isResolver(addr)
}

// isLinkLocalService tells whether an address is one of those that EC2 keeps for its
// services: 169.254.0.0/16, and fd00:ec2::/32 (VPC guide, route tables).
func isLinkLocalService(addr wire.Addr) bool {
	if addr.Is4() {
		return addr.As4()>>16 == 169<<8|254
	}
	hi, _ := addr.Words()
	return hi>>32 == 0xfd000ec2
}
