package pipeline

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
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
	return sameKeys(t, g, twin, frames, [2]gathered{g.tunnels(burst), twin.tunnelsPortable(burst)})
}

// sameKeys holds that both found the same, keys too, and returns which frames are plain.
func sameKeys(t *testing.T, g, twin *gather, frames [][]byte, found [2]gathered) (plain uint64) {
	t.Helper()
	require.Equal(t, found[1], found[0], "frames %x", frames)
	plain = found[0].plain
	for i := range frames {
		if plain&(1<<i) != 0 {
			require.Equal(t, twin.keys[i], g.keys[i], "frame %d: %x", i, frames[i])
			require.Equal(t, found[0].six&(1<<i) != 0, g.keys[i].IsIPv6())
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
	to := []string{"35.72.2.8", "10.0.1.5", "35.72.2.9", "10.0.1.6", a1v6, a2v6, a4v6, "::ffff:0:1"}[r.IntN(8)]
	from := client
	if strings.Contains(to, ":") {
		from = []string{client6, other6, client6, "::1"}[r.IntN(4)]
	}
	frame := x.tunnelBytes(edge, eni, anyPacket(r, end2end{from, r.IntN(1 << 16), to, r.IntN(1 << 16)}, r.IntN(23)))
	frame = damaged(r, frame)
	switch r.IntN(20) {
	case 0:
		frame = frame[:r.IntN(len(frame)+1)]
	case 1:
		frame = append(frame, make([]byte, r.IntN(30))...)
	case 2:
		resized(frame[wire.OuterLen:], uint16(r.IntN(200)))
		frame = mendedInside(frame)
	case 3:
		frame = x.tunnel(edge, eni, wiretest.UDP(at(from, 40000), at(to, 53)).Payload("short"))
	case 4:
		if !isIPv6(frame[wire.OuterLen:]) {
			carry(r, frame[wire.OuterLen+wire.EthernetLen:])
			frame = mendedInside(frame)
		}
	}
	return frame
}

// isIPv6 tells whether a frame is IPv6 by its EtherType.
func isIPv6(frame []byte) bool {
	return len(frame) >= wire.EthernetLen && wire.Ethernet(frame).EtherType() == wire.EtherTypeIPv6
}

// resized writes another length into the IP header of a frame.
func resized(frame []byte, n uint16) {
	at := wire.EthernetLen + 2
	if isIPv6(frame) {
		at += 2
	}
	binary.BigEndian.PutUint16(frame[at:], n)
}

// mendedInside is a tunnel whose packet has the right header checksum, which IPv6 lacks.
func mendedInside(frame []byte) []byte {
	if isIPv6(frame[wire.OuterLen:]) {
		return frame
	}
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
	for _, p := range []wiretest.Packet{
		wiretest.TCP(client+":40000", "35.72.2.8:80"), wiretest.UDP(client+":40000", "35.72.2.8:53").Size(60),
		tcp6(at(client6, 40000), at(a1v6, 80), wire.TCPAck), wiretest.UDP(at(client6, 40000), at(a1v6, 53)).Size(80),
	} {
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
	for _, p := range []wiretest.Packet{wiretest.TCP(client+":40000", "35.72.2.8:80"), tcp6(at(client6, 40000), at(a1v6, 80), wire.TCPAck)} {
		sound := x.tunnel(edge, "eni-a1", p)
		for _, zero := range [][2]int{{26, 4}, {46, 10}} { // the outer source; VNI and inner station
			frame := wiretest.Mend(wiretest.Put(sound, zero[0], make([]byte, zero[1])...))
			require.Zero(t, asPortable(t, g, twin, [][]byte{frame}))
		}
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
			for _, p := range []wiretest.Packet{wiretest.TCP(client+":40000", "35.72.2.8:80"), tcp6(at(client6, 40000), at(a1v6, 80), wire.TCPAck)} {
				plain := asPortable(t, g, twin, [][]byte{x.tunnel(edge, id, p)})
				require.Equal(t, i < known, plain != 0, "%s of %d", id, known)
				if plain != 0 {
					require.Equal(t, x.eni(id).Number, g.keys[0].ENI())
				}
			}
		}
		if known < len(ids) {
			e := x.eni(ids[known])
			g.enis.add(eniPlace{target: wire.TargetOf(e.VNI, e.MAC.Bits()), number: e.Number, primary: e.Primary.As4(), public: e.Public().As4(), taken: true})
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
		return sameKeys(t, g, twin, frames, [2]gathered{g.packets(a1, burst), twin.packetsPortable(a1, burst)})
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
	for _, p := range []wiretest.Packet{
		wiretest.TCP("10.0.1.5:80", client+":40000"), wiretest.UDP("10.0.1.5:53", client+":40000").Size(60),
		tcp6(at(a1v6, 80), at(client6, 40000), wire.TCPAck), wiretest.UDP(at(a1v6, 53), at(client6, 40000)).Size(80),
	} {
		sound := p.MACs(x.eni("eni-a1").MAC, x.eni("eni-a1").RouterMAC).Bytes()
		require.NotZero(t, same([][]byte{sound}))
		for at := range len(sound) * 8 {
			frame := slices.Clone(sound)
			frame[at/8] ^= 1 << (at % 8)
			same([][]byte{frame})
			if !isIPv6(sound) {
				same([][]byte{wiretest.Mend(frame)})
			}
		}
		for n := range len(sound) {
			same([][]byte{sound[:n]})
		}
	}
}

// anySent is a frame that eni-a1 may send, often damaged, cut or longer than
// it says.
func (x *rig) anySent(r *rand.Rand) []byte {
	frame := x.anyOut(r, r.IntN(flows))
	switch r.IntN(12) {
	case 0:
		frame = frame[:r.IntN(len(frame)+1)]
	case 1:
		frame = append(frame, make([]byte, r.IntN(30))...)
	case 2:
		if len(frame) >= wire.EthernetLen+wire.IPv4Len && !isIPv6(frame) {
			carry(r, frame[wire.EthernetLen:])
			frame = wiretest.Mend(frame)
		}
	case 3:
		if resized(frame, uint16(r.IntN(200))); !isIPv6(frame) {
			frame = wiretest.Mend(frame)
		}
	case 4:
		a1 := x.eni("eni-a1")
		frame = wiretest.UDP("10.0.1.5:53", client+":40000").Payload("short").MACs(a1.MAC, a1.RouterMAC).Bytes()
	}
	return frame
}
