package afpacket

import (
	"testing"
	"time"

	"nitrocard/pmd/pmdtest"
)

// lane is two cables and a port on each.
func lane(b *testing.B) func() time.Duration {
	from, _, peer := plug(b)
	to, _, _ := plug(b)
	l := &pmdtest.Lane{From: from, To: to, Wire: pmdtest.NewWire(b, peer)}
	return func() time.Duration { return l.Round(b) }
}

// One core, receive and send. See pmdtest.Lane for what is measured.
func BenchmarkForward(b *testing.B) {
	best := pmdtest.Best(b, lane(b))
	b.ReportMetric(pmdtest.Mpps(best[0]), "Mpps")
}

// The same, and in turn with it what DPDK's driver for packet sockets does on
// links like these.
func BenchmarkBesideTestpmd(b *testing.B) {
	theirs := newTestpmd(b)
	best := pmdtest.Best(b, lane(b), theirs.round)
	b.ReportMetric(pmdtest.Mpps(best[0]), "Mpps")
	b.ReportMetric(pmdtest.Mpps(best[1]), "testpmd-Mpps")
	b.ReportMetric(float64(best[1])/float64(best[0]), "times-testpmd")
}
