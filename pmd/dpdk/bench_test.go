//go:build dpdk && cgo && linux

package dpdk

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/pmd"
)

// cpu is the time that this thread has run.
func cpu() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}

// forward passes full bursts from port to port, as testpmd's io does,
// and counts the thread's own time, so that others on the machine do not.
func forward(b *testing.B, from, to pmd.Port, bind bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if bind {
		for _, p := range []pmd.Port{from, to} {
			require.NoError(b, p.(pmd.ThreadBound).BindThread())
			defer p.(pmd.ThreadBound).UnbindThread()
		}
	}
	var burst pmd.Burst
	var frames [pmd.MaxBurst]*pmd.Frame
	for i := range frames {
		frames[i] = &burst.Frames[i]
	}
	sent, start := 0, cpu()
	for sent < b.N {
		from.Rx(&burst)
		sent += to.Tx(frames[:burst.N])
	}
	b.ReportMetric(float64(sent)/(cpu()-start).Seconds()/1e6, "Mpps")
}

// From null to null, with a template copied into each frame: 114 bytes.
func BenchmarkNull(b *testing.B) {
	for _, bind := range []bool{true, false} {
		b.Run(fmt.Sprintf("bound=%v", bind), func(b *testing.B) {
			forward(b, plug(b, unique("net_null")+",size=114,copy=1"), plug(b, unique("net_null")+",no-rx=1"), bind)
		})
	}
}

// From a capture of that many frames, over and over, to null.
func BenchmarkPcap(b *testing.B) {
	for _, n := range []int{1, 1000} {
		frames := make([][]byte, n)
		for i := range frames {
			frames[i] = pattern(114)
		}
		file := capture(b, frames...)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			forward(b, plug(b, unique("net_pcap")+",rx_pcap="+file+",infinite_rx=1"), plug(b, unique("net_null")+",no-rx=1"), true)
		})
	}
}
