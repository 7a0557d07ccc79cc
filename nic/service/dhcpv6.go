package service

import (
	"cmp"
	"net"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
	"github.com/insomniacslk/dhcp/rfc1035label"

	"nitrocard/nic/wire"
)

// Lifetimes of an IPv6 address. The preferred one is EC2's default (VPC User Guide, "DHCP option
// set concepts"); the valid one AWS does not document, and 450 s is what lease files of
// instances show.
const preferredLifetime, validLifetime = 140 * time.Second, 450 * time.Second

// dhcpv6Answer gives a guest its own first IPv6 address (RFC 8415 section 18.3), and never another. As
// for dhcp, nothing is kept of a lease.
func dhcpv6Answer(q *query) bool {
	m, err := dhcpv6.MessageFromBytes(q.payload())
	if err != nil || m.Options.ClientID() == nil {
		return false
	}
	server := serverID(q.eni.RouterMAC)
	chosen := m.Options.ServerID()
	if chosen != nil && !chosen.Equal(server) {
		return false // the client speaks to another server
	}
	a, ok := answerTo6(m, chosen != nil)
	if !ok {
		return false
	}
	a.AddOption(dhcpv6.OptServerID(server))
	q.assign(m, a)
	d := datagram{mac: q.eni.MAC, src: q.eni.RouterMAC.LinkLocal(), dst: q.Src, srcPort: dhcpv6.DefaultServerPort, dstPort: dhcpv6.DefaultClientPort, payload: a.ToBytes()}
	return q.send(d)
}

// answerTo6 is an empty answer to a message. named says that the message names this server, as
// some messages must and others must not (RFC 8415 section 16).
func answerTo6(m *dhcpv6.Message, named bool) (a *dhcpv6.Message, ok bool) {
	var err error
	switch m.Type() {
	case dhcpv6.MessageTypeSolicit:
		if named {
			return nil, false
		}
		a, err = dhcpv6.NewAdvertiseFromSolicit(m)
	case dhcpv6.MessageTypeRequest, dhcpv6.MessageTypeRenew, dhcpv6.MessageTypeRelease, dhcpv6.MessageTypeDecline:
		if !named {
			return nil, false
		}
		a, err = dhcpv6.NewReplyFromMessage(m)
	case dhcpv6.MessageTypeRebind, dhcpv6.MessageTypeConfirm, dhcpv6.MessageTypeInformationRequest:
		a, err = dhcpv6.NewReplyFromMessage(m)
	default:
		return nil, false
	}
	return a, err == nil
}

// serverID names the router of a subnet: by its MAC (RFC 8415 section 11.4).
func serverID(router wire.MAC) dhcpv6.DUID {
	return &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: router[:]}
}

// resolver6 is the address of the DNS server (VPC User Guide, "Amazon DNS server").
var resolver6 = net.ParseIP("fd00:ec2::253")

// assign writes what a message asks for.
func (q *query) assign(m, a *dhcpv6.Message) {
	own, set := q.first6(), optionsOf(q)
	preferred := cmp.Or(set.PreferredIPv6, preferredLifetime)
	switch m.Type() {
	case dhcpv6.MessageTypeRelease, dhcpv6.MessageTypeDecline:
		a.AddOption(&dhcpv6.OptStatusCode{StatusCode: iana.StatusSuccess})
		return
	case dhcpv6.MessageTypeConfirm:
		status := iana.StatusSuccess
		for _, ia := range m.Options.IANA() {
			for _, held := range ia.Options.Addresses() {
				if own == nil || !held.IPv6Addr.Equal(own) {
					status = iana.StatusNotOnLink
				}
			}
		}
		a.AddOption(&dhcpv6.OptStatusCode{StatusCode: status})
		return
	}
	for i, ia := range m.Options.IANA() {
		given := &dhcpv6.OptIANA{IaId: ia.IaId}
		if own != nil && i == 0 {
			given.T1, given.T2 = preferred/2, preferred/5*4
			given.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: own, PreferredLifetime: preferred, ValidLifetime: max(preferred, validLifetime)})
		} else {
			given.Options.Add(&dhcpv6.OptStatusCode{StatusCode: iana.StatusNoAddrsAvail})
		}
		a.AddOption(given)
	}
	if dns := only6(set.DNS); len(dns) > 0 {
		a.AddOption(dhcpv6.OptDNS(dns...))
	}
	a.AddOption(dhcpv6.OptDomainSearchList(&rfc1035label.Labels{Labels: strings.Fields(set.Domain)}))
}

// first6 is the ENI's first IPv6 address, nil if it has none.
func (q *query) first6() net.IP {
	for _, a := range q.eni.Addrs() {
		if !a.Private.Is4() && !a.Private.IsZero() {
			return a.Private.Netip().AsSlice()
		}
	}
	return nil
}
