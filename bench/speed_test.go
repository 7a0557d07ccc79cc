//go:build unix

package bench

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/pmd"
)

// BenchmarkKnown is the packet path for frames of known connections: outer
// and inner validation, ENI, connection, state, counters, public → private
// address, tunnel off, delivery.
func BenchmarkKnown(b *testing.B) {
	for _, flows := range []int{1, 1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("flows=%d", flows), func(b *testing.B) {
			w := start(b, flows, flows+flows/2+1000, false)
			for seen := 0; seen < 2*flows+pmd.MaxBurst; {
				seen += w.Card.Poll(1)
			}
			run(b, w, func() int64 { return 1 })
			requireDelivered(b, w)
		})
	}
}

// BenchmarkNew is the way of a connection's first packet, with 60 rules in
// each of 5 groups, and of its end: connections age out as fast as they come.
func BenchmarkNew(b *testing.B) {
	const live = 1 << 19
	w := start(b, 1<<24, 2*live, true)
	now, step := int64(0), int64(flow.DefaultTimeouts().SYN)*pmd.MaxBurst/live
	clock := func() int64 { now += step; return now }
	for range 2 * live / pmd.MaxBurst {
		w.Card.Poll(clock())
	}
	run(b, w, clock)
	requireDelivered(b, w)
}

func start(b *testing.B, flows, connections int, syn bool) *Bench {
	w, err := Region{ENIs: min(16, flows)}.New(flows, connections, syn)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, w.Card.Close()) })
	return w
}

// run polls until b.N frames went through and reports packets per second of
// the process's CPU time, so that a neighbor on the machine does not count.
func run(b *testing.B, w *Bench, clock func() int64) {
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime(b)
	for n := 0; n < b.N; {
		n += w.Card.Poll(clock())
	}
	b.ReportMetric(float64(b.N)/1e6/(cpuTime(b)-before).Seconds(), "Mpps")
}

// cpuTime is what all threads of the process used so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// requireDelivered holds that every frame reached its guest.
func requireDelivered(b *testing.B, w *Bench) {
	up := w.Card.Ports()[0]
	require.Equal(b, up.Received, up.Sent, "dropped: %v", up.Dropped)
}
