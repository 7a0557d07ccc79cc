package pipeline

import (
	"net/netip"
	"slices"

	"nitrocard/nic/wire"
)

// isPrivate tells whether an address is of RFC 1918 or RFC 6598. An internet gateway lets
// nothing from or to such an address pass (Reachability Analyzer, explanation codes).
func isPrivate(addr wire.Addr) bool {
	return slices.ContainsFunc(privateBlocks, func(p netip.Prefix) bool { return p.Contains(addr.Netip()) })
}

var privateBlocks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), // RFC 1918 section 3
	netip.MustParsePrefix("100.64.0.0/10"), // RFC 6598 section 7
}
