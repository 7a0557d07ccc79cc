package wiretest

import (
	"slices"

	"nitrocard/nic/wire"
)

// Put is a copy of the frame with the bytes b at an offset.
func Put(frame []byte, at int, b ...byte) []byte {
	c := slices.Clone(frame)
	copy(c[at:], b)
	return c
}

// Cut is a copy of the frame's first n bytes, or of all but the last -n bytes.
func Cut(frame []byte, n int) []byte {
	if n < 0 {
		n += len(frame)
	}
	return slices.Clone(frame[:n])
}

// Mend is a copy of an IPv4 frame without VLAN tags, with the right checksum of the
// IPv4 header, whatever else the header says.
func Mend(frame []byte) []byte {
	c := Put(frame, wire.EthernetLen+10, 0, 0)
	b := c[wire.EthernetLen:]
	n := min(max(wire.IPv4Len, wire.IPv4(b).HeaderLen()), len(b))
	be.PutUint16(b[10:], ^Sum(b[:n]))
	return c
}
