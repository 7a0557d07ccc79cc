//go:build linux

package bench

import (
	"encoding/binary"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// deniedPort is one that no rule allows.
const deniedPort = Port + 1

// floods are what an attacker may send, each from sources of its own.
var floods = []struct {
	name  string
	syn   bool
	port  uint16
	first int // of its sources; those below are the known flows'
	flows int
}{
	{"denied port", false, deniedPort, 1 << 20, 1 << 20},
	{"denied source", false, Port, 1 << 24, 1 << 20}, // not in Sources
	{"denied SYNs", true, deniedPort, 1 << 20, 1 << 20},
	{"first packets", false, Port, 1 << 20, 1 << 20}, // allowed, and not tracked: they begin nothing
	{"connections opened", true, Port, 1 << 20, 1 << 20},
}

// flood is an edge that sends one of floods to ENI 0.
func (b *Bench) flood(t testing.TB, i int) *mem.Source {
	f := floods[i]
	frame, err := b.region.request(b.policy, template{0, f.syn, FrameSize})
	require.NoError(t, err)
	binary.BigEndian.PutUint16(frame[wire.OuterLen+wire.EthernetLen+wire.IPv4Len+2:], f.port)
	return mem.NewSource(mem.Options{MAC: uplinkMAC}, [][]byte{frame}, f.flows, fromEdge.From(f.first))
}

// crew is a card of so many workers, whose known flows are of ENIs that no
// flood is for.
func crew(b *testing.B, workers int) *Bench {
	const flows = 1000
	var queues [][]*port
	for range workers {
		q := []*port{newPort(&sink{mac: uplinkMAC}, pmd.MaxBurst)}
		for range 16 {
			q = append(q, newPort(&sink{}, pmd.MaxBurst))
		}
		queues = append(queues, q)
	}
	w, err := Region{ENIs: 16}.bench(benchOptions{flows: flows, connections: 1 << 17, sizes: Sizes{FrameSize}, seed: 1, queues: queues})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, w.Card.Close()) })
	require.NoError(b, w.Connect(0))
	return w
}

// BenchmarkFlood is what a packet costs that opens nothing, beside one of a
// known connection, in turns.
func BenchmarkFlood(b *testing.B) {
	for i, f := range floods[:4] {
		b.Run(f.name, func(b *testing.B) {
			w := crew(b, 1)
			known, err := w.requests("edge", false, all)
			require.NoError(b, err)
			flood := w.flood(b, i)
			edge := w.queues[0][0]
			a, c, ratio := inTurns(b, phase{w, func() { edge.use(known) }}, phase{w, func() { edge.use(flood) }})
			b.ReportMetric(a, "known-ns")
			b.ReportMetric(c, "flood-ns")
			b.ReportMetric(ratio, "flood/known")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkBesideFlood is what a known packet costs on one worker while
// another is flooded, beside the same while the other rests.
func BenchmarkBesideFlood(b *testing.B) {
	for i, f := range floods {
		b.Run(f.name, func(b *testing.B) {
			w := crew(b, 2)
			known, err := w.requests("edge", false, all)
			require.NoError(b, err)
			w.queues[0][0].use(known)
			w.queues[1][0].use(w.flood(b, i))
			var flooding, stop atomic.Bool
			done := make(chan int)
			go func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				n, zero := 0, time.Now()
				for !stop.Load() {
					if flooding.Load() {
						n += w.Card.PollWorker(1, int64(time.Since(zero)))
					}
				}
				done <- n
			}()
			a, c, ratio := inTurns(b, phase{w, func() { flooding.Store(false) }}, phase{w, func() { flooding.Store(true) }})
			stop.Store(true)
			require.Positive(b, <-done)
			b.ReportMetric(a, "alone-ns")
			b.ReportMetric(c, "beside-ns")
			b.ReportMetric(ratio, "beside/alone")
			b.ReportMetric(0, "ns/op")
		})
	}
}
