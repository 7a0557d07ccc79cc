package vpc

import "net/netip"

func ip(s string) uint32 { return number(netip.MustParseAddr(s)) }
