package wire

// The IPv6 addresses that stand for IPv4 addresses behind a NAT64 have the well-known prefix
// 64:ff9b::/96 (RFC 6052 section 2.1):
//
//	0                 32                                96             127
//	+-----------------+---------------------------------+---------------+
//	|   0064 ff9b     |                0                | IPv4 address  |
//	+-----------------+---------------------------------+---------------+
const wellKnown = 0x0064_ff9b << 32

// Converted is the IPv6 address that stands for a, an IPv4 address, behind a NAT64.
func (a Addr) Converted() Addr { return Addr{wellKnown, uint64(a.As4())} }

// Embedded is the IPv4 address that a stands for; ok is false if a is no such IPv6 address.
func (a Addr) Embedded() (v4 Addr, ok bool) {
	return AddrFrom4(uint32(a.lo)), a.hi == wellKnown && a.lo>>32 == 0
}
