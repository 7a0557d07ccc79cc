package nat

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// NATGW: MSS clamped to what 8,500 bytes carry, wherever the option stands, and the checksum
// fits; options that contradict themselves are left.
func TestASYNAsksForNoMoreThanAGatewayCarries(t *testing.T) {
	for _, c := range []struct {
		options []byte
		at      int
		want    uint16
	}{
		{[]byte{2, 4, 0x23, 0x01, 1, 1, 1, 0}, 22, 8460},
		{[]byte{1, 2, 4, 0x23, 0x01, 1, 1, 0}, 23, 8460}, // at an odd offset
		{[]byte{2, 4, 0x05, 0xb4, 1, 1, 1, 0}, 22, 1460},
		{[]byte{4, 1, 2, 4, 0x23, 0x01, 1, 0}, 24, 8961}, // an option of one byte, which has no end
		{[]byte{0, 0, 2, 4, 0x23, 0x01, 1, 0}, 24, 8961}, // behind the end of the options
		{[]byte{1, 1, 1, 1, 1, 1, 2, 4}, 22, 257},        // cut off
	} {
		segment := wire.TCP(append(make([]byte, wire.TCPLen), c.options...))
		segment[12] = byte(len(segment) / 4 << 4)
		binary.BigEndian.PutUint16(segment[16:], wire.Sum(segment, 0))
		clamp(segment, maxMSS)
		require.Equal(t, c.want, binary.BigEndian.Uint16(segment[c.at:]), c.options)
		require.Zero(t, wire.Sum(segment, 0))
	}
}
