package vpc

import "time"

// Limits are what an instance may send and receive, over all its ENIs. The zero value has none.
type Limits struct {
	Baseline         uint64        // bit/s each way, for ever; 0: Peak
	Peak             uint64        // bit/s each way, while there are credits; 0: any
	Burst            time.Duration // for how long full credits last at the peak
	PacketsPerSecond uint64        // of both directions together; 0: any number
}

// burst is for how long an instance may send at its peak after it was silent, or began: AWS says
// from 5 to 60 minutes by the size of the instance, and not which (EC2 User Guide, instance network
// bandwidth). The choice is ours.
const burst = 5 * time.Minute

// limits are those that an allowance sets.
func (a Allowance) limits() Limits {
	l := Limits{Peak: bitsOf(a.PeakBandwidthInGbps), Baseline: bitsOf(a.BaselineBandwidthInGbps), PacketsPerSecond: uint64(a.PacketsPerSecond)}
	if l.Peak == 0 {
		l.Peak = l.Baseline
	}
	if l.Baseline == l.Peak {
		l.Baseline = 0
	}
	if l.Baseline > 0 {
		l.Burst = burst
	}
	return l
}

// bitsOf are the bits in so many Gbit.
func bitsOf(gbit float64) uint64 { return uint64(gbit * 1e9) }
