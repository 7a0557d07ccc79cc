package pmdtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

// Round is how many frames are forwarded for one measurement: a few
// milliseconds' worth, which even a busy machine leaves undisturbed now and
// then.
const Round = 2048

// BenchFrame is what is forwarded: 114 bytes that no kernel wants.
func BenchFrame() []byte { return frame(1, 114) }

// Best runs functions in turn, b.N times each, and returns the shortest time
// that each of them told. It is meant for wall time: a thread's CPU time may
// be too short, because a busy kernel does part of a sender's work in a thread
// of its own.
func Best(b *testing.B, rounds ...func() time.Duration) []time.Duration {
	best := make([]time.Duration, len(rounds))
	for range b.N {
		for i, round := range rounds {
			if took := round(); best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	return best
}

// Mpps is the rate, in million frames a second, of one that takes so long.
func Mpps(frame time.Duration) float64 { return 1e3 / float64(frame.Nanoseconds()) }

// Lane is a way through two ports: what Wire sends arrives at From, and leaves
// by To.
type Lane struct {
	From, To pmd.Port
	Wire     *Wire

	burst pmd.Burst
	out   [pmd.MaxBurst]*pmd.Frame
}

// Round fills the ring of From, which is not measured, and returns how long it
// takes to forward a frame from there.
//
// That counts what the far end of To does with it: on a veth the sender's
// thread does the receiver's work, and that is 45 % of the whole even here,
// where nobody wants the frames and the receiver's kernel frees them at once.
func (l *Lane) Round(t testing.TB) time.Duration {
	for f, n := BenchFrame(), 0; n < Round; n++ {
		l.Wire.Give(f)
	}
	received, sent, start := 0, 0, time.Now()
	for l.From.Rx(&l.burst); l.burst.N > 0; l.From.Rx(&l.burst) {
		for i := range l.burst.N {
			l.out[i] = &l.burst.Frames[i]
		}
		received += l.burst.N
		sent += l.To.Tx(l.out[:l.burst.N])
	}
	took := time.Since(start)
	require.Positive(t, sent)
	require.Equal(t, received, sent, "the output was full")
	return took / time.Duration(sent)
}
