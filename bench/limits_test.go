//go:build linux

package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkLimits is what a packet of a known connection costs where each instance has a bandwidth and
// packets a second, which it stays below, beside the same without limits, in turns. rate is the
// share of the rate without. The last lines are the table of bench/README.md.
func BenchmarkLimits(b *testing.B) {
	ways := []struct {
		name string
		feed func(*Bench) error
	}{
		{"from the uplink", func(w *Bench) error { return w.Requests(false) }},
		{"from guests", func(w *Bench) error { return w.Answers(false) }},
	}
	var t strings.Builder
	fmt.Fprint(&t, "\n| rate beside no limits | 16 ENIs | 200 ENIs |\n|---|---|---|")
	for _, way := range ways {
		fmt.Fprintf(&t, "\n| known, %s |", way.name)
		for _, enis := range []int{16, 200} {
			rate := 0.0
			b.Run(fmt.Sprintf("%s/enis=%d", way.name, enis), func(b *testing.B) {
				off, on := bounded(b, enis, false), bounded(b, enis, true)
				require.NoError(b, way.feed(off.Bench))
				require.NoError(b, way.feed(on.Bench))
				without, with, ratio := inTurns(b, off, on)
				b.ReportMetric(without, "off-ns")
				b.ReportMetric(with, "ns")
				rate = 1 / ratio
				b.ReportMetric(rate, "rate")
				b.ReportMetric(0, "ns/op")
				requireSent(b, on.Bench)
				for _, v := range on.Card.Allowances() {
					require.Zero(b, v.BwInExceeded+v.BwOutExceeded+v.PpsExceeded, "no instance is over its limits")
				}
			})
			fmt.Fprintf(&t, " %.2f |", rate)
		}
	}
	fmt.Fprintln(os.Stdout, t.String())
}

// bounded is a card with so many ENIs, with limits or without, and known flows.
func bounded(b *testing.B, enis int, limits bool) phase {
	const flows = 1 << 14
	w, err := Region{ENIs: enis, Limits: limits}.New(flows, connections(flows, enis))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, w.Card.Close()) })
	require.NoError(b, w.Connect(0))
	w.hush()
	clock := int64(time.Minute) // behind the handshakes
	return phase{w, func() {}, &clock}
}
