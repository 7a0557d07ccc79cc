package nic

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// What a look at the connections costs at most, and how many of them a device
// is asked to know: it has little room, and who sends decides what fills it.
const (
	offloadLook  = 64 // chunks of the table
	offloadRules = 1024
)

// offload is what the card has asked the uplink's device to do for it. The
// supervisor keeps it, under the card's mutex; no packet meets it.
//
// A rule is a hint: the card decides about each frame as if there were none.
// A mark is not read, and no tunnel is taken off by the device. A frame
// without its tunnel would be known by its mark alone, and frames that were
// marked under a rule may wait in a ring when the rule is gone. To believe a
// mark, each packet would have to ask whose it is and since when, also on all
// the ports that have none; what it would save there is one lookup, which the
// gather hides. So a rule that a device keeps for too long harms nobody, and
// still none outlives its connection, its policy or its port.
type offload struct {
	port    pmd.Port // the offers were made to; nil before the first
	epoch   uint32   // of the policy they were made under
	next    uint32   // place of the connection table to look at next
	marks   uint32   // ever made
	spread  RuleView
	flows   RuleView
	offered map[uint32]*offer // by place of the connection
	end     func() error      // withdraws spread; nil if it was refused
}

// offer is one connection that the device knows.
type offer struct {
	key      flow.Key
	opened   uint64
	withdraw func() error
}

// RuleView is one kind of rule that a device was asked to take on.
type RuleView struct {
	Rule     string `json:"rule"`
	Accepted int    `json:"accepted"`          // that the device has now
	Refused  string `json:"refused,omitempty"` // why it takes no more
}

// candidate is a connection that a device may know.
type candidate struct {
	at     uint32
	opened uint64
	key    flow.Key
	rule   pmd.Rule
}

// offer keeps the device's rules as the card's connections are. It is called
// now and then.
func (c *Card) offer() {
	o, v := &c.offload, c.view.Load()
	if o.port != v.uplink.port {
		c.introduce(v.uplink.port)
	}
	device, ok := firstQueue(o.port).(pmd.Offloader)
	if !ok {
		return
	}
	o.epoch = v.policy.Epoch
	o.withdraw(c.ended())
	if !o.takesMore() {
		return // so the worker is not asked for what nobody takes
	}
	for _, n := range c.established() {
		if !o.takesMore() {
			return
		}
		o.mark(device, n)
	}
}

// takesMore tells whether the device may hear of another connection.
func (o *offload) takesMore() bool { return o.flows.Refused == "" && len(o.offered) < offloadRules }

// introduce begins with a port that has no rules. Those of the one before
// ended with it.
func (c *Card) introduce(p pmd.Port) {
	c.offload = offload{port: p, offered: map[uint32]*offer{}, marks: c.offload.marks}
	device, ok := firstQueue(p).(pmd.Offloader)
	if !ok {
		return
	}
	o := &c.offload
	o.spread.Rule, o.flows.Rule = "VXLAN to queues by the flow in the tunnel", "mark on an established connection"
	end, err := device.Offer(pmd.Rule{})
	if o.end = end; err != nil {
		o.spread.Refused = err.Error()
		return
	}
	o.spread.Accepted = 1
}

// mark offers one connection. A refusal is taken for an answer to all.
func (o *offload) mark(device pmd.Offloader, n candidate) {
	if o.marks++; o.marks == 0 {
		o.marks++ // 0 is no mark
	}
	n.rule.Mark = o.marks
	withdraw, err := device.Offer(n.rule)
	if err != nil {
		o.flows.Refused = err.Error()
		return
	}
	o.offered[n.at] = &offer{n.key, n.opened, withdraw}
}

// withdraw takes rules back from the device. A device that does not let go of
// one is shown to have it no more: the rule decides nothing.
func (o *offload) withdraw(places []uint32) {
	for _, at := range places {
		if err := o.offered[at].withdraw(); err != nil {
			o.flows.Refused = err.Error()
		}
		delete(o.offered, at)
	}
}

// renounce takes back every connection's rule: what a policy allowed, the next
// one may not. A device that refused may think better of it, too.
func (o *offload) renounce() {
	var all []uint32
	for at := range o.offered {
		all = append(all, at)
	}
	o.withdraw(all)
	o.flows.Refused, o.next = "", 0
}

// retire takes everything back, before the port closes.
func (o *offload) retire() {
	o.renounce()
	if o.end != nil {
		o.end()
	}
	*o = offload{marks: o.marks}
}

// views are what the device has of the port p.
func (o *offload) views(p pmd.Port) []RuleView {
	if p == nil || p != o.port || o.spread.Rule == "" {
		return nil
	}
	flows := o.flows
	flows.Accepted = len(o.offered)
	return []RuleView{o.spread, flows}
}

// ended are the places whose connection the device knows and that is no more.
func (c *Card) ended() (places []uint32) {
	for at, was := range c.offload.offered {
		alive := false
		c.inChunks(func() bool {
			c.flows.Walk(at, 1, func(_ uint32, k *flow.Key, conn *flow.Conn) {
				alive = *k == was.key && c.flows.Detail(at).Opened == was.opened && lasting(conn.Status())
			})
			return false
		})
		if !alive {
			places = append(places, at)
		}
	}
	return places
}

// established looks at some places of the connection table for connections
// that the device may know and does not.
func (c *Card) established() (found []candidate) {
	o, v, looks := &c.offload, c.view.Load(), 0
	c.inChunks(func() (more bool) {
		o.next, more = c.flows.Walk(o.next, walkChunk, func(at uint32, k *flow.Key, conn *flow.Conn) {
			if o.offered[at] != nil || !conn.Under(o.epoch) || !lasting(conn.Status()) {
				return
			}
			if rule, ok := v.arriving(k, conn.Status()); ok {
				found = append(found, candidate{at, c.flows.Detail(at).Opened, *k, rule})
			}
		})
		if !more {
			o.next = 0
		}
		looks++
		return more && looks < offloadLook
	})
	return found
}

// lasting tells whether a connection is worth a rule.
func lasting(s flow.Status) bool { return s.State() == flow.Established || s.State() == flow.UDPStream }

// arriving describes the packets of a connection that come by the uplink. Not
// ok if none do.
func (v *view) arriving(k *flow.Key, s flow.Status) (r pmd.Rule, ok bool) {
	g := v.guest(k.ENI())
	if g == nil || k.IsFragment() || s.Flags()&flow.FlagNeighbor != 0 || s.VTEP() == 0 {
		return r, false
	}
	r = pmd.Rule{
		From: v.policy.VTEPs[s.VTEP()].Addr, To: v.policy.Card.VTEP, VNI: g.eni.VNI,
		Src: k.Remote, Dst: k.Local, SrcPort: k.RemotePort, DstPort: k.LocalPort, Proto: k.Proto(),
	}
	if s.Flags()&flow.FlagNAT != 0 {
		r.Dst = g.publicOf(k.Local)
	}
	return r, r.Proto == wire.ProtoTCP || r.Proto == wire.ProtoUDP
}
