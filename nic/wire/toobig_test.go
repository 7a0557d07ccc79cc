package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A packet that is too long becomes the error to its sender: from the router, with the MTU and right
// checksums, and no longer than an error may be; the quote is the packet's start, which names its
// connection.
func TestTooBigTellsTheSender(t *testing.T) {
	for _, c := range []struct {
		packet     wiretest.Packet
		from       string
		kind, code uint8
		length     int
	}{
		{wiretest.UDP("10.0.1.5:40000", "203.0.113.9:53").Size(2000).DF(), "10.0.1.1", wire.ICMPUnreachable, wire.ICMPFragNeeded, 576 + 28},
		{wiretest.TCP("10.0.1.5:40000", "203.0.113.9:80").Size(2000).DF().Options(1, 1, 1, 0), "10.0.1.1", wire.ICMPUnreachable, wire.ICMPFragNeeded, 576 + 28},
		{wiretest.TCP("[2001:db8::5]:40000", "[2001:db8::6]:80").Size(2000), "2001:db8::1", wire.ICMPv6TooBig, 0, 1280 + 48},
		{wiretest.UDP("[2001:db8::5]:40000", "[2001:db8::6]:53").Extension(60, 8).Size(2000), "2001:db8::1", wire.ICMPv6TooBig, 0, 1280 + 48},
	} {
		was := c.packet.Bytes()
		frame := append([]byte{}, was...)
		var h, told wire.Headers
		require.Equal(t, wire.NoFault, wire.Parse(frame, &h))
		sent := h.Tuple
		frame = frame[:wire.TooBig(frame, &h, wiretest.Addr(c.from), 1500)]
		require.Equal(t, wire.NoFault, wire.Parse(frame, &told))
		require.Equal(t, []any{c.from, sent.Src, c.kind, c.code}, []any{told.Src.String(), told.Dst, told.Type, told.Code})
		require.LessOrEqual(t, len(frame), wire.EthernetLen+c.length-int(told.L4-told.L3)-wire.ICMPLen)
		require.Equal(t, []byte{1500 >> 8, 1500 & 0xff}, frame[told.L4+6:told.L4+8])
		q, ok := wire.Embedded(frame, &told)
		require.True(t, ok)
		require.Equal(t, sent, q.Tuple)
		require.Equal(t, was[wire.EthernetLen:][:len(frame)-int(q.L3)], frame[q.L3:], "the quote is the packet as it was")
		body := frame[told.L4:told.End]
		if told.EtherType == wire.EtherTypeIPv6 {
			require.Zero(t, wire.Sum(body, wire.PseudoSum(told.Src, told.Dst, wire.ProtoICMPv6, len(body))))
		} else {
			require.Zero(t, wire.Sum(body, 0))
			require.Zero(t, wire.Sum(frame[told.L3:told.L4], 0))
		}
	}
}
