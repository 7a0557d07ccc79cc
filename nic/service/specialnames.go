package service

import (
	"strings"

	"github.com/miekg/dns"

	"nitrocard/nic/wire"
)

// special are domains whose names mean something near who asks, and are nobody else's to ask for: the
// networks that the host is in are not its guests' (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
var special = []string{"localhost.", "local.", "internal.", "home.arpa.", "invalid.", "onion."}

// isSpecial tells whether a name is never asked of the resolver: a special one, or that of an address
// which is not global (RFC 6303).
func isSpecial(name string) bool {
	name = strings.ToLower(name)
	for _, domain := range special {
		if dns.IsSubDomain(domain, name) {
			return true
		}
	}
	if addr, reverse := pointedTo(name); reverse {
		return isNear(addr)
	}
	return isNear6(name)
}

// isNear tells whether an IPv4 address is not global.
func isNear(addr wire.Addr) bool {
	a := addr.Netip()
	return addr.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast()
}

// isNear6 tells whether a name is that of an IPv6 address which is not global, or of a block of such addresses.
func isNear6(name string) bool {
	digits, is := strings.CutSuffix(name, ".ip6.arpa.")
	if !is {
		return false
	}
	for _, near := range []string{"c.f", "d.f", "8.e.f", "9.e.f", "a.e.f", "b.e.f", "0.0.0.0"} { // fc00::/7, fe80::/10, ::/16
		if digits == near || strings.HasSuffix(digits, "."+near) {
			return true
		}
	}
	return false
}
