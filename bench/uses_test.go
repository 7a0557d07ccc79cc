//go:build linux

package bench

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkUses is what a packet of a known connection costs with ACLs, a NAT gateway
// on the card, or IPv6, beside plain IPv4 in turns. rate is the share of plain IPv4's rate.
// The last lines are the table of bench/README.md.
func BenchmarkUses(b *testing.B) {
	ways := []struct {
		name string
		feed func(*Bench) error
	}{
		{"from the uplink", func(w *Bench) error { return w.Requests(false) }},
		{"from guests", func(w *Bench) error { return w.Answers(false) }},
	}
	names, rules, rows := "\n| rate beside plain IPv4 |", "\n|---|", ""
	for _, u := range uses {
		names, rules = names+" "+u.name+" |", rules+"---|"
	}
	for _, way := range ways {
		rows += "\n| known, " + way.name + " |"
		for _, u := range uses {
			rate := 0.0
			b.Run(way.name+"/"+u.name, func(b *testing.B) {
				plain, with := inUse(b, Uses{}, 1024), inUse(b, u.Uses, 1024)
				if u.NAT {
					plain.ports = make([]uint16, plain.flows) // so that its edge, too, writes one into each frame
				}
				require.NoError(b, way.feed(plain))
				require.NoError(b, way.feed(with))
				p, w, ratio := inTurns(b, phase{plain, func() {}, nil}, phase{with, func() {}, nil})
				b.ReportMetric(p, "plain-ns")
				b.ReportMetric(w, "ns")
				rate = 1 / ratio
				b.ReportMetric(rate, "rate")
				b.ReportMetric(0, "ns/op")
				requireSent(b, with)
			})
			rows += fmt.Sprintf(" %.2f |", rate)
		}
	}
	fmt.Fprintln(os.Stdout, names+rules+rows)
}

// Beyond some thousand connections the card loads what a burst needs before the burst needs it.
func TestManyConnectionsThroughNATGateways(t *testing.T) {
	const flows = 1 << 14
	w := inUse(t, Uses{NAT: true}, flows)
	require.NoError(t, w.Requests(false))
	for n := 0; n < 2*flows; {
		n += w.Card.Poll(0)
	}
	requireSent(t, w)
}

// inUse is a card with so many known flows of 16 ENIs.
func inUse(t testing.TB, u Uses, flows int) *Bench {
	r := Region{ENIs: 16, Uses: u}
	w, err := r.New(flows, r.connections(flows))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Card.Close()) })
	require.NoError(t, w.Connect(0))
	return w
}
