package nat

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/tables/oracle"
)

// The ends of the connections through the gateway of these tests.
const (
	host4, host6     = "10.0.2.4", "2001:db8:a::4"
	server4, server6 = "203.0.113.9", "64:ff9b::cb00:7109"
	router4          = "198.51.100.1"
)

// asked is a gateway through which a host of each family asks a server, and what both sides may send next, as
// it comes to the gateway.
func asked(t testing.TB, now *int64) (a *Appliance, out, back []wiretest.Packet) {
	a = insideOf(t, 64, 1, now).Appliance(0)
	out = []wiretest.Packet{
		wiretest.UDP(host4+":9", server4+":53"), wiretest.UDP("["+host6+"]:9", "["+server6+"]:53"),
		wiretest.TCP(host4+":9", server4+":443").Flags(wire.TCPSyn), wiretest.TCP("["+host6+"]:9", "["+server6+"]:443").Flags(wire.TCPSyn),
		wiretest.Echo(host4, server4, 9), wiretest.Echo(host6, server6, 9), wiretest.Query(host4, server4, wire.ICMPTimestamp, 9),
	}
	for _, p := range out {
		h, _, v := through(a, p)
		require.Equal(t, pipeline.Sent, v)
		switch to := end(h.Src, h.SrcPort); {
		case h.Proto == wire.ProtoUDP:
			back = append(back, wiretest.UDP(server4+":53", to))
		case h.Proto == wire.ProtoTCP:
			back = append(back, wiretest.TCP(server4+":443", to).Flags(wire.TCPSyn|wire.TCPAck))
		default:
			back = append(back, wiretest.Query(server4, h.Src.String(), wire.ICMPAnswer(wire.ProtoICMP, h.Type), h.SrcPort))
		}
	}
	return a, out, back
}

// checkFrame has a gateway translate a frame, and holds that what the gateway sends is sound, comes from an
// address of the gateway's or goes to a host inside, and so is the packet that an ICMP error quotes; that
// right checksums stay right; and that nobody outside hears of the addresses inside.
func checkFrame(t testing.TB, a *Appliance, frame []byte) pipeline.Verdict {
	var h wire.Headers
	if len(frame) > pmd.MaxFrame || wire.Parse(frame, &h) != wire.NoFault {
		return pipeline.Malformed(wire.NoFault)
	}
	pool, right := a.place.Pool, wiretest.Check(frame) == nil
	got, out, v := throughBytes(a, frame)
	if v != pipeline.Sent {
		return v
	}
	require.Equal(t, wire.NoFault, wire.Parse(out, &got))
	inward := slices.Contains(pool, h.Dst)
	refused := !inward && got.Dst == h.Src && !slices.Contains(pool, got.Src)
	switch {
	case refused:
		require.True(t, got.Flags&wire.TCPRst != 0 && h.Flags&wire.TCPRst == 0)
	case inward:
		require.True(t, a.isInside(got.Dst), got.Dst)
	default:
		require.Contains(t, pool, got.Src)
		require.Contains(t, []wire.Addr{h.Dst, embedded(h.Dst)}, got.Dst)
	}
	if q, ok := wire.Quote(out, &got); ok {
		require.Equal(t, got.Dst, q.Src)
		require.True(t, inward || slices.Contains(pool, q.Dst))
	}
	require.True(t, got.Frag == wire.Whole || got.Proto == wire.ProtoUDP)
	if right {
		require.NoError(t, wiretest.Check(out))
	}
	return v
}

// seeds are frames of all kinds: what both sides send, in whole and in fragments, with options and extension
// headers, and ICMP errors about all of that, about its fragments, and about such errors.
func seeds(t testing.TB) (frames [][]byte) {
	now := int64(1_780_000_000e9)
	a, out, back := asked(t, &now)
	for _, p := range slices.Concat(out, back) {
		six := p.Bytes()[12] == 0x86
		variants := [][]byte{p.Bytes(), p.Size(1400).Bytes()}
		if six {
			variants = append(variants, p.Extension(0, 8).Extension(60, 8).Bytes())
		} else {
			variants = append(variants, p.Options(7, 7, 4, 0, 0, 0, 0, 0).Bytes())
		}
		variants = append(variants, p.ID(7).Size(300).Fragments(104)...)
		for _, frame := range variants {
			frames = append(frames, frame)
			_, left, v := throughBytes(a, frame)
			if v == pipeline.Sent {
				frames = append(frames, errors(left)...)
			}
		}
	}
	return frames
}

// errors are ICMP errors about a frame that reached its end, and errors about those.
func errors(frame []byte) (all [][]byte) {
	var h wire.Headers
	wire.Parse(frame, &h)
	kinds := []uint8{3, 4, 5, 11, 12}
	if h.EtherType == wire.EtherTypeIPv6 {
		kinds = []uint8{1, 2, 3, 4}
	}
	for _, kind := range kinds {
		e := wiretest.ICMPError(kind, 0, h.Dst.String(), frame)
		all = append(all, e.Bytes(), e.Quote(28).Bytes(), wiretest.ICMPError(kind, 0, h.Dst.String(), e.Bytes()).Bytes())
		all = append(all, e.Size(200).Fragments(104)...)
	}
	return all
}

// Whatever comes to a gateway, checkFrame holds.
func FuzzFrames(f *testing.F) {
	for _, frame := range seeds(f) {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		now := int64(1_780_000_000e9)
		a, _, _ := asked(t, &now)
		checkFrame(t, a, frame)
	})
}

// Frames of all kinds with a few bytes changed, one after the other, are to a gateway as checkFrame holds.
func TestFramesWithBytesChanged(t *testing.T) {
	now := int64(1_780_000_000e9)
	a, _, _ := asked(t, &now)
	r, all, sent := oracle.Random(t), seeds(t), 0
	for i := range 20_000 {
		if i%100 == 0 {
			a, _, _ = asked(t, &now) // in which nothing has ended
		}
		frame := slices.Clone(all[r.IntN(len(all))])
		for range r.IntN(4) {
			frame[wire.EthernetLen+min(r.IntN(40), r.IntN(len(frame)-wire.EthernetLen))] = byte(r.Uint32())
		}
		if frame[12] == 0x08 && r.IntN(2) == 0 {
			frame = wiretest.Mend(frame)
		}
		if checkFrame(t, a, frame) == pipeline.Sent {
			sent++
		}
	}
	require.Greater(t, sent, 500)
}
