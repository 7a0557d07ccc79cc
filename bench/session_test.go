package bench

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

// patience is for what a test has brought about, however busy the machine is.
const patience = 5 * time.Minute

// until waits until the session has forwarded something.
func until(t *testing.T, s *Session) {
	for end := time.Now().Add(patience); sum(s.Forwarded()).TxPackets == 0; {
		require.True(t, time.Now().Before(end), "nothing is forwarded")
	}
}

// measured runs for as long as this machine's clocks need to see the worker's
// CPU time: some tell it by the tick.
func measured(t *testing.T, o Options) *Report {
	for ; ; o.Duration *= 2 {
		r, err := Run(t.Context(), o, nil)
		require.NoError(t, err)
		require.GreaterOrEqual(t, r.Seconds, o.Duration.Seconds())
		if r.CPUSeconds > 0 {
			return r
		}
		require.Less(t, o.Duration, patience, "the worker never had a CPU")
	}
}

func TestRunMeasuresForItsDuration(t *testing.T) {
	for _, m := range modes {
		o := small(m.Mode)
		o.Duration = 20 * time.Millisecond
		r := measured(t, *o)
		require.LessOrEqual(t, r.CPUSeconds, r.Seconds+0.01)
		require.GreaterOrEqual(t, r.ProcessCPU, r.CPUSeconds-0.01, "the worker's thread is one of all")
		if m.Mode == SG || m.Mode == Encap || m.Mode == Full {
			require.Equal(t, r.Flows, r.Connections, m.Mode)
		} else {
			require.Zero(t, r.Connections, m.Mode)
		}
		require.Positive(t, r.Mpps)
		require.InDelta(t, 1000/r.Mpps, r.NsPerPacket, 0.01)
		require.InDelta(t, float64(r.Total.TxPackets)/1e6/r.CPUSeconds, r.Mpps, r.Mpps/100)
		require.Equal(t, r.Total.RxPackets, r.Total.TxPackets)
		require.Empty(t, r.Drops)
		// All gaps together are the duration, so the longest is not 0. The median may
		// be, where a clock is coarser than a turn.
		require.Positive(t, r.Gaps.Max)
		require.True(t, slices.IsSorted([]float64{r.Gaps.P50, r.Gaps.P99, r.Gaps.P999, r.Gaps.P9999, r.Gaps.Max}), "%+v", r.Gaps)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := small(SG)
	o.Period = time.Millisecond
	samples := 0
	r, err := Run(ctx, *o, func(s Sample) {
		samples++
		require.GreaterOrEqual(t, s.Wall, time.Duration(samples)*o.Period)
		if samples == 3 {
			cancel()
		}
	})
	require.NoError(t, err)
	require.GreaterOrEqual(t, samples, 3)
	require.Positive(t, r.Mpps)
}

func TestASessionGoesOnWhereItStopped(t *testing.T) {
	s, err := NewSession(*small(SG))
	require.NoError(t, err)
	defer s.Close()
	for range 2 {
		require.NoError(t, s.Start())
		until(t, s)
		require.EqualError(t, s.Start(), "frames are being forwarded already")
		require.EqualError(t, s.Set(func(*Options) {}), "frames are being forwarded; stop first")
		r, err := s.Stop()
		require.NoError(t, err)
		require.Empty(t, r.Drops, "the flows are connected still")
		require.Positive(t, s.now)
	}
	_, err = s.Stop()
	require.EqualError(t, err, "no frames are being forwarded; start first")
}

func TestCountsOfAStartAreItsOwn(t *testing.T) {
	s, err := NewSession(*small(IO))
	require.NoError(t, err)
	defer s.Close()
	var all uint64
	for range 2 {
		require.NoError(t, s.Start())
		until(t, s)
		r, err := s.Stop()
		require.NoError(t, err)
		all += r.Total.TxPackets
	}
	require.Equal(t, all, sum(s.Ports()).TxPackets)
	require.Less(t, sum(s.Forwarded()).TxPackets, all)
	s.ClearPorts(0, len(s.Ports()))
	s.ClearForwarded()
	require.Zero(t, sum(s.Ports()).TxPackets)
	require.Zero(t, sum(s.Forwarded()).RxPackets)
}

func TestWhatIsTakenIsSentOrDropped(t *testing.T) {
	known, err := Region{}.request(policy(t), template{0, false, FrameSize})
	require.NoError(t, err)
	for _, m := range []Mode{Decap, SG, Encap, Full} {
		port, err := OpenCapture(write(t, known, make([]byte, 60)))
		require.NoError(t, err)
		o := small(m)
		o.Ports = []pmd.Port{port}
		s, err := NewSession(*o)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, s.Start())
			until(t, s)
			r, err := s.Stop()
			require.NoError(t, err)
			require.Positive(t, r.Drops["not_vxlan"])
			require.Equal(t, r.Total.RxPackets, r.Total.TxPackets+r.Drops["not_vxlan"], "%s: %v", m, r.Drops)
		}
		require.NoError(t, s.Close())
	}
}

