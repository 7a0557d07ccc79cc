package vpc

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"nitrocard/nic/vpc/ec2"
)

// Limits are what an instance may send and receive, over all its ENIs. The zero value has none.
type Limits struct {
	Baseline         uint64        // bit/s each way, for ever; 0: Peak
	Peak             uint64        // bit/s each way, while there are credits; 0: any
	Burst            time.Duration // for how long full credits last at the peak
	Flow             uint64        // bit/s each way of one flow, at most Peak; 0: Peak
	Internet         uint64        // bit/s each way by internet gateways and local gateways together, at most Peak; 0: Peak
	InternetGuessed  bool          // Internet is as if the instance had 32 vCPUs, because nothing tells how many it has
	PacketsPerSecond uint64        // of both directions together; 0: any number
	PacketsGuessed   bool          // PacketsPerSecond is our guess for the type
	InstanceType     string        // that the figures are of; "": none
}

// burst is for how long an instance may send at its peak after it was silent, or began: AWS says
// from 5 to 60 minutes by the size of the instance, and not which (EC2 User Guide, instance network
// bandwidth). The choice is ours.
const burst = 5 * time.Minute

// allowance is that of an instance: what Placement tells, and with AllowancesByType the instance's type.
func (r *Region) allowance(instance string) Allowance {
	a, _ := r.place.allowances.Get(instance)
	if a.InstanceType == "" && r.place.given.AllowancesByType {
		if i := r.Instance(instance); i != nil {
			a.InstanceType = i.InstanceType
		}
	}
	return a
}

// Unbound takes from a Placement all limits of what instances may send and receive in a time. Limits of
// connections stay.
func (p *Placement) Unbound() {
	bounded := p.Allowances
	p.Allowances, p.AllowancesByType = nil, false
	for id, a := range bounded {
		if a.Connections > 0 {
			if p.Allowances == nil {
				p.Allowances = map[string]Allowance{}
			}
			p.Allowances[id] = Allowance{Connections: a.Connections}
		}
	}
}

// limits are those that an allowance sets. Where it has no figure of its own, that of its type counts.
func (r *Region) limits(a Allowance) Limits {
	l := Limits{InstanceType: a.InstanceType, PacketsPerSecond: uint64(a.PacketsPerSecond)}
	of, typed := r.instanceType(a.InstanceType)
	if a.BaselineBandwidthInGbps == 0 && a.PeakBandwidthInGbps == 0 {
		a.BaselineBandwidthInGbps, a.PeakBandwidthInGbps = of.baseline, of.peak
	}
	if typed && l.PacketsPerSecond == 0 {
		l.PacketsPerSecond, l.PacketsGuessed = uint64(of.peak*packetsPerGbit), true
	}
	l.Peak = bitsOf(cmp.Or(a.PeakBandwidthInGbps, a.BaselineBandwidthInGbps))
	if l.Baseline = bitsOf(a.BaselineBandwidthInGbps); l.Baseline == l.Peak {
		l.Baseline = 0
	}
	if l.Baseline > 0 {
		l.Burst = burst
	}
	l.Flow = min(bitsOf(cmp.Or(a.FlowBandwidthInGbps, flowGbps)), l.Peak)
	l.Internet = min(bitsOf(a.InternetBandwidthInGbps), l.Peak)
	if l.Internet == 0 {
		l.Internet = min(internetBits(l.Peak, of.large || !typed), l.Peak)
		l.InternetGuessed = (of.guessed || !typed) && l.Internet > bitsOf(flowGbps)
	}
	return l
}

// flowGbps is the bandwidth of one flow, and the least that an instance has to the internet, in Gbit/s (EC2
// User Guide, instance network bandwidth).
const flowGbps = 5

// internetBits is the bandwidth by internet gateways and local gateways together: half of the whole for large
// instances, and flowGbps at least (EC2 User Guide, instance network bandwidth).
func internetBits(peak uint64, large bool) uint64 {
	if !large {
		return bitsOf(flowGbps)
	}
	return max(peak/2, bitsOf(flowGbps))
}

// What an instance may have, in Gbit/s: from 1 Mbit/s, below which a burst would take minutes, to more than
// any has.
const (
	leastGbps = 0.001
	mostGbps  = 10000
)

// leastPackets is the lowest PacketsPerSecond: below, one burst would take minutes.
const leastPackets = 100

// wrong is what cannot be meant about an allowance, "" if all can.
func (r *Region) wrong(a Allowance) string {
	if _, known := r.instanceType(a.InstanceType); !known && a.InstanceType != "" {
		return fmt.Sprintf("InstanceType %q is not known; give InstanceTypes (aws ec2 describe-instance-types), or BaselineBandwidthInGbps and PeakBandwidthInGbps", ec2.Shorten(a.InstanceType))
	}
	base, peak := a.BaselineBandwidthInGbps, a.PeakBandwidthInGbps
	for _, of := range []struct {
		name string
		gbps float64
	}{{"BaselineBandwidthInGbps", base}, {"PeakBandwidthInGbps", peak}, {"FlowBandwidthInGbps", a.FlowBandwidthInGbps}, {"InternetBandwidthInGbps", a.InternetBandwidthInGbps}} {
		if of.gbps != 0 && !(of.gbps >= leastGbps && of.gbps <= mostGbps) {
			return fmt.Sprintf("%s %v is out of range: %v to %v", of.name, of.gbps, leastGbps, mostGbps)
		}
	}
	switch {
	case a.PacketsPerSecond != 0 && a.PacketsPerSecond < leastPackets:
		return fmt.Sprintf("PacketsPerSecond %d is below %d", a.PacketsPerSecond, leastPackets)
	case peak != 0 && base > peak:
		return fmt.Sprintf("BaselineBandwidthInGbps %v is above PeakBandwidthInGbps %v", base, peak)
	}
	return ""
}

// bitsOf are the bits in so many Gbit.
func bitsOf(gbit float64) uint64 { return uint64(math.Round(gbit * 1e9)) }

// Any tells whether anything is bounded.
func (l *Limits) Any() bool { return l.Peak > 0 || l.PacketsPerSecond > 0 }
