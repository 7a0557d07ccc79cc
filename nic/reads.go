package nic

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Config is the configuration in force. It is the card's: read, not changed.
func (c *Card) Config() *vpc.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.config
}

// Policy is the compiled configuration in force.
func (c *Card) Policy() *vpc.Policy { return c.view.Load().policy }

// ENIs are those of this card, by ID.
func (c *Card) ENIs() []ENIView {
	var views []ENIView
	c.worker.do(func() {
		guests := c.worker.view.guests
		for i := range guests {
			if g := &guests[i]; g.eni != nil {
				views = append(views, c.eniView(g))
			}
		}
	})
	slices.SortFunc(views, func(a, b ENIView) int { return cmp.Compare(a.ID, b.ID) })
	return views
}

func (c *Card) eniView(g *guest) ENIView {
	e := g.eni
	tracked := 0
	if !c.worker.closed {
		tracked, _ = c.worker.flows.Count(g.owner)
	}
	v := ENIView{
		ID: e.ID, Instance: e.Instance, VPC: e.VPC.ID, VNI: e.VNI, Subnet: e.Subnet.ID, MAC: e.MAC, RouterMAC: e.RouterMAC,
		SecurityGroups: groupIDs(e.Groups), Connections: tracked, Allowance: int(g.limit),
	}
	for _, a := range e.Addrs {
		v.Addresses = append(v.Addresses, dotted(a.Private))
		public := ""
		if a.Public != 0 {
			public = dotted(a.Public)
		}
		v.Public = append(v.Public, public)
	}
	if p := g.slot.port; p != nil {
		v.Port = p.Info().Name
	}
	return v
}

func groupIDs(groups []*vpc.Group) []string {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	return ids
}

// dotted is an IPv4 address as people write it.
func dotted(a uint32) string {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}).String()
}

// Ports are the uplink and the port of each ENI of this card, uplink first.
func (c *Card) Ports() []PortView {
	var views []PortView
	c.worker.do(func() {
		for _, s := range c.worker.view.slots {
			views = append(views, s.view())
		}
	})
	slices.SortFunc(views[1:], func(a, b PortView) int { return cmp.Compare(a.Name, b.Name) })
	return views
}

func (s *slot) view() PortView {
	v := PortView{
		Name: s.name, Link: "no port", Received: s.received, Sent: s.ends[Sent], Consumed: s.ends[Consumed],
		Dropped: map[string]uint64{}, Delivered: s.delivered, Originated: s.originated,
	}
	for i, n := range s.ends {
		if r := Verdict(i); n > 0 && r.Dropped() {
			v.Dropped[r.String()] = n
		}
	}
	if p := s.port; p != nil {
		info := p.Info()
		v.Port, v.MAC, v.MTU, v.Driver, v.Link = info.Name, info.MAC, info.MTU, p.Stats(), "up"
		if err := p.Link(); err != nil {
			v.Link = err.Error()
		}
	}
	return v
}

// Drops tells how often each reason held, and shows the latest drops.
func (c *Card) Drops() DropsView {
	reasons := map[Verdict]*DropView{}
	view := DropsView{Reasons: []DropView{}, Last: []LastDrop{}}
	c.worker.do(func() {
		for _, s := range c.worker.view.slots {
			s.addDrops(reasons)
		}
		view.Last = c.worker.recent.views()
	})
	for _, r := range slices.Sorted(maps.Keys(reasons)) {
		view.Reasons = append(view.Reasons, *reasons[r])
	}
	slices.SortStableFunc(view.Reasons, func(a, b DropView) int { return cmp.Compare(b.Packets, a.Packets) })
	return view
}

// addDrops adds what s received and dropped to the totals, and what its ENI's
// stages dropped to the ENI's.
func (s *slot) addDrops(reasons map[Verdict]*DropView) {
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

// views are the ring's drops, newest first.
func (r *recent) views() []LastDrop {
	views := []LastDrop{}
	for i := range min(r.n, uint64(len(r.drops))) {
		views = append(views, r.drops[(r.n-1-i)%uint64(len(r.drops))].view())
	}
	return views
}

func (d *recentDrop) view() LastDrop {
	v := LastDrop{Time: time.Unix(0, d.when).UTC(), Reason: d.verdict.String(), Sentence: d.verdict.Sentence(), Port: d.port, ENI: d.eni}
	if d.verdict == SecurityGroupIn || d.verdict == SecurityGroupOut {
		v.SecurityGroups = groupIDs(d.groups)
	}
	if d.ip {
		t := d.tuple
		v.Protocol = wire.ProtocolName(t.Proto)
		v.Source, v.Destination = endpoint(t.Src, t.SrcPort, t.Proto), endpoint(t.Dst, t.DstPort, t.Proto)
	}
	return v
}

// endpoint is address:port for protocols with ports.
func endpoint(addr uint32, port uint16, proto uint8) string {
	if proto == wire.ProtoTCP || proto == wire.ProtoUDP {
		return fmt.Sprintf("%s:%d", dotted(addr), port)
	}
	return dotted(addr)
}

// walkChunk is how many connections a listing looks at between two bursts.
const walkChunk = 256

// Flows lists connections as they are; those that begin or end meanwhile may
// or may not be shown.
func (c *Card) Flows(f FlowFilter) []FlowView {
	limit := f.Limit
	if limit <= 0 {
		limit = 1000
	}
	views := []FlowView{}
	for from, more := uint32(0), true; more && len(views) < limit; {
		c.worker.do(func() {
			if more = !c.worker.closed; !more {
				return
			}
			from, more = c.worker.flows.Walk(from, walkChunk, func(at uint32, k *flow.Key, conn *flow.Conn) {
				if v, ok := c.worker.flowView(at, k, conn); ok && (f.ENI == "" || f.ENI == v.ENI) && len(views) < limit {
					views = append(views, v)
				}
			})
		})
	}
	return views
}

func (w *worker) flowView(at uint32, k *flow.Key, c *flow.Conn) (FlowView, bool) {
	v := w.view
	if int(k.ENI()) >= len(v.guests) || v.guests[k.ENI()].eni == nil || k.IsFragment() {
		return FlowView{}, false
	}
	view := FlowView{
		ENI: v.guests[k.ENI()].eni.ID, Protocol: wire.ProtocolName(k.Proto()), Initiator: "remote",
		Local: endpoint(k.Local, k.LocalPort, k.Proto()), Remote: endpoint(k.Remote, k.RemotePort, k.Proto()),
		State: c.State.String(), Tracked: c.Flags&flow.FlagUntracked == 0, Rule: w.rules.rule(w.flows.Detail(at).Rule),
		Idle:      flow.Since(w.tick, c.Seen).Seconds(),
		PacketsIn: c.Packets[flow.In], PacketsOut: c.Packets[flow.Out], BytesIn: c.Bytes[flow.In], BytesOut: c.Bytes[flow.Out],
	}
	if c.Flags&flow.FlagInitiator != 0 {
		view.Initiator = "local"
	}
	return view, true
}
