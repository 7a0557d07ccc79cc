package nat

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// load is bursts of datagrams from one host.
type load struct {
	a      *Appliance
	fresh  []byte
	mem    [pmd.MaxBurst][]byte
	frames [pmd.MaxBurst]pmd.Frame
	burst  [pmd.MaxBurst]*pmd.Frame
	out    pmd.Burst
	ends   [pmd.MaxBurst]pipeline.Verdict
}

func newLoad(g *Gateway) *load {
	l := &load{a: g.Appliance(0), fresh: wiretest.UDP("10.0.2.8:1", "203.0.113.9:53").Size(20).Bytes()}
	for i := range l.mem {
		l.mem[i], l.burst[i] = make([]byte, len(l.fresh)), &l.frames[i]
	}
	return l
}

// pass has a burst of connections first to first+63 pass.
func (l *load) pass(first uint32) {
	for i := range l.mem {
		copy(l.mem[i], l.fresh)
		n := first + uint32(i)
		binary.BigEndian.PutUint16(l.mem[i][34:], uint16(n&0x3ff))
		binary.BigEndian.PutUint16(l.mem[i][36:], uint16(n>>10))
		l.frames[i].Lend(l.mem[i], 0, len(l.mem[i]))
	}
	l.a.Tx(l.burst[:])
	l.a.Rx(&l.out, &l.ends)
}

// A packet allocates nothing, whether its connection is known or new.
func TestNothingIsAllocated(t *testing.T) {
	now := int64(1_780_000_000e9)
	l, first := newLoad(insideOf(t, 1<<16, 1, &now)), uint32(0)
	require.Zero(t, testing.AllocsPerRun(100, func() { l.pass(0) }))
	require.Equal(t, pipeline.Sent, l.ends[63])
	require.Zero(t, testing.AllocsPerRun(100, func() { l.pass(first); first += 64 }))
}

// benchGateway is newGateway for a benchmark.
func benchGateway(b *testing.B, connections int, now *int64) *Gateway {
	g, err := New(Options{Connections: connections, Workers: 1, Grace: tables.NewGrace(1), Seed: 1, Clock: func() int64 { return *now }, Place: Place{
		Pool: []wire.Addr{wiretest.Addr("10.0.1.8")}, Inside: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}})
	require.NoError(b, err)
	b.Cleanup(g.Close)
	return g
}

// BenchmarkKnown is the cost of a burst of 64 packets of known connections.
func BenchmarkKnown(b *testing.B) {
	now := int64(1_780_000_000e9)
	l := newLoad(benchGateway(b, 1<<16, &now))
	for b.Loop() {
		l.pass(0)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/packet")
}

// BenchmarkOpen is the cost of a burst of 64 packets that each open a connection.
func BenchmarkOpen(b *testing.B) {
	now := int64(1_780_000_000e9)
	l, first := newLoad(benchGateway(b, 1<<16, &now)), uint32(0)
	for b.Loop() {
		if first += 64; first == 1<<15 {
			first, now = 0, now+int64(2*idle)
			l.a.gateway.Age()
		}
		l.pass(first)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/packet")
}
