package pipeline

import (
	"testing"
	"time"

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

// BenchmarkARP is what a guest's question costs that the card answers, beside one that
// the card drops, a burst of them in turns. The answers leave by a port in memory.
func BenchmarkARP(b *testing.B) {
	x := newRig(b)
	x.observe(nil)
	stranger := wiretest.ARPRequest(macA1, "10.0.1.99", "10.0.1.1").Bytes()
	var took [2]time.Duration
	for b.Loop() {
		for i, frame := range [][]byte{question(), stranger} {
			for range pmd.MaxBurst {
				x.ports["eni-a1"].Inject(frame)
			}
			began := time.Now()
			x.Poll(x.now)
			took[i] += time.Since(began)
			x.ports["eni-a1"].Drain(func([]byte) {})
		}
	}
	c := x.counts("eni-a1").Ends
	require.Equal(b, c[Consumed], c[SpoofedAddress], "as many of both")
	packets := float64(b.N) * pmd.MaxBurst
	b.ReportMetric(float64(took[0].Nanoseconds())/packets, "answered-ns")
	b.ReportMetric(float64(took[1].Nanoseconds())/packets, "dropped-ns")
	b.ReportMetric(float64(took[0])/float64(took[1]), "answered/dropped")
	b.ReportMetric(0, "ns/op")
}
