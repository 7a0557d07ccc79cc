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
	m, err := parseMessage6(q.payload())
	if err != nil {
		return false
	}
	server := serverID(q.eni.RouterMAC)
	kind, ok := m.answer(server.ToBytes())
	if !ok {
		return false
	}
	a := &dhcpv6.Message{MessageType: kind, TransactionID: m.transaction}
	if m.client != nil {
		a.AddOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionClientID, OptionData: m.client})
	}
	a.AddOption(dhcpv6.OptServerID(server))
	q.assign(m, a)
	d := datagram{mac: q.eni.MAC, src: q.eni.RouterMAC.LinkLocal(), dst: q.Src, srcPort: dhcpv6.DefaultServerPort, dstPort: dhcpv6.DefaultClientPort, payload: a.ToBytes()}
	return q.send(d)
}

// serverID names the router of a subnet: by its MAC (RFC 8415 section 11.4).
func serverID(router wire.MAC) dhcpv6.DUID {
	return &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: router[:]}
}

// assign writes what a message asks for.
func (q *query) assign(m *message6, a *dhcpv6.Message) {
	own, set := q.first6(), optionsOf(q)
	switch m.kind {
	case dhcpv6.MessageTypeRelease, dhcpv6.MessageTypeDecline:
		a.AddOption(&dhcpv6.OptStatusCode{StatusCode: iana.StatusSuccess})
		return
	case dhcpv6.MessageTypeConfirm:
		status := iana.StatusSuccess
		for _, held := range m.held {
			if own == nil || !held.Equal(own) {
				status = iana.StatusNotOnLink
			}
		}
		a.AddOption(&dhcpv6.OptStatusCode{StatusCode: status})
		return
	}
	preferred := cmp.Or(set.PreferredIPv6, preferredLifetime)
	for i, id := range m.associations {
		given := &dhcpv6.OptIANA{IaId: id}
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
