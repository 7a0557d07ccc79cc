package router

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBIRDsAnswersAreRead(t *testing.T) {
	const two = `BIRD 2.0.12 ready.
Table master4:
35.72.2.0/24         unicast [neighbor2 12:00:01.107] * (100) [AS64500i]
	via 192.0.2.11 on exchange
	Type: BGP univ
	BGP.origin: IGP
	BGP.as_path: 64500
	BGP.next_hop: 192.0.2.11
	BGP.local_pref: 100
                     unicast [neighbor4 12:00:01.108] (100) [AS64500i]
	via 192.0.2.12 on exchange
	Type: BGP univ
	BGP.origin: IGP
	BGP.as_path: 64500
                     unicast [neighbor6 12:00:01.108] (100) [AS64500i]
	via 192.0.2.13 on exchange
	Type: BGP univ
	BGP.as_path: 64502 64500
`
	r, ok := readBIRD(two)
	require.True(t, ok)
	require.Equal(t, Route{
		Prefix: netip.MustParsePrefix("35.72.2.0/24"), ASPath: []uint32{64500},
		Via: []netip.Addr{netip.MustParseAddr("192.0.2.11"), netip.MustParseAddr("192.0.2.12")},
	}, r, "the longer way is not used")

	for _, none := range []string{"", "BIRD 2.0.12 ready.\nNetwork not found\n", "35.72.2.0/24 unreachable [own0 12:00:00.0] * (200)\n\tType: static univ\n"} {
		_, ok = readBIRD(none)
		require.False(t, ok, none)
	}
}

func TestTheLongestPrefixIsUsed(t *testing.T) {
	wide, narrow := Route{Prefix: netip.MustParsePrefix("35.0.0.0/8")}, Route{Prefix: netip.MustParsePrefix("35.72.2.0/24")}
	for to, want := range map[string]Route{"35.72.2.8": narrow, "35.1.1.1": wide, "36.0.0.1": {}, "2001:db8::1": {}} {
		got, ok := Lookup([]Route{wide, narrow}, netip.MustParseAddr(to))
		require.Equal(t, want.Prefix.IsValid(), ok, to)
		require.Equal(t, want, got, to)
	}
}
