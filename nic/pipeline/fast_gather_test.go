package pipeline

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/tables/oracle"
)

// gatherers are two working sets that know the same ENIs.
func gatherers(t *testing.T) (x *rig, g, twin *gather) {
	x = newRig(t)
	g = &x.w.fast.gather
	twin = &gather{}
	*twin = *g
	return x, g, twin
}

// lent is a burst of frames, each in memory of its own that ends one byte
// later: an empty frame, too, must lie in its memory.
func lent(frames [][]byte) []pmd.Frame {
	burst := make([]pmd.Frame, len(frames))
	for i, frame := range frames {
		mem := slices.Concat(make([]byte, pmd.Headroom), frame, []byte{0})
		burst[i].Lend(mem, pmd.Headroom, len(frame))
	}
	return burst
}

// asPortable holds that both find the same in a burst.
func asPortable(t *testing.T, g, twin *gather, frames [][]byte) (plain uint64) {
	t.Helper()
	burst := lent(frames)
	plain, odd, second := g.tunnels(burst)
	plain2, odd2, second2 := twin.tunnelsPortable(burst)
	require.Equal(t, []uint64{plain2, odd2, second2}, []uint64{plain, odd, second}, "frames %x", frames)
	for i := range frames {
		if plain&(1<<i) != 0 {
			require.Equal(t, twin.keys[i], g.keys[i], "frame %d: %x", i, frames[i])
		}
	}
	return plain
}

// Whatever comes in a burst, assembly and Go find the same.
func TestTunnelsAsPortable(t *testing.T) {
	x, g, twin := gatherers(t)
	r := oracle.Random(t)
	found := 0
	for range shorter(4000) {
		frames := make([][]byte, 1+r.IntN(pmd.MaxBurst))
		for i := range frames {
			frames[i] = x.anyTunnel(r)
		}
		if asPortable(t, g, twin, frames) != 0 {
			found++
		}
	}
	require.Greater(t, found, shorter(2000))
}

// anyTunnel is a frame for some ENI, often damaged, cut or longer than it
// says.
func (x *rig) anyTunnel(r *rand.Rand) []byte {
	eni := []string{"eni-a1", "eni-a1", "eni-a2", "eni-b1", "eni-a3"}[r.IntN(5)]
	to := []string{"35.72.2.8", "10.0.1.5", "35.72.2.9", "10.0.1.6"}[r.IntN(4)]
	frame := x.tunnelBytes(edge, eni, anyPacket(r, end2end{client, r.IntN(1 << 16), to, r.IntN(1 << 16)}, r.IntN(23)))
	frame = damaged(r, frame)
	switch r.IntN(20) {
	case 0:
		frame = frame[:r.IntN(len(frame)+1)]
	case 1:
		frame = append(frame, make([]byte, r.IntN(30))...)
	case 2:
		binary.BigEndian.PutUint16(frame[wire.OuterLen+16:], uint16(r.IntN(200))) // a length, and a sum to match
		frame = mendedInside(frame)
	case 3:
		frame = x.tunnel(edge, eni, wiretest.UDP(client+":40000", to+":53").Payload("short"))
	case 4:
		ip := frame[wire.OuterLen+wire.EthernetLen:]
		carry(r, ip)
		frame = mendedInside(frame)
	}
	return frame
}

// mendedInside is a tunnel whose packet has the right header checksum.
func mendedInside(frame []byte) []byte {
	return slices.Concat(frame[:wire.OuterLen], wiretest.Mend(frame[wire.OuterLen:]))
}

// carry gives an IPv4 header identification and addresses whose sum, in words
// of eight bytes, carries over as often as not.
func carry(r *rand.Rand, ip []byte) {
	high := uint32(r.IntN(1 << 16)) // of the first word: the identification, and no flags
	binary.LittleEndian.PutUint32(ip[4:], high)
	binary.LittleEndian.PutUint32(ip[12:], ^high)
	binary.LittleEndian.PutUint32(ip[16:], r.Uint32())
}

// Each bit of the headers means the same to both, and so does each length of
// the frame.
func TestTunnelsAsPortableBitByBit(t *testing.T) {
	x, g, twin := gatherers(t)
	for _, p := range []wiretest.Packet{wiretest.TCP(client+":40000", "35.72.2.8:80"), wiretest.UDP(client+":40000", "35.72.2.8:53").Size(60)} {
		sound := x.tunnel(edge, "eni-a1", p)
		require.NotZero(t, asPortable(t, g, twin, [][]byte{sound}))
		for at := range len(sound) * 8 {
			frame := slices.Clone(sound)
			frame[at/8] ^= 1 << (at % 8)
			asPortable(t, g, twin, [][]byte{frame})
			asPortable(t, g, twin, [][]byte{wiretest.Mend(frame)})
			asPortable(t, g, twin, [][]byte{mendedInside(frame)})
		}
		for n := range len(sound) {
			asPortable(t, g, twin, [][]byte{sound[:n]})
		}
	}
}

