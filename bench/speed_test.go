//go:build unix

package bench

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

// BenchmarkInbound is the packet path for frames of known connections from
// the internet: outer and inner validation, ENI, connection, state, counters,
// public → private address, tunnel off, delivery.
func BenchmarkInbound(b *testing.B) {
	known(b, func(w *Bench) error { return w.Requests(false) })
}

// BenchmarkOutbound is the same for frames of guests: antispoof, connection,
// state, counters, private → public address, tunnel on.
func BenchmarkOutbound(b *testing.B) {
	known(b, func(w *Bench) error { return w.Answers(false) })
}

// known measures the frames that feed brings, of flows that are established.
func known(b *testing.B, feed func(*Bench) error) {
	for _, flows := range []int{16, 1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("flows=%d", flows), func(b *testing.B) {
			w := start(b, flows, flows+flows/2+1000)
			require.NoError(b, w.Connect(0))
			require.NoError(b, feed(w))
			clock := func() int64 { return 0 }
			for n := 0; n < 2*flows; {
				n += w.Card.Poll(clock())
			}
			run(b, w, clock)
			requireSent(b, w)
		})
	}
}

// BenchmarkNew is the way of a connection's first packet, with 60 rules in
// each of 5 groups, and of its end: connections age out as fast as they come.
func BenchmarkNew(b *testing.B) { fresh(b, Region{ENIs: 16}, 1<<20) }

// BenchmarkNewOf is BenchmarkNew with 20 entries of a network ACL in each direction and 500
// routes to ask besides, for both families. Guests open the connections, because what comes
// from the internet asks no route table of IPv4.
func BenchmarkNewOf(b *testing.B) {
	for _, six := range []bool{false, true} {
		b.Run(map[bool]string{false: "IPv4", true: "IPv6"}[six], func(b *testing.B) {
			fresh(b, Region{ENIs: 1, Uses: Uses{ACL: true, IPv6: six}, Routes: 498, Outward: true}, 1<<20)
		})
	}
}

// BenchmarkNewOut is BenchmarkNew for connections that guests open; those behind a NAT
// gateway open another one there, with a port of the gateway.
func BenchmarkNewOut(b *testing.B) {
	for _, nat := range []bool{false, true} {
		b.Run(map[bool]string{false: "direct", true: "NAT"}[nat], func(b *testing.B) {
			fresh(b, Region{ENIs: 1, Uses: Uses{NAT: nat}, Outward: true}, 1<<17)
		})
	}
}

// fresh measures the first packets of connections in a region, of which so many are live: a
// connection without an answer lives for a minute.
func fresh(b *testing.B, r Region, live int) {
	const lives = 60 * time.Second
	w, err := r.New(1<<24, 3*live*r.owners()/r.ENIs)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, w.Card.Close()) })
	feed := w.Requests
	if r.Outward {
		feed = w.Answers
	}
	require.NoError(b, feed(true))
	now, step := int64(0), int64(lives)*pmd.MaxBurst/int64(live)
	clock := func() int64 { now += step; return now }
	for range 2 * live / pmd.MaxBurst {
		w.Card.Poll(clock())
	}
	run(b, w, clock)
	requireSent(b, w)
}

func start(b *testing.B, flows, connections int) *Bench {
	w, err := Region{ENIs: min(16, flows)}.New(flows, connections)
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

// requireSent holds that every frame went where it should.
func requireSent(b testing.TB, w *Bench) {
	for _, p := range w.Card.Ports() {
		require.Equal(b, p.Received, p.Sent, "%s dropped: %v", p.Name, p.Dropped)
	}
}
