package service

import (
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// leaseTime is for how long an address is given, and mtu what a guest's interface carries,
// as EC2 says in every lease.
const leaseTime, mtu = time.Hour, 9001

// dhcp gives a guest its own primary address (RFC 2131 section 4.3), and never another. The
// address is the ENI's as long as the ENI lives, so nothing is kept of a lease.
func dhcp(q *query) bool {
	asked, err := dhcpv4.FromBytes(q.payload())
	if err != nil || !mayAsk(q, asked) {
		return false
	}
	kind, gives := answerTo(q.eni, asked)
	if kind == dhcpv4.MessageTypeNone {
		return false
	}
	a, err := dhcpv4.New(dhcpv4.WithReply(asked), dhcpv4.WithMessageType(kind))
	if err != nil {
		return false
	}
	a.UpdateOption(dhcpv4.OptServerIdentifier(router(q.eni)))
	if kind != dhcpv4.MessageTypeNak {
		a.ClientIPAddr = asked.ClientIPAddr
		configure(a, q, gives)
	}
	return q.lease(asked, a)
}

// mayAsk tells whether a request is of the ENI's own guest, over Ethernet and past no relay.
func mayAsk(q *query, m *dhcpv4.DHCPv4) bool {
	return !q.eni.Primary.IsZero() && m.OpCode == dhcpv4.OpcodeBootRequest && m.GatewayIPAddr.IsUnspecified() &&
		len(m.ClientHWAddr) == len(q.eni.MAC) && wire.MAC(m.ClientHWAddr) == q.eni.MAC
}

// answerTo is how a request is answered, MessageTypeNone if not at all, and whether the answer
// gives an address. A client says what it believes in one of three places (RFC 2131 section
// 4.3.2): that a server offered the address, that the client had the address before, or that the
// client has the address.
func answerTo(e *vpc.OwnENI, m *dhcpv4.DHCPv4) (kind dhcpv4.MessageType, gives bool) {
	own, requested, server := e.Primary.Netip().AsSlice(), m.RequestedIPAddress(), m.ServerIdentifier()
	switch m.MessageType() {
	case dhcpv4.MessageTypeDiscover:
		return dhcpv4.MessageTypeOffer, true
	case dhcpv4.MessageTypeInform:
		return dhcpv4.MessageTypeAck, false
	case dhcpv4.MessageTypeRequest:
		if server != nil && !server.Equal(router(e)) {
			return dhcpv4.MessageTypeNone, false // the client chose another server
		}
		believed := m.ClientIPAddr
		if believed.IsUnspecified() {
			believed = requested
		}
		if believed.Equal(own) {
			return dhcpv4.MessageTypeAck, true
		}
		return dhcpv4.MessageTypeNak, false
	}
	return dhcpv4.MessageTypeNone, false // a release or a decline changes nothing
}

// router is the address of the router of an ENI's subnet, which EC2's leases name as server and
// router.
func router(e *vpc.OwnENI) net.IP { return e.Subnet.Prefix.Masked().Addr().Next().AsSlice() }

// configure writes the options that EC2 sends, and no other. gives tells whether the guest gets
// its address.
func configure(a *dhcpv4.DHCPv4, q *query, gives bool) {
	e, set := q.eni, optionsOf(q)
	if gives {
		a.YourIPAddr = e.Primary.Netip().AsSlice()
		a.UpdateOption(dhcpv4.OptIPAddressLeaseTime(leaseTime))
	}
	block := e.Subnet.Prefix
	a.UpdateOption(dhcpv4.OptSubnetMask(net.CIDRMask(block.Bits(), 32)))
	a.UpdateOption(dhcpv4.OptRouter(router(e)))
	a.UpdateOption(dhcpv4.OptBroadcastAddress(lastOf(block)))
	a.UpdateOption(dhcpv4.OptHostName(q.policy.Region.HostLabel(e)))
	a.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionInterfaceMTU, []byte{mtu >> 8, mtu & 0xff}))
	a.UpdateOption(dhcpv4.OptDomainName(set.Domain))
	if dns := only4(set.DNS); len(dns) > 0 {
		a.UpdateOption(dhcpv4.OptDNS(dns...))
	}
	if ntp := only4(set.NTP); len(ntp) > 0 {
		a.UpdateOption(dhcpv4.OptNTPServers(ntp...))
	}
	if servers := only4(set.NetBIOS); len(servers) > 0 {
		a.UpdateOption(dhcpv4.Option{Code: dhcpv4.OptionNetBIOSOverTCPIPNameServer, Value: dhcpv4.IPs(servers)})
	}
	if set.NetBIOSNode != 0 {
		a.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionNetBIOSOverTCPIPNodeType, []byte{set.NetBIOSNode}))
	}
}

// lease sends an answer to where the client can hear it (RFC 2131 section 4.1).
func (q *query) lease(asked, a *dhcpv4.DHCPv4) bool {
	d := datagram{
		mac: q.eni.MAC, src: addrFrom(router(q.eni)), srcPort: dhcpv4.ServerPort, dstPort: dhcpv4.ClientPort, payload: a.ToBytes(),
	}
	switch {
	case a.MessageType() == dhcpv4.MessageTypeNak, asked.IsBroadcast() && asked.ClientIPAddr.IsUnspecified():
		d.dst, d.mac = wire.AddrFrom4(0xffff_ffff), wire.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	case q.eni.Owns(addrFrom(asked.ClientIPAddr)):
		d.dst = addrFrom(asked.ClientIPAddr)
	default:
		d.dst = q.eni.Primary
	}
	return q.send(d)
}
