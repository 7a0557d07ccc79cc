package nat

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Lengths that IPv6 can say and IPv4 cannot: the gateway drops a fragment of one, and an error
// whose quote says one, and counts both as dropped. Shorter ones pass.
func TestLengthsThatIPv4CannotSay(t *testing.T) {
	now := int64(1_780_000_000e9)
	a := insideOf(t, 100, 1, &now).Appliance(0)
	out := wiretest.UDP("[2001:db8:a::4]:9", "[64:ff9b::cb00:7109]:53").ID(7).Size(14 + 40 + 64 + 4)
	pieces := out.Fragments(64)
	_, _, v := throughBytes(a, pieces[0])
	require.Equal(t, pipeline.Sent, v)
	quoted := append(wiretest.UDP("[64:ff9b::cb00:7109]:53", "[2001:db8:a::4]:9").Bytes(), make([]byte, 0xffff)...)
	for _, c := range []struct {
		offset, length uint16 // of the fragment, and of the quoted packet's payload
		want           pipeline.Verdict
	}{
		{65504, 65515, pipeline.Sent},
		{65512, 65516, pipeline.NATFamily},
		{65512, 65535, pipeline.NATFamily},
	} {
		copy(pieces[1][14+40+2:], []byte{byte(c.offset >> 8), byte(c.offset)})
		h, frame, v := throughBytes(a, pieces[1])
		require.Equal(t, c.want, v, "a fragment at %d", c.offset)
		require.Equal(t, wire.NoFault, wire.Parse(frame, &h))

		wire.IPv6(quoted[14:]).SetPayloadLen(int(c.length))
		h, frame, v = throughBytes(a, wiretest.ICMPError(wire.ICMPv6Unreachable, 4, "2001:db8:a::4", quoted).Quote(200).Bytes())
		require.Equal(t, c.want, v, "a quote of %d bytes", c.length)
		if _, ok := wire.Embedded(frame, &h); v == pipeline.Sent {
			require.True(t, ok, "what is sent names the packet that it is about")
		}
	}
	require.EqualValues(t, 4, a.metrics.PacketsDropCount)
}
