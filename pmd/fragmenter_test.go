package pmd_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// The fragments of a packet are its payload once and in order, each no longer than the MTU and of a
// multiple of 8 bytes but for the last; options stay where they must; outer headers say each
// fragment's length. A fragment may be fragmented again.
func TestFragmenterCutsAPacket(t *testing.T) {
	packet := wiretest.UDP("10.0.1.5:1", "203.0.113.9:53").ID(7).Size(3000)
	for _, c := range []struct {
		frame    []byte
		tunneled bool
		mtu, n   int
	}{
		{packet.Bytes(), false, 1500, 3},
		{packet.Bytes(), false, 576, 6},
		{packet.Options(7, 3, 4, 0).Bytes(), false, 1500, 3}, // of a record of routes, which the first alone has
		{packet.Fragments(2000)[1], false, 576, 2},
		{wiretest.VXLAN("172.16.0.1", "172.16.0.2", 7, packet.Bytes()).Bytes(), true, 1500, 3},
	} {
		ip := wire.EthernetLen
		if c.tunneled {
			ip += wire.OuterLen
		}
		var h wire.Headers
		require.Equal(t, wire.NoFault, wire.Parse(c.frame[ip-wire.EthernetLen:], &h))
		first := h.Place(c.frame[ip-wire.EthernetLen:])
		payload := c.frame[ip-wire.EthernetLen:][h.L4:h.End]

		var g pmd.Fragmenter
		var got []byte
		var buf [pmd.MaxFrame]byte
		g.Start(append([]byte{}, c.frame...), c.tunneled, c.mtu)
		n := 0
		for more := true; more; n++ {
			var size int
			size, more = g.Next(buf[:])
			frame := buf[:size]
			require.NoError(t, wiretest.Check(frame))
			inner := frame[ip-wire.EthernetLen:]
			var f wire.Headers
			require.Equal(t, wire.NoFault, wire.Parse(inner, &f))
			place := f.Place(inner)
			require.Equal(t, []any{first.From + len(got), more || first.More, h.ID, h.Src, h.Dst}, []any{place.From, place.More, f.ID, f.Src, f.Dst})
			require.LessOrEqual(t, len(inner)-wire.EthernetLen, c.mtu)
			got = append(got, inner[f.L4:f.End]...)
			if n > 0 && h.L4 > 34 {
				require.Equal(t, []byte{1, 1, 1, 0}, inner[34:38], "no option of the first fragment")
			}
		}
		require.Equal(t, payload, got)
		require.Equal(t, c.n, n)
	}
}
