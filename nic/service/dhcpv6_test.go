package service_test

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
)

// ask6 has the guest send a message to all DHCP servers of its link, and returns the answer,
// nil if there is none.
func (r *rig) ask6(m *dhcpv6.Message) *dhcpv6.Message {
	r.Helper()
	frames := r.ask(r.udp("[fe80::5]:546", "[ff02::1:2]:547", m.ToBytes()))
	if len(frames) == 0 {
		return nil
	}
	from, to, payload := r.datagram(frames)
	require.True(r, from.Addr().IsLinkLocalUnicast())
	require.Equal(r, "[fe80::5]:546", to.String())
	a, err := dhcpv6.MessageFromBytes(payload)
	require.NoError(r, err)
	require.Equal(r, m.TransactionID, a.TransactionID)
	return a
}

func solicit(t *testing.T) *dhcpv6.Message {
	m, err := dhcpv6.NewSolicit(nictest.MACA1[:])
	require.NoError(t, err)
	return m
}

// A client solicits, requests, renews and rebinds, and has its own address all the time.
func TestALeaseOfIPv6(t *testing.T) {
	r := newRig(t)
	a := r.ask6(solicit(t))
	require.Equal(t, dhcpv6.MessageTypeAdvertise, a.Type())
	asks, err := dhcpv6.NewRequestFromAdvertise(a)
	require.NoError(t, err)
	for _, kind := range []dhcpv6.MessageType{dhcpv6.MessageTypeRequest, dhcpv6.MessageTypeRenew, dhcpv6.MessageTypeRebind} {
		if asks.MessageType = kind; kind == dhcpv6.MessageTypeRebind {
			asks.Options.Del(dhcpv6.OptionServerID)
		}
		a := r.ask6(asks)
		require.NotNil(t, a, kind)
		require.Equal(t, dhcpv6.MessageTypeReply, a.Type())
		held := a.Options.OneIANA().Options.OneAddress()
		require.Equal(t, "2001:db8:a:1::5", held.IPv6Addr.String())
		require.Equal(t, [2]time.Duration{140 * time.Second, 450 * time.Second}, [2]time.Duration{held.PreferredLifetime, held.ValidLifetime})
		require.Equal(t, []net.IP{net.ParseIP("fd00:ec2::253")}, a.Options.DNS())
	}
}

// A message that names another server, or that must name one and does not, gets no answer
// (RFC 8415 section 16).
func TestMessagesForAnotherServerOfIPv6(t *testing.T) {
	r := newRig(t)
	a := r.ask6(solicit(t))
	asks, err := dhcpv6.NewRequestFromAdvertise(a)
	require.NoError(t, err)
	asks.Options.Update(dhcpv6.OptServerID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: nictest.MACA1[:]}))
	require.Nil(t, r.ask6(asks))
	asks.Options.Del(dhcpv6.OptionServerID)
	require.Nil(t, r.ask6(asks))
	asks.MessageType = dhcpv6.MessageTypeReply
	require.Nil(t, r.ask6(asks))
}

// A client that moved here with another network's address hears that the address is not on
// this link.
func TestConfirmingAnAddressOfIPv6(t *testing.T) {
	for held, want := range map[string]iana.StatusCode{"2001:db8:a:1::5": iana.StatusSuccess, "2001:db8:a:1::6": iana.StatusNotOnLink} {
		r, m := newRig(t), solicit(t)
		m.MessageType = dhcpv6.MessageTypeConfirm
		m.Options.OneIANA().Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP(held)})
		require.Equal(t, want, r.ask6(m).Options.Status().StatusCode, held)
	}
}

// A list of names that asks for gigabytes is not read.
func TestNamesOfAClientOfIPv6AreNotRead(t *testing.T) {
	r, m := newRig(t), solicit(t)
	list := append(bytes.Repeat([]byte{1, 'a'}, 250), 0)
	list = append(list, bytes.Repeat([]byte{0xc0, 0}, 250)...)
	m.AddOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionDomainSearchList, OptionData: list})
	require.Equal(t, dhcpv6.MessageTypeAdvertise, r.ask6(m).Type())
}

// Each message is answered or discarded as RFC 8415 section 16 says.
func TestWhichMessagesOfIPv6AreAnswered(t *testing.T) {
	r := newRig(t)
	offer := r.ask6(solicit(t))
	for _, c := range []struct {
		what          string
		kind          dhcpv6.MessageType
		client, named bool
		held          string
		want          dhcpv6.MessageType
	}{
		{"a decline", dhcpv6.MessageTypeDecline, true, true, "2001:db8:a:1::5", dhcpv6.MessageTypeReply},
		{"a release", dhcpv6.MessageTypeRelease, true, true, "2001:db8:a:1::5", dhcpv6.MessageTypeReply},
		{"a rebind that names a server", dhcpv6.MessageTypeRebind, true, true, "", 0},
		{"a confirm without an address", dhcpv6.MessageTypeConfirm, true, false, "", 0},
		{"a request without a client", dhcpv6.MessageTypeRequest, false, true, "", 0},
	} {
		m := solicit(t)
		m.MessageType = c.kind
		if !c.client {
			m.Options.Del(dhcpv6.OptionClientID)
		}
		if c.named {
			m.AddOption(dhcpv6.OptServerID(offer.Options.ServerID()))
		}
		if c.held != "" {
			m.Options.OneIANA().Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP(c.held)})
		}
		a := r.ask6(m)
		require.Equal(t, c.want == 0, a == nil, c.what)
		if a != nil {
			require.Equal(t, c.want, a.Type(), c.what)
		}
	}
	for _, client := range []bool{true, false} {
		m := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeInformationRequest, TransactionID: dhcpv6.TransactionID{1, 2, 3}}
		if client {
			m.AddOption(dhcpv6.OptClientID(solicit(t).Options.ClientID()))
		}
		require.NotEmpty(t, r.ask6(m).Options.DNS(), client)
	}
}
