package pmdtest

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/pmd"
)

// Forward measures how many frames of 114 bytes a thread takes from one port
// to another in a second of its own CPU time, the kernel's part included, so
// that others on the machine do not count. wire fills the ring of from while the clock stands, so
// that the sender's cost is not counted; at the other end of to the kernel
// drops them.
func Forward(b *testing.B, from, to pmd.Port, wire *Wire) {
	const fill = 8192
	var burst pmd.Burst
	var out [pmd.MaxBurst]*pmd.Frame
	var busy time.Duration
	f, received, sent := frame(1, 114), 0, 0
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for sent < b.N {
		for range fill {
			wire.Give(f)
		}
		for end := time.Now().Add(5 * time.Millisecond); time.Now().Before(end); {
			start := cpu()
			if from.Rx(&burst); burst.N == 0 {
				continue
			}
			for i := range burst.N {
				out[i] = &burst.Frames[i]
			}
			sent += to.Tx(out[:burst.N])
			received += burst.N
			busy += cpu() - start
		}
	}
	require.Less(b, received-sent, sent/100+1, "the output was full")
	b.ReportMetric(float64(sent)/busy.Seconds()/1e6, "Mpps")
	b.ReportMetric(float64(busy.Nanoseconds())/float64(sent), "ns/frame")
}

// cpu is the time that this thread has run.
func cpu() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}
