package nat

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Whoever finds a way while its connection is being opened finds the other way by it.
func TestWaysLeadToEachOtherFromTheirFirstMoment(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := newGateway(t, 20_000, &now)
	opens(t, g, "10.0.2.7", 1, true) // which has index 0
	begun, done := make(chan Key), make(chan struct{})
	go func() {
		defer close(done)
		for k := range begun {
			at, ok := g.ways.Find(&k)
			for !ok {
				at, ok = g.ways.Find(&k)
			}
			s, in, _ := g.ways.At(at).To()
			back := Key{Src: k.Dst, Dst: s.Addr.As4(), SrcPort: k.DstPort, DstPort: s.Port, Kind: k.Kind}
			if !g.ways.Is(in, &back) {
				t.Errorf("%+v leads to %+v", k, *g.ways.Key(in))
			}
			if _, out, ok := g.ways.At(in).To(); ok && out != at {
				t.Errorf("%+v is answered at %d, not %d", k, out, at)
			}
		}
	}()
	for i := range 5000 {
		begun <- Key{Src: wiretest.Addr("10.0.2.8").As4(), Dst: wiretest.Addr("203.0.113.9").As4(), SrcPort: uint16(i), DstPort: 443, Kind: pipeline.KindOf(wire.ProtoTCP)}
		_, ok := opens(t, g, "10.0.2.8", uint16(i), true)
		require.True(t, ok)
	}
	close(begun)
	<-done
}