// Zero is no sender, and no ENI.
func TestTunnelsKnowZero(t *testing.T) {
	x, g, twin := gatherers(t)
	sound := x.tunnel(edge, "eni-a1", wiretest.TCP(client+":40000", "35.72.2.8:80"))
	for _, zero := range [][2]int{{26, 4}, {46, 10}} { // the outer source; VNI and inner station
		frame := wiretest.Mend(wiretest.Put(sound, zero[0], make([]byte, zero[1])...))
		require.Zero(t, asPortable(t, g, twin, [][]byte{frame}))
	}
}

// ENIs that share a place lie one after the other, up to a free one: each is
// found, and none is taken for another.
func TestTunnelsKnowENIsThatShareAPlace(t *testing.T) {
	x, g, twin := gatherers(t)
	g.enis = eniTable{places: make([]eniPlace, 1)} // there is but one, and those behind it
	twin.enis = g.enis
	ids := []string{"eni-a1", "eni-a2", "eni-b1"}
	for known := range len(ids) + 1 {
		for i, id := range ids {
			frame := x.tunnel(edge, id, wiretest.TCP(client+":40000", "35.72.2.8:80"))
			plain := asPortable(t, g, twin, [][]byte{frame})
			require.Equal(t, i < known, plain != 0, "%s of %d", id, known)
			if plain != 0 {
				require.Equal(t, x.eni(id).Number, g.keys[0].ENI())
			}
		}
		if known < len(ids) {
			e := x.eni(ids[known])
			g.enis.add(eniPlace{wire.TargetOf(e.VNI, e.MAC.Bits()), e.Number, e.Primary.As4(), e.Public().As4(), true})
			twin.enis = g.enis
		}
	}
}

// The same of what a guest sends: assembly and Go find the same, whatever it
// is, and bit by bit.
func TestPacketsAsPortable(t *testing.T) {
	x, g, twin := gatherers(t)
	a1 := x.Setup().guest(x.eni("eni-a1").Number)
	r := oracle.Random(t)
	same := func(frames [][]byte) (plain uint64) {
		t.Helper()
		burst := lent(frames)
		plain, odd := g.packets(a1, burst)
		plain2, odd2 := twin.packetsPortable(a1, burst)
		require.Equal(t, []uint64{plain2, odd2}, []uint64{plain, odd}, "frames %x", frames)
		for i := range frames {
			if plain&(1<<i) != 0 {
				require.Equal(t, twin.keys[i], g.keys[i], "frame %d: %x", i, frames[i])
			}
		}
		return plain
	}
	found := 0
	for range shorter(4000) {
		frames := make([][]byte, 1+r.IntN(pmd.MaxBurst))
		for i := range frames {
			frames[i] = x.anySent(r)
		}
		if same(frames) != 0 {
			found++
		}
	}
	require.Greater(t, found, shorter(2000))
	for _, p := range []wiretest.Packet{wiretest.TCP("10.0.1.5:80", client+":40000"), wiretest.UDP("10.0.1.5:53", client+":40000").Size(60)} {
		sound := p.MACs(x.eni("eni-a1").MAC, x.eni("eni-a1").RouterMAC).Bytes()
		require.NotZero(t, same([][]byte{sound}))
		for at := range len(sound) * 8 {
			frame := slices.Clone(sound)
			frame[at/8] ^= 1 << (at % 8)
			same([][]byte{frame})
			same([][]byte{wiretest.Mend(frame)})
		}
		for n := range len(sound) {
			same([][]byte{sound[:n]})
		}
	}
}

// anySent is a frame that eni-a1 may send, often damaged, cut or longer than
// it says.
func (x *rig) anySent(r *rand.Rand) []byte {
	frame := x.anyOut(r, r.IntN(24))
	switch r.IntN(12) {
	case 0:
		frame = frame[:r.IntN(len(frame)+1)]
	case 1:
		frame = append(frame, make([]byte, r.IntN(30))...)
	case 2:
		if len(frame) >= wire.EthernetLen+wire.IPv4Len {
			carry(r, frame[wire.EthernetLen:])
			frame = wiretest.Mend(frame)
		}
	case 3:
		binary.BigEndian.PutUint16(frame[16:], uint16(r.IntN(200)))
		frame = wiretest.Mend(frame)
	case 4:
		a1 := x.eni("eni-a1")
		frame = wiretest.UDP("10.0.1.5:53", client+":40000").Payload("short").MACs(a1.MAC, a1.RouterMAC).Bytes()
	}
	return frame
}
