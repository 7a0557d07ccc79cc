//go:build linux

package bench

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// crowds are how many guests BenchmarkENIs has, and trains how many frames of a
// flow come one after the other: of a burst of 64 a guest then gets a frame, or
// four, at most.
var (
	crowds = []int{64, 200, 1000}
	trains = []int{1, 4}
)

// BenchmarkENIs is what a packet of a known connection costs on a card with many
// guests, beside the same on a card with 16, which get four frames of each burst.
// rate is the many guests' share of the 16's rate. The last lines are the table of
// bench/README.md.
func BenchmarkENIs(b *testing.B) {
	rates := map[[2]int]float64{}
	for _, train := range trains {
		for _, enis := range crowds {
			b.Run(fmt.Sprintf("train=%d/enis=%d", train, enis), func(b *testing.B) {
				few, many, ratio := inTurns(b, crowd(b, 16, train), crowd(b, enis, train))
				rates[[2]int{train, enis}] = 1 / ratio
				b.ReportMetric(few, "16-ns")
				b.ReportMetric(many, "many-ns")
				b.ReportMetric(1/ratio, "rate")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
	if len(rates) == len(trains)*len(crowds) {
		fmt.Fprint(os.Stdout, ratesTable(rates))
	}
}

// ratesTable is a table of rates in Markdown, by train and crowd.
func ratesTable(rates map[[2]int]float64) string {
	var t strings.Builder
	fmt.Fprint(&t, "\n| ENIs | 16 |")
	for _, enis := range crowds {
		fmt.Fprintf(&t, " %d |", enis)
	}
	fmt.Fprintf(&t, "\n|---|---|%s\n", strings.Repeat("---|", len(crowds)))
	for _, train := range trains {
		fmt.Fprintf(&t, "| %s a guest and burst |", []string{1: "one frame", 4: "four frames"}[train])
		fmt.Fprint(&t, " 1 |")
		for _, enis := range crowds {
			fmt.Fprintf(&t, " %.2f |", rates[[2]int{train, enis}])
		}
		fmt.Fprintln(&t)
	}
	return t.String()
}

// crowd is a card with so many guests and known flows, and an edge that sends
// trains of so many frames.
func crowd(b *testing.B, enis, train int) phase {
	const flows = 1 << 14
	w, err := Region{ENIs: enis}.New(flows, connections(flows, enis))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, w.Card.Close()) })
	require.NoError(b, w.Connect(0))
	w.hush()
	w.queues[0][0].use(w.trains(b, train))
	return phase{w, func() {}, nil}
}

// trains is an edge that sends n frames of a flow one after the other, each with
// the address of the flow, and one in n of the known flows. A source stamps the
// frames of a train with numbers that follow each other, so the train's frames
// have addresses that differ as much the other way.
func (b *Bench) trains(t testing.TB, n int) *mem.Source {
	var frames [][]byte
	for i := range b.region.ENIs {
		frame, err := b.region.request(b.policy, template{i, false, FrameSize})
		require.NoError(t, err)
		for range n {
			frame = bytes.Clone(frame)
			wire.PlainTunnel(frame).Inner().SetAddr(wire.PlainSrc, uint32(1<<24+i-len(frames)))
			frames = append(frames, frame)
		}
	}
	return mem.NewSource(mem.Options{MAC: uplinkMAC}, frames, b.flows, fromEdge)
}

// A train's frames are of one flow, which is known, and of the ENI whose turn it
// is.
func TestTrains(t *testing.T) {
	w, err := Region{ENIs: 3}.New(60, 1000)
	require.NoError(t, err)
	defer w.Card.Close()
	require.NoError(t, w.Connect(0))
	var burst pmd.Burst
	edge := w.trains(t, 4)
	edge.Rx(&burst)
	var flows []uint32
	for i := range burst.N {
		f := burst.Frames[i].Bytes()
		require.NoError(t, wiretest.Check(f))
		flow := wire.PlainTunnel(f).Inner().Src() - 1<<24
		require.Less(t, flow, uint32(w.flows))
		require.EqualValues(t, i/4%3, flow%3, "frame %d", i)
		flows = append(flows, flow)
	}
	require.Len(t, slices.Compact(flows), burst.N/4)
	w.hush()
	w.queues[0][0].use(edge)
	require.Equal(t, burst.N, w.Card.Poll(0))
	requireSent(t, w)
	require.Equal(t, w.flows, w.tracked())
}
