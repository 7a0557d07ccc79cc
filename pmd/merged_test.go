package pmd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// FuzzMayMerge tries whatever a sender writes before a frame and into it. A frame that
// may be lent merged has the headers that every reader of a merged frame counts on, and
// is cut to its last byte, also behind the card's own outer headers.
func FuzzMayMerge(f *testing.F) {
	options := wiretest.TCP("10.0.1.5:1", "8.8.8.8:2").Payload("0123456789abcdef").Bytes()
	f.Add(options, 34, 4, false)
	// IPv4 with options up to its full 60 bytes, and 8 bytes of TCP behind them.
	short := append([]byte{}, options[:14]...)
	short = append(short, 0x4f, 0, 0, 68, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 1, 5, 8, 8, 8, 8)
	for range 40 {
		short = append(short, 1)
	}
	short = append(short, make([]byte, 8)...)
	wire.IPv4(short[14:]).SetChecksum(wire.Sum(short[14:74], 0))
	f.Add(short, 74, 1, false)
	inner := wiretest.TCP("10.0.1.5:1", "10.0.1.6:2").Payload("0123456789abcdef0123456789abcdef").Bytes()
	f.Add(wiretest.VXLAN("10.0.1.5", "8.8.8.8", 1, inner).Bytes(), 84, 1, true)
	f.Add(wiretest.VXLAN("10.0.1.5", "8.8.8.8", 1, inner).Bytes(), 84, 1, false)
	f.Fuzz(func(t *testing.T, frame []byte, tcp, segment int, tunneled bool) {
		if len(frame) < wire.EthernetLen+wire.IPv4Len || len(frame) > 1<<16 {
			return
		}
		tcp, segment = int(uint16(tcp)), int(uint16(segment))
		if !MayMerge(frame, tcp, segment, tunneled) {
			return
		}
		if isOuter := frame[wire.EthernetLen+9] == wire.ProtoUDP; isOuter {
			require.True(t, tunneled, "a guest's own tunnel")
			cutAll(t, frame, segment)
			cutAll(t, frame[wire.OuterLen:], segment)
			return
		}
		cutAll(t, frame, segment)
		outer := wiretest.VXLAN("172.16.0.11", "172.16.0.12", 7, frame).Bytes()
		cutAll(t, outer, segment)
	})
}

// cutAll cuts a merged frame, and holds that no byte of payload is lost.
func cutAll(t *testing.T, frame []byte, segment int) {
	var f Frame
	f.LendMerged(append([]byte{}, frame...), 0, len(frame), segment)
	_, payload := f.Headers()
	var c Cutter
	c.Start(&f)
	packets, bytes := 0, 0
	var buf [MaxFrame + wire.OuterLen]byte
	for n := c.Next(buf[:]); n > 0; n = c.Next(buf[:]) {
		packets, bytes = packets+1, bytes+n-payload
	}
	require.Equal(t, f.Packets(), packets)
	require.Equal(t, len(frame)-payload, bytes)
}
