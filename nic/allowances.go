package nic

import (
	"cmp"
	"iter"
	"maps"
	"slices"

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
	return func(yield func(AllowanceView) bool) {
		ids := map[string]bool{}
		for e := range c.Policy().All() {
			if id := instanceOf(e); id > after && e.NAT == nil {
				ids[id] = true
			}
		}
		for _, id := range slices.Sorted(maps.Keys(ids)) {
			if v, there := c.Allowance(id); there && !yield(v) {
				return
			}
		}
	}
}

// instanceOf is the instance that an ENI is attached to, or the ENI itself.
func instanceOf(e *vpc.OwnENI) string { return cmp.Or(e.Instance, e.ID) }

// Allowance is that of the card's instance of an ID.
func (c *Card) Allowance(id string) (view AllowanceView, there bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	enis := c.enisOf(id)
	if len(enis) == 0 {
		return view, false
	}
	first := enis[0]
	c.crew.Flows.Lock()
	tracked, _ := c.crew.Flows.Count(first.Owner)
	c.crew.Flows.Unlock()
	view = AllowanceView{Instance: id, ConntrackAvailable: max(int(c.shares.of(first.Owner))-tracked, 0)}
	view.limited(&first.Limits)
	view.CreditsIn, view.CreditsOut = c.crew.Credits(first.Owner)
	for _, e := range enis {
		view.ENIs = append(view.ENIs, e.ID)
		c.gate.Do(func() {
			n := c.bays.Of(e.ID).Counts()
			view.add(&n)
		})
	}
	return view, true
}

// enisOf are the ENIs of this card that an instance has, by ID, or the one that is attached to none.
func (c *Card) enisOf(id string) (enis []*vpc.OwnENI) {
	if e := c.Policy().ENI(id); e != nil && instanceOf(e) == id {
		return []*vpc.OwnENI{e}
	}
	for e := range c.Policy().All() {
		if instanceOf(e) == id && e.NAT == nil {
			enis = append(enis, e)
		}
	}
	slices.SortFunc(enis, func(a, b *vpc.OwnENI) int { return cmp.Compare(a.ID, b.ID) })
	return enis
}

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
