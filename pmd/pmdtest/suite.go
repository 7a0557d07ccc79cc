package pmdtest

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

// Run tests a driver over fresh pairs, which open makes and ends with t.
func Run(t *testing.T, open func(t *testing.T) *Pair) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *Pair)
	}{
		{"frames come whole and in order with headroom", receives},
		{"frames of every length survive both ways", lengths},
		{"a VLAN tag stays where it was", tagged},
		{"a lent frame is untouched until the next Rx", lent},
		{"frames go in order and whole", sends},
		{"a pulled and pushed frame goes as the card left it", rewritten},
		{"what Tx has no room for is told", full},
		{"what the wire cannot carry is counted", tooLong},
		{"an empty Tx and Rx do nothing", nothing},
		{"nothing is allocated on the way", steady},
		{"the link goes down and comes back", downUp},
		{"the device goes away", gone},
		{"closing twice is harmless", closing},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func receives(t *testing.T, p *Pair) {
	const bursts = 5
	next := 0
	for range bursts {
		p.give(t, frames(next, 50, 114)...)
		p.receive(t, 50, func(f *pmd.Frame) {
			require.Equal(t, frame(next, 114), f.Bytes())
			require.GreaterOrEqual(t, f.Offset(), pmd.Headroom)
			front := f.Push(pmd.Headroom)
			require.Len(t, front, pmd.Headroom+114)
			clear(front)
			next++
		})
	}
	s := p.Port.Stats()
	require.GreaterOrEqual(t, s.RxPackets, uint64(bursts*50))
	require.GreaterOrEqual(t, s.RxBytes, uint64(bursts*50*114))
}

func lengths(t *testing.T, p *Pair) {
	for _, n := range []int{60, 61, 64, 127, 590, 1514, 4095, 9014, pmd.MaxFrame} {
		if n > p.Max {
			continue
		}
		want := frame(n, n)
		p.give(t, want)
		p.receive(t, 1, func(f *pmd.Frame) {
			require.Equal(t, want, f.Bytes())
			require.Equal(t, 1, p.Port.Tx([]*pmd.Frame{f}))
		})
		require.Equal(t, want, p.arrive(t, 1)[0])
	}
}

func tagged(t *testing.T, p *Pair) {
	for _, tpid := range []uint16{0x8100, 0x88a8} {
		if tpid != 0x8100 && p.OnlyDot1Q {
			continue
		}
		want := frame(1, 118)
		copy(want[16:], want[12:14]) // the tag comes before the type
		binary.BigEndian.PutUint16(want[12:], tpid)
		binary.BigEndian.PutUint16(want[14:], 0x6007)
		p.give(t, want)
		p.receive(t, 1, func(f *pmd.Frame) {
			require.Equal(t, want, f.Bytes())
			require.GreaterOrEqual(t, f.Offset(), pmd.Headroom)
			require.Equal(t, 1, p.Port.Tx([]*pmd.Frame{f}))
		})
		got := p.arrive(t, 1)[0] // a kernel in between may have taken the tag out again
		require.True(t, bytes.HasSuffix(got, want[16:]), "%x", got)
	}
}

func lent(t *testing.T, p *Pair) {
	p.give(t, frames(0, pmd.MaxBurst, 114)...)
	var b pmd.Burst
	Until(t, "a frame", func() bool { p.Port.Rx(&b); return b.N > 0 && ours(b.Frames[0].Bytes()) })
	before := append([]byte(nil), b.Frames[0].Bytes()...)
	for i := range 4 * pmd.MaxBurst {
		p.Give(frame(1000+i, 114))
	}
	require.Equal(t, before, b.Frames[0].Bytes())
}

func sends(t *testing.T, p *Pair) {
	want := frames(0, 200, 114)
	for rest := lend(want); len(rest) > 0; {
		rest = rest[p.Port.Tx(rest[:min(len(rest), pmd.MaxBurst)]):]
	}
	require.Equal(t, want, p.arrive(t, 200))
	s := p.Port.Stats()
	require.Equal(t, [2]uint64{200, 200 * 114}, [2]uint64{s.TxPackets, s.TxBytes})
}

func rewritten(t *testing.T, p *Pair) {
	p.give(t, frame(1, 164))
	p.receive(t, 1, func(f *pmd.Frame) {
		f.Pull(50)
		copy(f.Bytes(), frame(2, 114))
		copy(f.Push(20), frame(3, 134))
		require.Equal(t, 1, p.Port.Tx([]*pmd.Frame{f}))
	})
	require.Equal(t, frame(3, 134), p.arrive(t, 1)[0])
}

func full(t *testing.T, p *Pair) {
	took, offered := 0, 0
	burst := lend(frames(0, pmd.MaxBurst, 114))
	for range 200 {
		took += p.Port.Tx(burst)
		offered += len(burst)
	}
	s := p.Port.Stats()
	require.Equal(t, uint64(took), s.TxPackets+s.TxDropped)
	require.Equal(t, uint64(offered-took), s.TxFull)
}

func tooLong(t *testing.T, p *Pair) {
	long := lend([][]byte{frame(1, 114), frame(2, pmd.MaxFrame+100), frame(3, 114)})
	require.Equal(t, 3, p.Port.Tx(long))
	got := p.arrive(t, 2)
	require.Equal(t, [][]byte{frame(1, 114), frame(3, 114)}, got)
	s := p.Port.Stats()
	require.Equal(t, [2]uint64{2, 1}, [2]uint64{s.TxPackets, s.TxDropped})
}

func nothing(t *testing.T, p *Pair) {
	require.Zero(t, p.Port.Tx(nil))
	b := pmd.Burst{N: 7}
	Until(t, "quiet", func() bool { p.Port.Rx(&b); return b.N == 0 })
	Until(t, "up", func() bool { return p.Port.Link() == nil })
}

func steady(t *testing.T, p *Pair) {
	var b pmd.Burst
	var out [pmd.MaxBurst]*pmd.Frame
	f := frame(1, 114)
	turn := func() {
		for range 8 {
			p.Give(f)
		}
		p.Port.Rx(&b)
		for i := range b.N {
			out[i] = &b.Frames[i]
		}
		p.Port.Tx(out[:b.N])
		p.Take(func([]byte) {})
	}
	for range 300 {
		turn()
	}
	require.Zero(t, testing.AllocsPerRun(500, turn))
}
