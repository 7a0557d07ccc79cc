//go:build !race

package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// streamThrough is a known stream of UDP from another server through a Translator to a guest of this card: a frame of
// it, and the parts of its way behind the head.
func (r *rig) streamThrough() (frame []byte, s *toyTranslator, passage uint32, end *flow.Conn) {
	from, to := Socket{wiretest.Addr("10.0.2.7"), 40000}, Socket{wiretest.Addr("10.0.2.8"), 80}
	r.resolve(serverY)
	s, _ = r.translator(from, "10.0.2.8")
	passage, err := s.passages.Insert(PassageKey{from.Addr.As4(), wiretest.Addr("10.0.1.6").As4(), from.Port, 80, KindOf(wire.ProtoUDP)},
		NewPassage(to, 0, r.w.tick, PassageSteady|PassageIPv4))
	require.NoError(r, err)
	_, err = s.passages.Insert(PassageKey{to.Addr.As4(), from.Addr.As4(), to.Port, from.Port, KindOf(wire.ProtoUDP)},
		NewPassage(Socket{wiretest.Addr("10.0.1.6"), 80}, passage, r.w.tick, PassageOut|PassageSteady|PassageIPv4))
	require.NoError(r, err)
	frame = r.tunnel(serverY, "eni-a2", wiretest.UDP("10.0.2.7:40000", "10.0.1.6:80").Size(60))
	e := r.eni("eni-a4")
	answer := wiretest.UDP("10.0.2.8:80", "10.0.2.7:40000").Size(60).MACs(e.MAC, e.RouterMAC).Bytes()
	for range 3 {
		require.True(r, r.ports[Uplink].Inject(frame))
		r.Poll(r.now)
		require.True(r, r.ports["eni-a4"].Inject(answer))
		r.Poll(r.now)
	}
	require.True(r, r.isSteady(frame))
	return frame, s, passage, r.w.flows.Conn(r.w.crew.trails.At(r.w.fast.at[0]).end.Load())
}

// Assembly takes a packet through a Translator if every part of the way says so, and leaves it for the least thing that
// one does not say.
func TestSteadyAsksEachPartOfAWay(t *testing.T) {
	x := newRig(t)
	frame, s, at, end := x.streamThrough()
	p, k := s.passages.At(at), s.passages.Key(at)
	whole, key, epoch := *p, *k, end.Epoch
	for what, spoil := range map[string]func(){
		"the passage has ended":        func() { *p = Passage{} },
		"is of another policy":         func() { p.Epoch-- },
		"knows no way":                 func() { p.Way = 0 },
		"leads into a tunnel":          func() { p.Way &^= uint64(flow.StatusNeighbor) },
		"leads to another guest":       func() { p.Way += 1 << flow.StatusExit },
		"carries less":                 func() { p.Leaves = uint32(len(frame)-wire.OuterLen-1) << 16 },
		"was silent":                   func() { p.Seen = x.w.tick - passagePause },
		"is the Translator's":          func() { p.State &^= PassageSteady },
		"is of IPv6":                   func() { p.State &^= PassageIPv4 },
		"goes outward":                 func() { p.State |= PassageOut },
		"gives another address":        func() { p.Lo++ },
		"gives another port":           func() { p.End += 1 << 48 },
		"is from another address":      func() { k.Src++ },
		"is for another address":       func() { k.Dst++ },
		"is from another port":         func() { k.SrcPort++ },
		"is for another port":          func() { k.DstPort++ },
		"is of another protocol":       func() { k.Kind = KindOf(wire.ProtoTCP) },
		"is the Translator's by a bit": func() { k.Kind++ },
		"the end is another policy's":  func() { end.Epoch-- },
		"comes by a tunnel":            func() { end.Keep(wire.In, flow.Found{Epoch: epoch, VTEP: 1}) },
		"is on the link":               func() { end.Keep(wire.In, flow.Found{Epoch: epoch, OnLink: true}) },
	} {
		spoil()
		require.False(t, x.isSteady(frame), what)
		*p, *k, end.Epoch = whole, key, epoch
		end.Keep(wire.In, flow.Found{Epoch: epoch})
		require.True(t, x.isSteady(frame), what)
	}
	for what, passes := range map[string]func(){
		"the last tick before a pause": func() { p.Seen = x.w.tick - passagePause + 1 },
		"another worker's tick":        func() { p.Seen = x.w.tick + 1 },
		"a length that is carried":     func() { p.Leaves = uint32(len(frame)-wire.OuterLen) << 16 },
		"the Translator's bits":        func() { p.State |= 1 },
	} {
		passes()
		require.True(t, x.isSteady(frame), what)
		*p = whole
	}
	x.observe(func(*Event) {})
}
