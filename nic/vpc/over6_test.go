package vpc

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// over6 is a Placement whose tunnel ends are IPv6, of which some words are others.
func over6(t *testing.T, words ...string) (*Policy, error) {
	t.Helper()
	place := strings.NewReplacer(words...).Replace(`{Cards: [{Name: x, Vtep: "2001:db8:16::11/64", Gateway: "2001:db8:16::fe"}, {Name: y, Vtep: "2001:db8:17::12/64"}], Edge: {Vtep: "2001:db8:16::1"}}`)
	e, err := Put("Placement", []byte(place))
	require.NoError(t, err)
	c := story(t)
	c.Placement = *e.Object.(*Placement)
	return Compile(c, CompileOptions{Card: "x"})
}

// The underlay is of one family, and what no tunnel end can have is named, as of IPv4.
func TestAnUnderlayOfIPv6(t *testing.T) {
	p, err := over6(t)
	require.NoError(t, err)
	require.Equal(t, ip("2001:db8:16::11"), p.Card.VTEP)
	require.Equal(t, ip("2001:db8:16::fe"), p.Card.NextHop(ip("2001:db8:17::12")))
	require.Equal(t, ip("2001:db8:16::1"), p.Card.NextHop(ip("2001:db8:16::1")))
	for words, want := range map[[2]string]string{
		{`"2001:db8:17::12/64"`, "172.16.0.12/24"}:                   `Cards[1] y: Vtep 172.16.0.12: the first card has an IPv6 address, and an underlay is of one family`,
		{`"2001:db8:16::1"`, "172.16.0.1"}:                           `Edge: Vtep 172.16.0.1: the first card has an IPv6 address, and an underlay is of one family`,
		{"2001:db8:17::12", "ff02::12"}:                              `Cards[1] y: Vtep ff02::12 is no unicast address`,
		{"2001:db8:17::12", "fe80::12"}:                              `Cards[1] y: Vtep fe80::12 is a link-local address`,
		{"2001:db8:17::12", "2001:db8:17::"}:                         `Cards[1] y: Vtep 2001:db8:17:: is the address of the link 2001:db8:17::/64 itself; one in it is expected`,
		{"2001:db8:17::12", "2001:db8:16::11"}:                       `Cards[1] y: Vtep 2001:db8:16::11 is that of Placement: Cards[0] x`,
		{`Gateway: "2001:db8:16::fe"`, `Gateway: "2001:db8:18::fe"`}: `Cards[0] x: Gateway 2001:db8:18::fe is no neighbour on the link 2001:db8:16::/64`,
	} {
		_, err := over6(t, words[0], words[1])
		require.ErrorContains(t, err, want)
	}
	_, err = over6(t, `Gateway: "2001:db8:16::fe"`, `Gateway: "fe80::1"`)
	require.NoError(t, err, "routers of IPv6 have link-local addresses")
	p, err = over6(t, `, Edge: {Vtep: "2001:db8:16::1"}`, "")
	require.NoError(t, err)
	require.Equal(t, netip.MustParseAddr("2001:2::fe"), p.Region.VTEPs()[Edge].Addr.Netip())
}
