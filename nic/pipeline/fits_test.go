package pipeline

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// What does not fit ends as it came, so that it can be quoted: no address, MAC or
// tunnel was written. It leaves no connection behind, and a connection that is known
// does not count it.
func TestWhatDoesNotFitIsLeftAsItCame(t *testing.T) {
	down := func(port string) func(*rig) {
		return func(x *rig) {
			p := mem.New(mem.Options{})
			p.SetLink(pmd.ErrDown)
			x.attach(port, p)
		}
	}
	narrow := func(port string, mtu int) func(*rig) {
		return func(x *rig) { x.attach(port, mem.New(mem.Options{MTU: mtu})) }
	}
	for _, c := range []struct {
		what   string
		dir    wire.Direction
		unfits func(x *rig)
		want   Verdict
	}{
		{"no uplink", wire.Out, func(x *rig) { x.attach(Uplink, nil) }, NoPort},
		{"the uplink is down", wire.Out, down(Uplink), PortDown},
		{"too long with its tunnel", wire.Out, narrow(Uplink, 200+wire.OuterLen-wire.EthernetLen-1), TooLong},
		{"no headroom", wire.Out, func(x *rig) { x.attach("eni-a1", &odd{Port: x.ports["eni-a1"], bare: true}) }, NoHeadroom},
		{"an edge that moved away", wire.Out, func(x *rig) {
			for i := range x.Setup().underlay.hops {
				x.Setup().underlay.hops[i].mac.Store(unresolved)
			}
		}, UnderlayUnresolved},
		{"no guest", wire.In, func(x *rig) { x.attach("eni-a1", nil) }, NoPort},
		{"the guest is down", wire.In, down("eni-a1"), PortDown},
		{"too long for the guest", wire.In, narrow("eni-a1", 200-wire.EthernetLen-1), TooLong},
	} {
		for _, known := range []bool{false, true} {
			x := newRig(t)
			port, packet := Uplink, func(flags uint8) []byte { return x.tunnel(edge, "eni-a1", syn.Flags(flags).Size(200)) }
			if c.dir == wire.Out {
				port, packet = "eni-a1", func(flags uint8) []byte { return to(out.Flags(flags).Size(200))(x) }
			}
			flags := uint8(wire.TCPSyn)
			if known {
				x.send(port, packet(flags)).passed()
				flags = wire.TCPAck
			}
			frame := packet(flags)
			want := slices.Clone(frame)
			if c.dir == wire.In {
				want = want[wire.OuterLen:]
			}
			c.unfits(x)
			before, left := x.flows(""), []byte(nil)
			b := [...]*burst{&x.w.inward, &x.w.outward}[c.dir]
			x.observe(func(e *Event) { x.ended, left = append(x.ended, *e), slices.Clone(b.packets[0].frame.Bytes()) })
			x.send(port, frame).dropped(c.want)
			require.Equal(t, want, left, "%s, known: %v", c.what, known)
			require.Equal(t, before, x.flows(""), "%s, known: %v", c.what, known)
		}
	}
}
