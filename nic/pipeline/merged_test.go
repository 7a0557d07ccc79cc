package pipeline

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// bulk is a port that lends merged frames of segments of 1,000 bytes, and takes such
// frames if told.
type bulk struct {
	*mem.Port
	takes bool
	room  *int // packets that Tx takes yet
	whole *int // merged frames that Tx took
}

const bulkSegment = 1000

func (b bulk) Info() pmd.Info {
	i := b.Port.Info()
	i.Merged = b.takes
	i.Bundle = b.takes
	return i
}

func (b bulk) Rx(burst *pmd.Burst) {
	b.Port.Rx(burst)
	for i := range burst.N {
		if f := &burst.Frames[i]; f.Len() > 2*bulkSegment {
			mem := append(make([]byte, pmd.Headroom), f.Bytes()...)
			f.LendMerged(mem, pmd.Headroom, f.Len(), bulkSegment)
			burst.Merged |= 1 << i
		}
	}
}

func (b bulk) Tx(frames []*pmd.Frame) (n int) {
	for _, f := range frames {
		for took, p := range cutOf(f) {
			if *b.room == 0 {
				if f.Merged() {
					f.Took(took)
				}
				return n
			}
			*b.room -= b.Port.Tx([]*pmd.Frame{p})
		}
		if f.Merged() {
			*b.whole++
		}
		n++
	}
	return n
}

// cutOf are the packets of a frame.
func cutOf(f *pmd.Frame) (packets []*pmd.Frame) {
	if !f.Merged() {
		return []*pmd.Frame{f}
	}
	var c pmd.Cutter
	buf := make([]byte, pmd.MaxFrame)
	c.Start(f)
	for n := c.Next(buf); n > 0; n = c.Next(buf) {
		p := new(pmd.Frame)
		p.Lend(slices.Clone(buf[:n]), 0, n)
		packets = append(packets, p)
	}
	return packets
}

// give has a port receive a frame: merged, or as the packets that it stands for.
func (r *rig) give(port string, frame []byte, whole bool) {
	var f pmd.Frame
	f.Lend(frame, 0, len(frame))
	if len(frame) > 2*bulkSegment {
		f.LendMerged(frame, 0, len(frame), bulkSegment)
	}
	packets := cutOf(&f)
	if whole {
		f.Lend(frame, 0, len(frame))
		packets = []*pmd.Frame{&f}
	}
	for _, p := range packets {
		require.True(r, r.ports[port].Inject(p.Bytes()))
	}
	for r.Poll(r.now) > 0 {
	}
}

// A merged frame ends as the packets that it stands for do: the same bytes leave by
// the same ports, and the same is counted everywhere. Ports take merged frames or
// do not, and one of them has no room for all.
func TestAMergedFrameEndsAsItsPackets(t *testing.T) {
	const long = 8*bulkSegment + 300
	for _, takes := range []bool{false, true} {
		for _, room := range []int{1000, 5} {
			t.Run(fmt.Sprint("takes ", takes, ", room ", room), func(t *testing.T) {
				run := func(whole bool) *rig {
					x := newRig(t)
					for _, name := range []string{Uplink, "eni-a1", "eni-a2"} {
						plenty := 1000
						x.attach(name, bulk{x.ports[name], takes, &plenty, new(int)})
					}
					x.connect("80")
					x.observe(nil)
					x.give("eni-a1", tcpBack("80", wire.TCPAck).Size(200).MACs(x.eni("eni-a1").MAC, x.eni("eni-a1").RouterMAC).Bytes(), whole)
					x.ports[Uplink].Sent()
					left, wholeOut := room, 0
					x.attach(Uplink, bulk{x.ports[Uplink], takes, &left, &wholeOut})
					out := tcpBack("80", wire.TCPAck|wire.TCPPsh|wire.TCPCwr).Size(long).MACs(x.eni("eni-a1").MAC, x.eni("eni-a1").RouterMAC)
					x.give("eni-a1", out.Bytes(), whole)
					require.Equal(t, whole && takes && room > 5, wholeOut > 0, "a port that takes tunnels merged gets them so")
					x.give(Uplink, x.tunnel(edge, "eni-a1", tcp("80", wire.TCPAck|wire.TCPFin).Size(long)), whole)
					x.give("eni-a1", out.MACs(mac("02:00:00:00:00:99"), x.eni("eni-a1").RouterMAC).Bytes(), whole) // spoofed
					x.give(Uplink, x.tunnel(serverY, "eni-a1", tcp("22", wire.TCPAck).Size(long)), whole)          // from the wrong side
					x.give(Uplink, x.tunnel(edge, "eni-a1", tcp("81", wire.TCPAck).Size(long)), whole)             // no rule
					return x
				}
				whole, cut := run(true), run(false)
				require.Equal(t, cut.allCounts(), whole.allCounts())
				require.Equal(t, cut.flows(""), whole.flows(""))
				require.Greater(t, cut.counts(Uplink).Received, uint64(24))
				if room == 5 {
					require.EqualValues(t, 4, whole.counts("eni-a1").Ends[TxFull])
				}
				for name := range cut.ports {
					require.Equal(t, cut.ports[name].Sent(), whole.ports[name].Sent(), name)
				}
			})
		}
	}
}

// Merged frames cost no memory on their way.
func TestMergedFramesAllocateNothing(t *testing.T) {
	x := newRig(t)
	x.connect("80")
	x.observe(nil)
	frame := x.tunnel(edge, "eni-a1", tcp("80", wire.TCPAck).Size(5000))
	frame = append(make([]byte, pmd.Headroom), frame...)
	var burst pmd.Frame
	turn := func() {
		burst.LendMerged(frame, pmd.Headroom, len(frame)-pmd.Headroom, bulkSegment)
		x.w.rx.Frames[0], x.w.rx.N, x.w.rx.Merged = burst, 1, 1
		x.w.ingress = x.places[Uplink][0]
		x.w.ingress.received += x.w.unmerged() + 1
		x.w.fromUplink(x.w.rx.Frames[:1])
		x.w.flush()
		x.ports["eni-a1"].Drain(func([]byte) {})
	}
	turn()
	require.Zero(t, testing.AllocsPerRun(100, turn))
}

// Appliances that get pieces in the same visit have memory of their own. A worker lends the
// memory to others in the next, so that many appliances take no more than few.
func TestAppliancesAreLentMemoryForPieces(t *testing.T) {
	x := newRig(t)
	x.translates("eni-a2", "subnet-a1", "10.0.1.6", "10.0.1.7")
	x.translates("eni-a4", "subnet-a2", "10.0.2.8", "10.0.1.7")
	a2, a4 := x.places["eni-a2"][0], x.places["eni-a4"][0]
	first := x.w.piecesFor(a2)
	first.used, first.full = 3, true
	require.Same(t, first, x.w.piecesFor(a2))
	x.w.visit()
	require.Same(t, first, x.w.piecesFor(a4))
	require.Equal(t, []any{0, false, true}, []any{first.used, first.full, first.kept})
	require.NotSame(t, first, x.w.piecesFor(a2))
	x.w.visit()
	require.Len(t, x.w.spare, 2)
}
