package wire_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// The blocks of RFC 1918, RFC 6598 and RFC 4193, to their first and last addresses, and nothing
// beside them.
func TestPrivateBlocks(t *testing.T) {
	for _, block := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} {
		p := netip.MustParsePrefix(block)
		first := wire.AddrFrom(p.Addr()).As4()
		last := first | (1<<(32-p.Bits()) - 1)
		for addr, want := range map[uint32]bool{first - 1: false, first: true, last: true, last + 1: false} {
			require.Equal(t, want, wire.AddrFrom4(addr).IsPrivate(), "%s: %s", block, wire.AddrFrom4(addr).String())
		}
	}
	for addr, want := range map[string]bool{
		"0.0.0.0": false, "8.8.8.8": false, "::": false, "::a00:1": false,
		"fbff:ffff::": false, "fc00::": true, "fdff:ffff::": true, "fe00::": false,
	} {
		require.Equal(t, want, wire.AddrFrom(netip.MustParseAddr(addr)).IsPrivate(), addr)
	}
}
