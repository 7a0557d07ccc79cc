package nic

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"nitrocard/nic/bay"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
)

// AllowanceView is what an instance of this card may take, and how often it was over. The counts have
// the names that ENA's driver gives them, and its meaning: packets that waited or were dropped, and of
// connections and of the card's services packets that were dropped (EC2 User Guide, network performance
// metrics). They count over all ENIs of the instance that are on this card, since each ENI came; the
// first three begin anew when the instance's limits go and come.
type AllowanceView struct {
	Instance string   `json:"instance"` // or the ENI's ID, of one that is attached to none
	ENIs     []string `json:"enis"`

	InstanceType            string  `json:"instance_type,omitzero"`              // whose figures count; of a type that is not known there are none
	BaselineBandwidthInGbps float64 `json:"baseline_bandwidth_in_gbps,omitzero"` // each way, for ever
	PeakBandwidthInGbps     float64 `json:"peak_bandwidth_in_gbps,omitzero"`     // each way, while there are credits; absent: no limit
	FlowBandwidthInGbps     float64 `json:"flow_bandwidth_in_gbps,omitzero"`     // each way, of one flow; absent: as much as the peak
	InternetBandwidthInGbps float64 `json:"internet_bandwidth_in_gbps,omitzero"` // each way, by internet gateways and local gateways together; absent: as much as the peak
	CreditsIn               float64 `json:"credits_in,omitzero"`                 // left of a full bucket of them, 0 to 1
	CreditsOut              float64 `json:"credits_out,omitzero"`
	PacketsPerSecond        uint64  `json:"packets_per_second,omitzero"` // both ways together; absent: no limit

	Guesses []string `json:"guesses,omitzero"` // figures that AWS does not publish, by name: the choice is ours

	BwInExceeded       uint64 `json:"bw_in_allowance_exceeded"`
	BwOutExceeded      uint64 `json:"bw_out_allowance_exceeded"`
	PpsExceeded        uint64 `json:"pps_allowance_exceeded"`
	ConntrackExceeded  uint64 `json:"conntrack_allowance_exceeded"`
	LinkLocalExceeded  uint64 `json:"linklocal_allowance_exceeded"`
	ConntrackAvailable int    `json:"conntrack_allowance_available"`
}

// Allowances are those of the instances of this card, by ID.
func (c *Card) Allowances() []AllowanceView { return slices.Collect(c.EachAllowance("")) }

// EachAllowance yields the allowances of the instances of this card behind an ID, in order of ID; ""
// is before all.
func (c *Card) EachAllowance(after string) iter.Seq[AllowanceView] {
	return c.eachAllowance(func(instance string) bool { return instance > after })
}

// Allowance is that of the card's instance of an ID.
func (c *Card) Allowance(id string) (view AllowanceView, there bool) {
	for v := range c.eachAllowance(func(instance string) bool { return instance == id }) {
		return v, true
	}
	return view, false
}

// eachAllowance yields the allowances of the instances that are wanted, in order of ID.
func (c *Card) eachAllowance(wanted func(instance string) bool) iter.Seq[AllowanceView] {
	return func(yield func(AllowanceView) bool) {
		enis := map[string][]string{} // by instance
		for e := range c.Policy().All() {
			if id := instanceOf(e); e.NAT == nil && wanted(id) {
				enis[id] = append(enis[id], e.ID)
			}
		}
		for chunk := range slices.Chunk(slices.Sorted(maps.Keys(enis)), countChunk) {
			for _, v := range c.allowancesOf(chunk, enis) {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// allowancesOf are the allowances of instances of which enis names the ENIs. An ENI that went meanwhile,
// or is another instance's, is left out. The workers stand once for a chunk of ENIs, not for each.
func (c *Card) allowancesOf(instances []string, enis map[string][]string) (views []AllowanceView) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var bays []*bay.Bay
	for _, id := range instances {
		var owner *vpc.OwnENI
		view := AllowanceView{Instance: id}
		for _, name := range slices.Sorted(slices.Values(enis[id])) {
			if e := c.Policy().ENI(name); e != nil && instanceOf(e) == id {
				owner, bays = e, append(bays, c.bays.Of(name))
				view.ENIs = append(view.ENIs, name)
			}
		}
		if owner != nil {
			c.left(&view, owner)
			views = append(views, view)
		}
	}
	counts := c.counts(bays)
	for i := range views {
		v := &views[i]
		for j := range v.ENIs {
			v.add(&counts[j].Counts)
		}
		counts = counts[len(v.ENIs):]
	}
	return views
}

// left shows the limits of an ENI's instance, and what is left of them. The card's mutex is held.
func (c *Card) left(v *AllowanceView, e *vpc.OwnENI) {
	var tracked int
	c.crew.Locked(func() { tracked, _ = c.crew.Flows.Count(e.Owner) })
	v.ConntrackAvailable = max(int(c.shares.of(e.Owner))-tracked, 0)
	v.limited(&e.Limits)
	v.CreditsIn, v.CreditsOut = c.crew.Credits(e.Owner)
}

// instanceOf is the instance that an ENI is attached to, or the ENI itself.
func instanceOf(e *vpc.OwnENI) string { return cmp.Or(e.Instance, e.ID) }

// limited shows limits.
func (v *AllowanceView) limited(l *vpc.Limits) {
	v.PeakBandwidthInGbps, v.PacketsPerSecond = float64(l.Peak)/1e9, l.PacketsPerSecond
	v.InstanceType = l.InstanceType
	if l.PacketsGuessed {
		v.Guesses = append(v.Guesses, "packets_per_second")
	}
	if l.Burst > 0 {
		v.Guesses = append(v.Guesses, "credits")
	}
	if l.InternetGuessed {
		v.Guesses = append(v.Guesses, "internet_bandwidth_in_gbps")
	}
	if l.Flow < l.Peak {
		v.FlowBandwidthInGbps = float64(l.Flow) / 1e9
	}
	if l.Internet < l.Peak {
		v.InternetBandwidthInGbps = float64(l.Internet) / 1e9
	}
	v.BaselineBandwidthInGbps = float64(cmp.Or(l.Baseline, l.Peak)) / 1e9
}

// add adds the counts of an ENI.
func (v *AllowanceView) add(n *pipeline.Counts) {
	v.BwInExceeded += n.Exceeded.In()
	v.BwOutExceeded += n.Exceeded.Out()
	v.PpsExceeded += n.Exceeded.Packets()
	v.ConntrackExceeded += n.Drops[pipeline.ConntrackAllowanceExceeded]
	v.LinkLocalExceeded += n.Drops[pipeline.LinkLocalAllowanceExceeded]
}
