package nat

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/tables"
	"nitrocard/tables/oracle"
)

// insideOf is a gateway of vpc 10.0.0.0/16 with two addresses.
func insideOf(t testing.TB, connections, workers int, now *int64) *Gateway {
	g, err := New(Options{ID: "nat-1", Connections: connections, Workers: workers, Grace: tables.NewGrace(workers), Seed: 1, Clock: func() int64 { return *now }, Place: Place{
		MAC: wire.MAC{2, 1}, Router: wire.MAC{2, 2}, Pool: []wire.Addr{wiretest.Addr("10.0.1.8"), wiretest.Addr("10.0.1.9")},
		Inside: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("2001:db8:a::/48")},
	}})
	require.NoError(t, err)
	t.Cleanup(g.Close)
	return g
}

// through is what an appliance makes of a packet.
func through(a *Appliance, p wiretest.Packet) (h wire.Headers, frame []byte, v pipeline.Verdict) {
	return throughBytes(a, p.Bytes())
}

// throughBytes is through for a frame.
func throughBytes(a *Appliance, mem []byte) (h wire.Headers, frame []byte, v pipeline.Verdict) {
	var f pmd.Frame
	var b pmd.Burst
	var ends [pmd.MaxBurst]pipeline.Verdict
	f.Lend(append(make([]byte, pmd.Headroom), mem...), pmd.Headroom, len(mem))
	if a.Tx([]*pmd.Frame{&f}) != 1 {
		return h, nil, pipeline.TxFull
	}
	a.Rx(&b, &ends)
	wire.Parse(b.Frames[0].Bytes(), &h)
	return h, b.Frames[0].Bytes(), ends[0]
}

// outer is a connection as the outside sees it.
type outer struct {
	nat, remote wire.Addr
	port, to    uint16
	proto       uint8
}

// inner is a host's end of a connection.
type inner struct {
	addr wire.Addr
	port uint16
}

// A slow gateway, a map, agrees with the table over random packets and times: whatever leaves
// has an address of the gateway, its answer comes back to the host that sent it last from that
// end, and to nobody else; and the counts add up.
func TestTheTableAgreesWithAMap(t *testing.T) {
	r := oracle.Random(t)
	now := int64(1_780_000_000e9)
	g := insideOf(t, 300, 1, &now)
	owners := map[outer]inner{}
	packets, dropped := uint64(0), uint64(0)
	for range 30_000 {
		if r.IntN(50) == 0 {
			now += int64(time.Duration(r.IntN(400)) * time.Second)
		}
		host, remote := fmt.Sprintf("10.0.2.%d:%d", 4+r.IntN(4), 1+r.IntN(30)), fmt.Sprintf("203.0.113.%d:%d", r.IntN(3), 1+r.IntN(3))
		p := wiretest.UDP(host, remote)
		if r.IntN(2) == 0 {
			p = wiretest.TCP(host, remote).Flags(flagsOf(r))
		}
		packets++
		h, frame, v := through(g.Appliance(0), p)
		if v != pipeline.Sent {
			dropped++
			continue
		}
		require.NoError(t, wiretest.Check(frame))
		var was wire.Headers
		wire.Parse(p.Bytes(), &was)
		if h.Src == was.Dst { // RST to the host
			require.Equal(t, []any{was.Src, was.SrcPort, was.DstPort, true}, []any{h.Dst, h.DstPort, h.SrcPort, h.Flags&wire.TCPRst != 0})
			continue
		}
		require.Contains(t, g.place.Load().Pool, h.Src, "no packet leaves with an inside address")
		require.GreaterOrEqual(t, h.SrcPort, uint16(firstPort))
		o := outer{h.Src, h.Dst, h.SrcPort, h.DstPort, h.Proto}
		owners[o] = inner{was.Src, was.SrcPort}

		back := wiretest.UDP(h.Dst.String()+port(h.DstPort), h.Src.String()+port(h.SrcPort))
		if h.Proto == wire.ProtoTCP {
			back = wiretest.TCP(h.Dst.String()+port(h.DstPort), h.Src.String()+port(h.SrcPort)).Flags(flagsOf(r))
		}
		packets++
		h, frame, v = through(g.Appliance(0), back)
		require.Equal(t, pipeline.Sent.String(), v.String(), "an answer at once comes back")
		require.NoError(t, wiretest.Check(frame))
		require.Equal(t, owners[o], inner{h.Dst, h.DstPort})
	}
	m := g.Metrics()
	require.Equal(t, []uint64{packets, dropped}, []uint64{m.PacketsInFromSource + m.PacketsInFromDestination, m.PacketsDropCount})
	require.Equal(t, packets-dropped, m.PacketsOutToSource+m.PacketsOutToDestination)
	now += int64(2 * idle)
	g.Age()
	require.Zero(t, g.ways.Len()+g.uses.n)
}

func port(n uint16) string { return fmt.Sprint(":", n) }

func flagsOf(r *rand.Rand) uint8 {
	return []uint8{wire.TCPSyn, wire.TCPSyn, wire.TCPAck, wire.TCPAck, wire.TCPFin | wire.TCPAck, wire.TCPRst}[r.IntN(6)]
}

// Workers may meet either direction of a connection, at the same moment: each answer finds its
// host, whichever worker opened the connection.
func TestWorkersShareTheTable(t *testing.T) {
	const workers = 3
	now := int64(1_780_000_000e9)
	g := insideOf(t, 4096, workers, &now)
	answers := make(chan wire.Headers, 10_000)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			for n := range 1000 {
				h, _, v := through(g.Appliance(i), wiretest.UDP(fmt.Sprintf("10.0.2.%d:%d", 4+i, 1+n), "203.0.113.9:53"))
				if v != pipeline.Sent {
					t.Errorf("out: %v", v)
					return
				}
				h.ID = uint32(4 + i)
				answers <- h
				for range 2 {
					select {
					case h := <-answers:
						got, _, v := through(g.Appliance(i), wiretest.UDP("203.0.113.9:53", h.Src.String()+port(h.SrcPort)))
						if v != pipeline.Sent || got.Dst != wiretest.Addr(fmt.Sprintf("10.0.2.%d", h.ID)) {
							t.Errorf("back: %v to %v", v, got.Dst)
						}
					default:
					}
				}
			}
		})
	}
	all.Wait()
}
