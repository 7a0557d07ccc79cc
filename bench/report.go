package bench

import (
	"time"

	"nitrocard/nic/seat"
)

// Report is one measurement.
type Report struct {
	Mode      Mode   `json:"forward_mode"`
	Burst     int    `json:"burst"`
	Cores     int    `json:"nb_cores"`
	Flows     int    `json:"flows"`
	ENIs      int    `json:"enis"`
	Addresses int    `json:"addresses,omitempty"` // public ones, of the mode edge
	FrameSize string `json:"frame_size"`          // "" where frames come from ports that were named

	Rate
	PerCore    []Rate  `json:"per_core"` // each core's own
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	CPUClock   string  `json:"cpu_clock"`           // what CPUSeconds are
	ProcessCPU float64 `json:"process_cpu_seconds"` // of all threads: the collector's and the runtime's too

	Connections int `json:"connections"` // that the card tracks when the measurement ends; 0 without a card

	Drops drops        `json:"drops"` // by reason
	Ports []PortStats  `json:"ports"`
	Total PortStats    `json:"total"`
	Gaps  seat.GapView `json:"burst_gap_us"`
}

// Rate is how fast frames were forwarded. Mpps and nanoseconds count the
// frames that left, so that none is counted that was dropped; Gbit/s are of
// the frames that arrived, without checksum, preamble and gap.
type Rate struct {
	Mpps        float64 `json:"mpps"` // per second of CPU time
	NsPerPacket float64 `json:"ns_per_packet"`
	Gbps        float64 `json:"gbit_per_s"`
	RxMpps      float64 `json:"rx_mpps"` // frames that arrived, per second of CPU time
	WallMpps    float64 `json:"wall_mpps"`
	WallGbps    float64 `json:"wall_gbit_per_s"`
}

// Since is the rate between two samples, from older to s.
func (s Sample) Since(older Sample) Rate {
	n := s.Total.Plus(older.Total, -1)
	cpu, wall := s.CPU-older.CPU, s.Wall-older.Wall
	per := func(n uint64, unit float64, t time.Duration) float64 {
		if t <= 0 {
			return 0
		}
		return float64(n) / unit / t.Seconds()
	}
	r := Rate{
		Mpps: per(n.TxPackets, 1e6, cpu), RxMpps: per(n.RxPackets, 1e6, cpu), Gbps: per(n.RxBytes*8, 1e9, cpu),
		WallMpps: per(n.TxPackets, 1e6, wall), WallGbps: per(n.RxBytes*8, 1e9, wall),
	}
	if n.TxPackets > 0 {
		r.NsPerPacket = float64(cpu.Nanoseconds()) / float64(n.TxPackets)
	}
	return r
}

// report is what the workers did.
func (s *Session) report(workers []*worker) *Report {
	o := &s.options
	r := &Report{
		Mode: o.Mode, Burst: o.Burst, Cores: len(workers), ENIs: o.enis(), FrameSize: o.frameSize(), CPUClock: cpuClock,
		Connections: s.rigs[0].connections(), Drops: drops{}, Ports: s.Forwarded(),
	}
	if o.Mode == Edge {
		r.ENIs, r.Addresses = 0, o.Addresses
	}
	if len(o.Ports) > 0 {
		r.FrameSize = ""
	}
	first, last, gaps := workers[0].first, workers[0].last, seat.Gaps{}
	for i, w := range workers {
		r.PerCore = append(r.PerCore, w.last.Since(w.first))
		gaps.Merge(&w.gaps)
		if i > 0 {
			first, last = first.and(&w.first), last.and(&w.last)
		}
	}
	for _, g := range s.rigs {
		if r.Flows += g.flows; r.Connections > 0 {
			r.Flows = g.flows // which the cores share
		}
	}
	r.Rate, r.Seconds, r.CPUSeconds = last.Since(first), last.Wall.Seconds(), (last.CPU - first.CPU).Seconds()
	r.ProcessCPU, r.Gaps, r.Total = (last.Process - first.Process).Seconds(), gaps.View(), sum(r.Ports)
	for reason, n := range s.drops() {
		r.Drops.add(reason, n-s.before[reason])
	}
	return r
}
