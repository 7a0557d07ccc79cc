package nic

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// DropView is one reason for drops and its count: a Verdict of the card's, or a pmd.Loss
// of a driver's, whose frames no port counts as received.
type DropView struct {
	Reason   string            `json:"reason"`
	Sentence string            `json:"sentence"`
	Packets  uint64            `json:"packets"`
	ENIs     map[string]uint64 `json:"enis,omitempty"` // by the ENI whose stages dropped the packets or whose port lost them
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
	SecurityGroups []string  `json:"security_groups,omitempty"` // the groups that denied the packet, if groups did
}

// DropsView is every reason with a count, most frequent first, and the latest drops,
// newest first.
type DropsView struct {
	Reasons []DropView `json:"reasons"`
	Last    []LastDrop `json:"last"`
}

// Drops counts the drops by reason and shows the latest ones.
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

// addDrops adds the drops among the packets that s received to the totals, and the drops
// by the stages of s's ENI to the ENI's.
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

// losses are the frames that drivers lost before the card saw them.
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

// lastDrops are the latest drops of all workers, newest first.
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

// lastDrop is d for people.
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
