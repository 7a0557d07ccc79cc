package wire_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// An address is the same however it came, and as people write it.
func TestAddr(t *testing.T) {
	for _, c := range []struct {
		text  string
		four  bool
		value uint32
	}{
		{"0.0.0.0", true, 0},
		{"10.0.1.5", true, 0x0a000105},
		{"255.255.255.255", true, 0xffffffff},
		{"::", false, 0},
		{"::1", false, 0},
		{"::10.0.1.5", false, 0}, // an IPv6 address, which RFC 4291 deprecates
		{"2001:db8::a00:105", false, 0},
		{"2001:db8::ffff:a00:105", false, 0},
	} {
		text := c.text
		if text == "::10.0.1.5" {
			text = "::a00:105"
		}
		a := wire.AddrFrom(netip.MustParseAddr(c.text))
		require.Equal(t, c.four, a.Is4(), c.text)
		require.Equal(t, c.value, a.As4(), c.text)
		if c.text != "::" { // which stands for no address (RFC 4291 section 2.5.2)
			require.Equal(t, text, a.String())
			require.False(t, a.IsZero())
		}
		if c.four {
			require.Equal(t, a, wire.AddrFrom4(c.value))
			require.Equal(t, a, wire.AddrFrom(netip.AddrFrom16(netip.MustParseAddr(c.text).As16())), "the mapped form is the same address")
		}
	}
	require.True(t, wire.AddrFrom(netip.Addr{}).IsZero())
	require.False(t, wire.Addr{}.Netip().IsValid())
	require.NotEqual(t, wire.Addr{}, wire.AddrFrom4(0), "0.0.0.0 is an address")
}

// The addresses of one delegated prefix have one Net80, and those of two have two.
func TestNet80(t *testing.T) {
	for addr, want := range map[string]string{
		"2001:db8:a:1:2:3:4:5": "2001:db8:a:1:2::", "2001:db8:a:1:2:ffff:ffff:ffff": "2001:db8:a:1:2::", "2001:db8:a:1:3::": "2001:db8:a:1:3::",
		"10.0.1.5": "10.0.1.5",
	} {
		require.Equal(t, want, wire.AddrFrom(netip.MustParseAddr(addr)).Net80().String())
	}
}