func TestSetTakesEffectOrNone(t *testing.T) {
	s, err := NewSession(*small(SG))
	require.NoError(t, err)
	defer s.Close()
	require.EqualError(t, s.Set(func(o *Options) { o.Burst = 65 }), "burst 65: a number from 1 to 64 is expected")
	require.Equal(t, pmd.MaxBurst, s.options.Burst)
	require.NoError(t, s.Set(func(o *Options) { o.Mode = IO }))
	require.NoError(t, s.Start())
	require.Len(t, s.Ports(), 2)
}

func TestOptionsThatCannotBe(t *testing.T) {
	port := &sink{}
	for want, change := range map[string]func(*Options){
		"burst 0: a number from 1 to 64 is expected":                                            func(o *Options) { o.Burst = 0 },
		"flows 0: a number from 1 to 8388608 is expected":                                       func(o *Options) { o.Flows = 0 },
		"enis 1025: a number from 1 to 1024 is expected":                                        func(o *Options) { o.ENIs = 1025 },
		"a time of -1ns is no time to measure":                                                  func(o *Options) { o.Period = -1 },
		"3 ports are too many: forward mode io has two ports":                                   func(o *Options) { o.Mode, o.Ports = IO, []pmd.Port{port, port, port} },
		"2 ports are too many: forward mode encap has an uplink; its guests wrap what they get": func(o *Options) { o.Mode, o.Ports = Encap, []pmd.Port{port, port} },
		"3 ports are too many: forward mode sg has an uplink and a guest for each of 1 ENIs":    func(o *Options) { o.ENIs, o.Ports = 1, []pmd.Port{port, port, port} },
	} {
		o := small(SG)
		change(o)
		_, err := Run(t.Context(), *o, nil)
		require.EqualError(t, err, want)
	}
}

func TestSinceIsARateOfCPUTime(t *testing.T) {
	old := Sample{Wall: time.Second, CPU: time.Second, Total: pmd.Stats{RxPackets: 5, TxPackets: 5}}
	now := Sample{Wall: 5 * time.Second, CPU: 3 * time.Second, Total: pmd.Stats{RxPackets: 8_000_005, TxPackets: 4_000_005, RxBytes: 1e9}}
	require.Equal(t, Rate{Mpps: 2, NsPerPacket: 500, Gbps: 4, RxMpps: 4, WallMpps: 1, WallGbps: 2}, now.Since(old))
	require.Equal(t, Rate{}, old.Since(old))
}

func TestPortsCountInTestpmdsWords(t *testing.T) {
	s := pmd.Stats{RxPackets: 10, RxMissed: 3, RxTooLong: 4, RxUncut: 5, RxUnsummed: 6, RxBytes: 600, TxPackets: 7, TxFull: 2, TxDropped: 1, TxBytes: 420}
	want := PortStats{Port: "p", RxPackets: 10, RxDropped: 18, RxTotal: 28, TxPackets: 7, TxDropped: 3, TxTotal: 10, RxBytes: 600, TxBytes: 420}
	require.Equal(t, want, forwarded("p", s))
	require.Equal(t, PortStats{"accumulated", 20, 36, 56, 14, 6, 20, 1200, 840}, sum([]PortStats{want, want}))
}

// Several cores share the flows: each has as many, all are connected once, and
// what they forward adds up.
func TestCoresShareTheFlows(t *testing.T) {
	for _, m := range []Mode{IO, Decap, SG, Encap, Full} {
		t.Run(string(m), func(t *testing.T) {
			o := small(m)
			o.Cores = 2
			s, err := NewSession(*o)
			require.NoError(t, err)
			defer s.Close()
			require.NoError(t, s.Start())
			before := []uint64{totals(s.rigs[0]).TxPackets, totals(s.rigs[1]).TxPackets}
			for i, r := range s.rigs {
				require.Eventually(t, func() bool { return totals(r).TxPackets > before[i]+1000 }, patience, time.Millisecond)
			}
			r, err := s.Stop()
			require.NoError(t, err)
			require.Equal(t, 2, r.Cores)
			require.Len(t, r.PerCore, 2)
			for _, c := range r.PerCore {
				require.NotZero(t, c.Mpps, "each forwards")
			}
			if m == SG || m == Encap || m == Full {
				require.Equal(t, r.Flows, r.Connections)
				require.Zero(t, r.Flows%4)
			}
			require.Empty(t, r.Drops)
			require.Equal(t, r.Total.RxPackets, r.Total.TxPackets)
		})
	}
}

// Ports of the caller's have one queue.
func TestCoresNeedQueues(t *testing.T) {
	o := small(IO)
	o.Cores, o.Ports = 2, []pmd.Port{&sink{}}
	require.ErrorContains(t, o.Check(), "only ports in memory have a queue for each core")
}
