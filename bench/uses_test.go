//go:build linux

package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkUses is what a packet of a known connection costs with ACLs, a NAT gateway
// on the card, or IPv6, beside plain IPv4 in turns. rate is plain IPv4's share of the time.
func BenchmarkUses(b *testing.B) {
	for _, way := range []struct {
		name string
		feed func(*Bench) error
	}{
		{"in", func(w *Bench) error { return w.Requests(false) }},
		{"out", func(w *Bench) error { return w.Answers(false) }},
	} {
		for _, u := range uses {
			b.Run(way.name+"/"+u.name, func(b *testing.B) {
				plain, with := inUse(b, Uses{}), inUse(b, u.Uses)
				require.NoError(b, way.feed(plain))
				require.NoError(b, way.feed(with))
				p, w, ratio := inTurns(b, phase{plain, func() {}}, phase{with, func() {}})
				b.ReportMetric(p, "plain-ns")
				b.ReportMetric(w, "ns")
				b.ReportMetric(1/ratio, "rate")
				b.ReportMetric(0, "ns/op")
				requireSent(b, with)
			})
		}
	}
}

// inUse is a card with a thousand known flows of 16 ENIs.
func inUse(t testing.TB, u Uses) *Bench {
	const flows = 1024
	r := Region{ENIs: 16, Uses: u}
	w, err := r.New(flows, r.connections(flows))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Card.Close()) })
	require.NoError(t, w.Connect(0))
	return w
}
