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

// crew is a card of so many workers with known flows of all its 16 ENIs.
func crew(b *testing.B, workers int) *Bench {
	const flows = 1024
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

// known is an edge that sends a part of the known flows.
func (b *Bench) known(t testing.TB, p part) *mem.Source {
	edge, err := b.requests("edge", false, p)
	require.NoError(t, err)
	return edge
}

// BenchmarkFlood is what a packet costs that opens nothing, beside one of a known
// connection, in turns. Of connections opened the first few thousand are; the
// others are refused, because the ENI has its allowance of them.
func BenchmarkFlood(b *testing.B) {
	for i, f := range floods {
		b.Run(f.name, func(b *testing.B) {
			w := crew(b, 1)
			known, flood := w.known(b, all), w.flood(b, i)
			edge := w.queues[0][0]
			a, c, ratio := inTurns(b, phase{w, func() { edge.use(known) }, nil}, phase{w, func() { edge.use(flood) }, nil})
			b.ReportMetric(a, "known-ns")
			b.ReportMetric(c, "flood-ns")
			b.ReportMetric(ratio, "flood/known")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkBesideFlood is what a known packet costs on one worker while another
// one is flooded, beside the same while the other one rests. What it costs while
// the other one has known packets, too, is the machine's part of that: caches and
// memory that the two CPUs share.
func BenchmarkBesideFlood(b *testing.B) {
	beside(b, "known packets", func(w *Bench) *mem.Source { return w.known(b, part{1, 2}) })
	for i, f := range floods {
		beside(b, f.name, func(w *Bench) *mem.Source { return w.flood(b, i) })
	}
}

// beside measures worker 0 of a crew with known packets, while worker 1 gets
// what other sends and while it rests.
func beside(b *testing.B, name string, other func(*Bench) *mem.Source) {
	b.Run(name, func(b *testing.B) {
		w := crew(b, 2)
		w.queues[0][0].use(w.known(b, part{0, 2}))
		w.queues[1][0].use(other(w))
		rival := &rival{done: make(chan struct{})}
		go rival.run(b, w)
		a, c, ratio := inTurns(b, phase{w, rival.rest, nil}, phase{w, rival.begin, nil})
		rival.stop.Store(true)
		<-rival.done
		b.ReportMetric(a, "alone-ns")
		b.ReportMetric(c, "beside-ns")
		b.ReportMetric(ratio, "beside/alone")
		b.ReportMetric(0, "ns/op")
	})
}

// rival is who turns worker 1 while worker 0 is measured.
type rival struct {
	active, stop atomic.Bool
	turns        atomic.Uint64
	done         chan struct{}
}

// run turns worker 1 whenever the rival is active.
func (r *rival) run(b *testing.B, w *Bench) {
	defer close(r.done)
	defer pin(b, 1)()
	for zero := time.Now(); !r.stop.Load(); {
		if r.active.Load() {
			w.Card.PollWorker(1, int64(time.Since(zero)))
			r.turns.Add(1)
		}
	}
}

// begin makes the rival active, and waits until he has a CPU: a flood without
// one slows down nobody.
func (r *rival) begin() {
	r.active.Store(true)
	for n := r.turns.Load(); r.turns.Load() < n+2; {
		runtime.Gosched()
	}
}

// rest makes the rival idle.
func (r *rival) rest() { r.active.Store(false) }
