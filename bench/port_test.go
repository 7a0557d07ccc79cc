package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

// counter is a port whose frames are numbered.
type counter struct {
	sink
	mem  [pmd.MaxBurst][pmd.Headroom + 60]byte
	next byte
}

func (c *counter) Rx(b *pmd.Burst) {
	b.N = pmd.MaxBurst
	for i := range b.Frames {
		b.Frames[i].Lend(c.mem[i][:], pmd.Headroom, 60)
		b.Frames[i].Bytes()[0] = c.next
		c.next++
	}
}

func (c *counter) Stats() pmd.Stats { return pmd.Stats{RxPackets: uint64(c.next)} }

func TestAShorterBurstLosesNoFrame(t *testing.T) {
	for _, most := range []int{1, 5, 32, 63, 64} {
		p := newPort(&counter{}, most)
		var b pmd.Burst
		for n := 0; n < 200; n += b.N {
			p.Rx(&b)
			require.LessOrEqual(t, b.N, most)
			for i := range b.N {
				require.EqualValues(t, n+i, b.Frames[i].Bytes()[0])
			}
			require.EqualValues(t, n+b.N, p.Stats().RxPackets)
			if n+b.N+pmd.MaxBurst > 255 {
				break // the counter's byte is full
			}
		}
	}
}

func TestAPortReceivesInItsTurn(t *testing.T) {
	p := newPort(&counter{}, pmd.MaxBurst)
	p.turns, p.turn = 3, 2
	var got []int
	for range 7 {
		var b pmd.Burst
		p.Rx(&b)
		got = append(got, b.N)
	}
	require.Equal(t, []int{0, 64, 0, 0, 64, 0, 0}, got)
}

func TestAStandInLeavesNothingBehind(t *testing.T) {
	p := newPort(&counter{}, 5)
	var b pmd.Burst
	p.use(&counter{})
	p.Rx(&b)
	p.use(p.Port)
	require.Zero(t, p.Stats().RxPackets)
	p.Rx(&b)
	require.EqualValues(t, 0, b.Frames[0].Bytes()[0])
}
