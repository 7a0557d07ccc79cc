package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// captured are the files of a cell.
func captured(t *testing.T, c cell) *capture {
	all, err := newCapture(c, t.TempDir())
	require.NoError(t, err)
	return all
}

// framesOf are those of a file.
func framesOf(t *testing.T, file string) (frames [][]byte) {
	require.NoError(t, eachFrame(file, func(f []byte) error {
		frames = append(frames, bytes.Clone(f))
		return nil
	}))
	return frames
}

func TestACaptureHoldsTheFramesOfTheBenchmark(t *testing.T) {
	for _, of := range []cell{{1, "114", few}, {1, "imix", few}, {1000, "114", few}, {2000, "imix", few}, {1000, "114", many}} {
		c := captured(t, of)
		o, err := of.options()
		require.NoError(t, err)
		want, err := o.Requests(false)
		require.NoError(t, err)
		require.Len(t, want, c.flows)
		got := framesOf(t, c.data)
		require.GreaterOrEqual(t, len(got), leastFrames)
		require.Zero(t, len(got)%len(want), "each flow has as many")
		for i, f := range got {
			require.Equal(t, want[i%len(want)], f)
		}
	}
}

func TestTheHandshakeIsASYNOfEachFlowAndItsAnswer(t *testing.T) {
	c := captured(t, cell{100, "imix", few})
	syn, answers := framesOf(t, c.handshake[0]), framesOf(t, c.handshake[1])
	require.Len(t, syn, c.flows)
	require.Len(t, answers, c.flows)
	for i := range syn {
		require.NoError(t, wiretest.Check(answers[i]))
		require.EqualValues(t, 2, syn[i][tcpFlags+1])
		require.EqualValues(t, 0x12, answers[i][tcpFlags+1])
		asked, answered := wire.IPv4(syn[i][innerIP:]), wire.IPv4(answers[i][innerIP:])
		require.Equal(t, [2]uint32{asked.Src(), asked.Dst()}, [2]uint32{answered.Dst(), answered.Src()})
		there, back := syn[i][innerTCP:], answers[i][innerTCP:] // source port, destination port
		require.Equal(t, [2][]byte{there[0:2], there[2:4]}, [2][]byte{back[2:4], back[0:2]})
		require.Equal(t, wire.Ethernet(syn[i][innerMACs:]).Dst(), wire.Ethernet(answers[i][innerMACs:]).Src())
		require.Equal(t, syn[i][:wire.OuterLen], answers[i][:wire.OuterLen], "the same tunnel")
	}
}

func TestCellsThatCannotBe(t *testing.T) {
	for _, c := range []cell{{0, "114", few}, {1, "12", few}, {1, "114", 0}} {
		_, err := newCapture(c, t.TempDir())
		require.Error(t, err)
	}
}
