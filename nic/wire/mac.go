package wire

import (
	"fmt"
	"net"
)

// MAC is an Ethernet address in the order of the wire.
type MAC [6]byte

// Broadcast is the address of every station of a segment.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// String is the address in lower case, divided by colons.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// Bits is the address as a number, first byte highest.
func (m MAC) Bits() uint64 {
	return uint64(m[0])<<40 | uint64(m[1])<<32 | uint64(m[2])<<24 | uint64(m[3])<<16 | uint64(m[4])<<8 | uint64(m[5])
}

// LinkLocal is the link-local IPv6 address that a station makes of its MAC (RFC 4291
// appendix A).
func (m MAC) LinkLocal() Addr {
	b := m.Bits() ^ 1<<41 // the bit that tells local MACs, turned round
	return Addr{0xfe80 << 48, b>>24<<40 | 0xfffe<<24 | b&0xffffff}
}

// IsZero tells whether m is the zero value, which stands for no address.
func (m MAC) IsZero() bool { return m == MAC{} }

// IsMulticast tells whether the group bit is set, as in Broadcast (IEEE 802.3
// clause 3.2.3).
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// MarshalText writes the address as String does.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads six bytes in hexadecimal, divided by colons or hyphens.
func (m *MAC) UnmarshalText(text []byte) error {
	hw, err := net.ParseMAC(string(text))
	if err != nil || len(hw) != len(m) {
		return fmt.Errorf("%q is no MAC address: six bytes like 02:00:5e:10:00:01 are expected", text)
	}
	*m = MAC(hw)
	return nil
}
