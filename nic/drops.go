package nic

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"nitrocard/nic/vpc"
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
	c.mu.Lock()
	counts := c.counts()
	c.mu.Unlock()
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
	for i := range verdicts {
		v := Verdict(i)
		if n := s.ends[v]; n > 0 && v.Dropped() {
			at(v).Packets += n
		}
		if n := s.drops[v]; n > 0 && s.name != Uplink {
			at(v).ENIs[s.name] += n
		}
	}
}

// losses are what drivers lost before the card saw it.
func losses(all []counted) (views []DropView) {
	at := map[string]int{}
	for _, s := range all {
		if s.port == nil {
			continue
		}
		for _, l := range s.port.Stats().Losses() {
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

// recentDrop is one of the latest drops. It is small, because a flood of them
// must leave the first cache to the packets that pass.
type recentDrop struct {
	when    int64
	port    *nameplate // that received it
	eni     *nameplate // nil: none was found
	tuple   wire.Tuple
	verdict Verdict
	ip      bool
}

// nameplate is what a drop tells of a port or an ENI. It does not hold the ENI, and
// through it a policy that is long gone.
type nameplate struct {
	name   string
	groups []*vpc.Group // of the ENI
}

// recent is a ring of the latest drops.
type recent struct {
	drops [256]recentDrop
	n     uint64 // ever added
}

// lastDrops are the latest of all workers, newest first.
func (c *Card) lastDrops() []LastDrop {
	all := make([]recent, len(c.workers))
	c.gate.do(func() {
		for i, w := range c.workers {
			all[i] = w.recent
		}
	})
	last := []LastDrop{}
	for i := range all {
		last = append(last, all[i].views()...)
	}
	slices.SortStableFunc(last, func(a, b LastDrop) int { return b.Time.Compare(a.Time) })
	return last[:min(len(last), len(all[0].drops))]
}

// next is the place for one more.
func (r *recent) next() *recentDrop {
	d := &r.drops[r.n%uint64(len(r.drops))]
	r.n++
	return d
}

// views are the ring's drops, newest first.
func (r *recent) views() []LastDrop {
	views := []LastDrop{}
	for i := range min(r.n, uint64(len(r.drops))) {
		views = append(views, r.drops[(r.n-1-i)%uint64(len(r.drops))].view())
	}
	return views
}

func (d *recentDrop) view() LastDrop {
	v := LastDrop{Time: time.Unix(0, d.when).UTC(), Reason: d.verdict.String(), Sentence: d.verdict.Sentence(), Port: d.port.name}
	if d.eni != nil {
		v.ENI = d.eni.name
		if d.verdict == SecurityGroupIn || d.verdict == SecurityGroupOut {
			v.SecurityGroups = groupIDs(d.eni.groups)
		}
	}
	if d.ip {
		t := d.tuple
		v.Protocol = wire.ProtocolName(t.Proto)
		v.Source, v.Destination = endpoint(t.Src, t.SrcPort, t.Proto), endpoint(t.Dst, t.DstPort, t.Proto)
	}
	return v
}
