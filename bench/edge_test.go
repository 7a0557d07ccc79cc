package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Every frame of the edge's traffic leaves sound, and for the server or the client that it is for.
func TestTheEdgeSortsWhatComes(t *testing.T) {
	for _, six := range []bool{false, true} {
		o := small(Edge)
		o.IPv6, o.Sizes, o.Addresses = six, imix, 5000
		r := set(t, o)
		region := r.forwarder.(*cardWorker).Card.Policy().Region
		underlay, internet := taped(r, 0), taped(r, 1)
		for range 20 {
			r.turn(0)
		}
		addresses := map[wire.Addr]bool{}
		for _, f := range underlay.sent {
			var o wire.Outer
			var h wire.Headers
			require.NoError(t, wiretest.Check(f))
			tunnel, _ := wire.ParseVXLAN(f, &o)
			require.True(t, tunnel)
			require.Equal(t, wire.NoFault, wire.Parse(f[o.Inner:], &h))
			at, known := region.Whereabouts(h.Dst.Netip())
			require.True(t, known, h.Dst)
			require.Equal(t, []any{at.VTEP, at.VNI, at.MAC}, []any{o.Dst.Netip(), o.VNI, wire.Ethernet(f[o.Inner:]).Dst()})
			addresses[h.Dst] = true
		}
		require.Len(t, addresses, r.flows)
		for _, f := range internet.sent {
			h := header(t, f)
			require.Equal(t, []any{gatewayMAC, six}, []any{wire.Ethernet(f).Dst(), !h.Dst.Is4()})
			require.True(t, addresses[h.Src])
		}
		require.Len(t, internet.sent, len(underlay.sent))
		require.Empty(t, r.drops())
		enis := 0
		for m := range region.Since((*vpc.Region)(nil)) {
			for range m.Is.PublicBlocks() {
				enis++
			}
		}
		require.GreaterOrEqual(t, enis, 5000)
	}
}

// header describes a frame that is sound.
func header(t *testing.T, frame []byte) (h wire.Headers) {
	require.NoError(t, wiretest.Check(frame))
	require.Equal(t, wire.NoFault, wire.Parse(frame, &h))
	return h
}
