package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// narrow is a port that takes no more than so many frames of each burst, and counts
// the bursts.
type narrow struct {
	*mem.Port
	takes, bursts int
}

func (n *narrow) Tx(frames []*pmd.Frame) int {
	n.bursts++
	return n.Port.Tx(frames[:min(n.takes, len(frames))])
}

// question is eni-a1's guest that asks who its router is.
func question() []byte { return wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1").Bytes() }

// The answers to a burst leave together, in order, with what goes to the same guest,
// and are the card's own frames.
func TestAnswersLeaveWithTheirBurst(t *testing.T) {
	x := newRig(t)
	x.observe(nil)
	port := &narrow{Port: mem.New(mem.Options{}), takes: pmd.MaxBurst}
	x.attach("eni-a1", port)
	x.ports["eni-a1"] = port.Port
	for range pmd.MaxBurst {
		require.True(t, port.Inject(question()))
	}
	require.Equal(t, pmd.MaxBurst, x.Poll(x.now))
	require.Equal(t, 1, port.bursts)
	require.Len(t, port.Sent(), pmd.MaxBurst)
	c := x.counts("eni-a1")
	require.Equal(t, []uint64{64, 64, 64, 64, 0}, []uint64{c.Received, c.Ends[Consumed], c.Delivered, c.Originated, c.Ends[Sent]})
}

// An answer that the guest's port refuses is lost: the question ended, as consumed,
// and no frame is counted that did not leave. The packet between the answers is sent.
func TestAnAnswerThatThePortRefuses(t *testing.T) {
	for _, observed := range []bool{false, true} {
		x := newRig(t)
		if !observed {
			x.observe(nil)
		}
		port := &narrow{Port: mem.New(mem.Options{}), takes: 1}
		x.attach("eni-a1", port)
		x.ports["eni-a1"] = port.Port
		x.ended = nil
		for _, frame := range [][]byte{question(), to(out)(x), question()} {
			require.True(t, port.Inject(frame))
		}
		x.Poll(x.now)
		c := x.counts("eni-a1")
		require.Equal(t, []uint64{3, 2, 1, 1, 1}, []uint64{c.Received, c.Ends[Consumed], c.Delivered, c.Originated, c.Ends[Sent]})
		require.Zero(t, c.Ends[TxFull]+c.Drops[TxFull])
		require.Len(t, x.ports[Uplink].Sent(), 1)
		if observed {
			require.Len(t, x.ended, 3, "each packet ends once")
		}
	}
}
