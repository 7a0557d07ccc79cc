//go:build linux

package bench

import (
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// pin keeps the calling goroutine to one CPU of the process, the last one but so
// many, until unpin is called. CPUs of a virtual machine may be unlike: where a
// CPU shares its core with another machine's, a packet was seen to cost 1.6 times
// as much, and a thread that moves would compare CPUs.
func pin(b *testing.B, fromLast int) (unpin func()) {
	runtime.LockOSThread()
	var had, one unix.CPUSet
	require.NoError(b, unix.SchedGetaffinity(0, &had))
	left := max(had.Count()-1-fromLast, 0)
	for cpu := 0; one.Count() == 0; cpu++ {
		if had.IsSet(cpu) {
			if left == 0 {
				one.Set(cpu)
			}
			left--
		}
	}
	require.NoError(b, unix.SchedSetaffinity(0, &one))
	return func() {
		require.NoError(b, unix.SchedSetaffinity(0, &had))
		runtime.UnlockOSThread()
	}
}

// phase is one of two kinds of traffic that take turns on worker 0.
type phase struct {
	*Bench
	begin func()
	clock *int64 // that moves with each packet by what one takes at 32 million a second; nil: it stands
}

// poll is one turn of worker 0.
func (p phase) poll() int {
	if p.clock == nil {
		return p.Card.PollWorker(0, 0)
	}
	n := p.Card.PollWorker(0, *p.clock)
	*p.clock += 31 * int64(max(n, 1))
	return n
}

// cost is what a packet takes in one turn, in nanoseconds of the thread's CPU
// time. What the turn before left in the caches is gone when it is measured.
func (p phase) cost() float64 {
	const turn = 1 << 13
	p.begin()
	for n := 0; n < turn/2; {
		n += p.poll()
	}
	n, before := 0, threadTime()
	for n < turn {
		n += p.poll()
	}
	return float64(threadTime()-before) / float64(n)
}

// inTurns measures two kinds of traffic one after the other, again and again, so
// that the machine's moods meet both: medians, and the median of the ratios of
// neighbouring turns.
func inTurns(b *testing.B, one, other phase) (ns, otherNs, ratio float64) {
	defer pin(b, 0)()
	var as, bs, ratios []float64
	b.ResetTimer()
	for range max(b.N>>14, 15) {
		x, y := one.cost(), other.cost()
		as, bs, ratios = append(as, x), append(bs, y), append(ratios, y/x)
	}
	median := func(v []float64) float64 { slices.Sort(v); return v[len(v)/2] }
	return median(as), median(bs), median(ratios)
}
