package pipeline

import (
	"cmp"
	"strings"
	"time"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// lanes bound the parts of a bandwidth of which each may be less than the whole: a flow, and all that
// goes by an internet gateway or a local gateway (EC2 User Guide, instance network bandwidth). Flows are
// told apart by a hash, so two flows in one lane have the bandwidth of one.
//
//	        ┌─ flow lane of near ends ───────────┐
//	frame ──┤                                    ├──▶
//	        └─ flow lane of far ends ── far lane ┘
//
// No lane can be over its bandwidth while all lanes together are within that of the slowest. So while
// they are, nobody looks at a frame's lane, and lanes cost nothing. What passed in that time counts in
// no lane but for depth, which a lane gets once.
type lanes struct {
	slowest, flowRate, farRate int64 // bit/s

	all   bucket // of all lanes together, at the rate slowest
	far   bucket
	flows [flowLanes]bucket
}

// flowLanes is how many lanes flows have in one direction of an instance: half of them those of near
// ends, and half those of far ones. The number is ours.
const flowLanes = 1024

// farLane is the number of the lane of all far flows.
const farLane = flowLanes

// lane is the way of a frame through the lanes.
type lane struct {
	flow uint16 // number of its flow's lane
	far  bool   // it goes through farLane, too
}

// lanesOf are the lanes of limits, nil if lanes bind nothing.
func lanesOf(l *vpc.Limits) *lanes {
	if !lanesBind(l) {
		return nil
	}
	flow, far := int64(cmp.Or(l.Flow, l.Peak)), int64(cmp.Or(l.Internet, l.Peak))
	return &lanes{slowest: min(flow, far), flowRate: flow, farRate: far}
}

// lanesBind tells whether a lane of limits can bound what the whole bandwidth does not.
func lanesBind(l *vpc.Limits) bool {
	return min(cmp.Or(l.Flow, l.Peak), cmp.Or(l.Internet, l.Peak)) < l.Peak
}

// take takes bytes that pass in any lanes. Frames are looked at for mostOwed at most after all lanes together are
// within the bandwidth of the slowest again.
func (l *lanes) take(now, bytes int64) {
	l.all.take(now, bytes*8e9/l.slowest, depth)
	l.all.forgive(now, mostOwed)
}

// mostOwed is how much all lanes together owe at most, in ns: more than any one lane does, which owes about one
// frame, of 64 KB and 0.5 s at the lowest bandwidth. So no lane owes anything once all lanes together do not.
const mostOwed = int64(time.Second)

// lacks is the bucket of the lane that is over its bandwidth and has a frame wait, and the lane's
// number; nil: the frame may pass.
func (l *lanes) lacks(now int64, at lane) (*bucket, uint16) {
	switch {
	case l == nil:
	case at.far && !l.far.isOpen(now):
		return &l.far, farLane
	case !l.flows[at.flow].isOpen(now):
		return &l.flows[at.flow], at.flow
	}
	return nil, 0
}

// pass takes the bytes of a frame from its lanes.
func (l *lanes) pass(now, bytes int64, at lane) {
	if l == nil {
		return
	}
	l.flows[at.flow].take(now, bytes*8e9/l.flowRate, depth)
	if at.far {
		l.far.take(now, bytes*8e9/l.farRate, depth)
	}
}

// giveBack gives back the bytes of a frame that took them and did not pass.
func (l *lanes) giveBack(bytes int64, at lane) {
	if l == nil {
		return
	}
	l.flows[at.flow].spent.Add(-bytes * 8e9 / l.flowRate)
	if at.far {
		l.far.spent.Add(-bytes * 8e9 / l.farRate)
	}
}

// laneOf is the lane of a frame that the guest g sends or receives. A flow is the five values that name
// a connection, or both addresses and the protocol where there are no ports, as EC2 says; fragments have
// none, whether they are the first or not, so that they stay in order.
func (g *guest) laneOf(frame []byte, d wire.Direction) (at lane) {
	var h wire.Headers
	if wire.Parse(frame, &h) != wire.NoFault || h.L4 == 0 {
		return at
	}
	if h.Frag != wire.Whole || h.Proto != wire.ProtoTCP && h.Proto != wire.ProtoUDP {
		h.SrcPort, h.DstPort = 0, 0
	}
	remote := h.Dst
	if d == wire.In {
		remote = h.Src
	}
	at.far = isFar(g.eni.Route(remote))
	at.flow = uint16(hashOf(&h.Tuple)) % (flowLanes / 2)
	if at.far {
		at.flow += flowLanes / 2
	}
	return at
}

// isFar tells whether a route leads by an internet gateway or a local gateway.
func isFar(r *vpc.Route) bool {
	switch r.Target {
	case vpc.Internet, vpc.EgressOnly:
		return true
	case vpc.Outside:
		return strings.HasPrefix(r.Via, "lgw-")
	}
	return false
}

// hashOf spreads flows over lanes: each word is multiplied by an odd number, and the upper half counts.
func hashOf(t *wire.Tuple) uint32 {
	const odd = 0x9e3779b97f4a7c15
	a, b := t.Src.Words()
	c, d := t.Dst.Words()
	h := uint64(t.Proto)<<32 | uint64(t.SrcPort)<<16 | uint64(t.DstPort)
	for _, word := range [...]uint64{a, b, c, d} {
		h = (h ^ word) * odd
		h ^= h >> 29
	}
	return uint32(h >> 32)
}
