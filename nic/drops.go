package nic

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// DropView is one reason and how often it held: a Verdict of the card's, or a
// pmd.Loss of the drivers', whose frames no port counts as received.
type DropView struct {
	Reason   string            `json:"reason"`
	Sentence string            `json:"sentence"`
	Packets  uint64            `json:"packets"`
	ENIs     map[string]uint64 `json:"enis,omitempty"` // by the ENI whose stages dropped it, or whose port lost it
}

// LastDrop is one of the latest drops, in full.
type LastDrop struct {
	Time           time.Time `json:"time"`
	Reason         string    `json:"reason"`
	Sentence       string    `json:"sentence"`
	Port           string    `json:"port"` // that received the packet
	ENI            string    `json:"eni,omitempty"`
	Protocol       string    `json:"protocol,omitempty"`
	Source         string    `json:"source,omitempty"` // address:port, or address where there are no ports
	Destination    string    `json:"destination,omitempty"`
	SecurityGroups []string  `json:"security_groups,omitempty"` // that were asked, where one of them could have allowed it
}

// DropsView is every reason that ever held, most frequent first, and the
// latest drops, newest first.
type DropsView struct {
	Reasons []DropView `json:"reasons"`
	Last    []LastDrop `json:"last"`
}

// Drops tells how often each reason held, and shows the latest drops.
func (c *Card) Drops() DropsView {
	reasons := map[Verdict]*DropView{}
	view := DropsView{Reasons: []DropView{}, Last: []LastDrop{}}
	counts := c.asked()
	for _, s := range counts {
		s.addDrops(reasons)
	}
	view.Last = c.lastDrops()
	for _, r := range slices.Sorted(maps.Keys(reasons)) {
		view.Reasons = append(view.Reasons, *reasons[r])
	}
	view.Reasons = append(view.Reasons, losses(counts)...)
	slices.SortStableFunc(view.Reasons, func(a, b DropView) int { return cmp.Compare(b.Packets, a.Packets) })
	return view
}

// addDrops adds what s received and dropped to the totals, and what its ENI's
// stages dropped to the ENI's.
func (s *counted) addDrops(reasons map[Verdict]*DropView) {
	at := func(v Verdict) *DropView {
		if reasons[v] == nil {
			reasons[v] = &DropView{Reason: v.String(), Sentence: v.Sentence(), ENIs: map[string]uint64{}}
		}
		return reasons[v]
	}
	for i := range pipeline.Verdicts {
		v := Verdict(i)
		if n := s.Ends[v]; n > 0 && v.Dropped() {
			at(v).Packets += n
		}
		if n := s.Drops[v]; n > 0 && s.name != Uplink {
			at(v).ENIs[s.name] += n
		}
	}
}

// losses are what drivers lost before the card saw it.
func losses(all []counted) (views []DropView) {
	at := map[string]int{}
	for _, s := range all {
		if s.report == nil {
			continue
		}
		for _, l := range s.report.Stats.Losses() {
			if l.Frames == 0 {
				continue
			}
			i, known := at[l.Reason]
			if !known {
				i, at[l.Reason] = len(views), len(views)
				views = append(views, DropView{Reason: l.Reason, Sentence: l.Sentence, ENIs: map[string]uint64{}})
			}
			views[i].Packets += l.Frames
			if s.name != Uplink {
				views[i].ENIs[s.name] += l.Frames
			}
		}
	}
	return views
}

// lastDrops are the latest of all workers, newest first.
func (c *Card) lastDrops() []LastDrop {
	all := make([]pipeline.Drops, len(c.crew.Workers))
	c.gate.Do(func() {
		for i, w := range c.crew.Workers {
			all[i] = w.Drops
		}
	})
	last := []LastDrop{}
	for i := range all {
		for _, d := range all[i].Latest() {
			last = append(last, lastDrop(&d))
		}
	}
	slices.SortStableFunc(last, func(a, b LastDrop) int { return b.Time.Compare(a.Time) })
	return last[:min(len(last), pipeline.DropsKept)]
}

// lastDrop is d as people see it.
func lastDrop(d *pipeline.Drop) LastDrop {
	id, groups := d.ENI()
	v := LastDrop{Time: time.Unix(0, d.When).UTC(), Reason: d.Verdict.String(), Sentence: d.Verdict.Sentence(), Port: d.Port(), ENI: id}
	if d.Verdict == pipeline.SecurityGroupIn || d.Verdict == pipeline.SecurityGroupOut {
		v.SecurityGroups = groupIDs(groups)
	}
	if t := &d.Tuple; d.IP {
		v.Protocol = wire.ProtocolName(t.Proto)
		v.Source, v.Destination = endpoint(t.Src, t.SrcPort, t.Proto), endpoint(t.Dst, t.DstPort, t.Proto)
	}
	return v
}

// Reasons are the names of all verdicts that drop.
func Reasons() []string { return pipeline.Reasons() }
