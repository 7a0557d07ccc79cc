package wire

import (
	"fmt"
	"net"
)

// MAC is an Ethernet address in the order of the wire.
type MAC [6]byte

// Broadcast is the address of every station of a segment.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ParseMAC reads six bytes in hexadecimal, divided by colons or hyphens.
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil || len(hw) != len(MAC{}) {
		return MAC{}, fmt.Errorf("%q is no MAC address: six bytes like 02:00:5e:10:00:01 are expected", s)
	}
	return MAC(hw), nil
}

// String is the address in lower case, divided by colons.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// Bits is the address as a number, first byte highest.
func (m MAC) Bits() uint64 {
	return uint64(m[0])<<40 | uint64(m[1])<<32 | uint64(m[2])<<24 | uint64(m[3])<<16 | uint64(m[4])<<8 | uint64(m[5])
}

// IsZero tells whether no address was set.
func (m MAC) IsZero() bool { return m == MAC{} }

// IsMulticast tells whether the group bit is set, as in Broadcast (IEEE 802.3
// clause 3.2.3).
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// MarshalText writes the address as String does.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what ParseMAC reads.
func (m *MAC) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMAC(string(text))
	return err
}
