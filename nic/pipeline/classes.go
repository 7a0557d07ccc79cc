package pipeline

import (
	"cmp"
	"math/bits"
	"strings"
	"time"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// classes bound the parts of a bandwidth of which each may be less than the whole: a flow, and all that
// goes by an internet gateway or a local gateway (EC2 User Guide, instance network bandwidth). Flows are
// told apart by a hash, so two flows of one class have the bandwidth of one.
//
//	        ┌─ flow class of near ends ────────────┐
//	frame ──┤                                      ├──▶
//	        └─ flow class of far ends ── far class ┘
//
// No class can be over its bandwidth while all classes together are within that of the slowest. So while
// they are, no frame is classified, and classes cost nothing. What passed in that time counts in
// no class but for depth, which a class gets once.
type classes struct {
	slowest, flowRate, farRate int64 // bit/s

	all   bucket // of all classes together, at the rate slowest
	far   bucket
	flows [flowClasses]bucket
}

// flowClasses is how many classes flows have in one direction of an instance: half of them those of near
// ends, and half those of far ones. The number is ours.
const flowClasses = 1024

// farClass is the number of the class of all far flows.
const farClass = flowClasses

// flowClass is the class of a frame's flow.
type flowClass struct {
	number uint16
	far    bool // the flow is one of farClass, too
}

// classesOf are the classes of limits, nil if classes bind nothing.
func classesOf(l *vpc.Limits) *classes {
	if !classesBind(l) {
		return nil
	}
	flow, far := int64(cmp.Or(l.Flow, l.Peak)), int64(cmp.Or(l.Internet, l.Peak))
	return &classes{slowest: min(flow, far), flowRate: flow, farRate: far}
}

// classesBind tells whether a class of limits can bound what the whole bandwidth does not.
func classesBind(l *vpc.Limits) bool {
	return min(cmp.Or(l.Flow, l.Peak), cmp.Or(l.Internet, l.Peak)) < l.Peak
}

// take takes bytes that pass in any classes. Frames are classified for mostOwed at most after all classes together are
// within the bandwidth of the slowest again.
func (c *classes) take(now, bytes int64) {
	c.all.take(now, bytes*8e9/c.slowest, depth)
	c.all.forgive(now, mostOwed)
}

// mostOwed is how much all classes together owe at most, in ns: more than any one class does, which owes about one
// frame, of 64 KB and 0.5 s at the lowest bandwidth. So no class owes anything once all classes together owe nothing.
const mostOwed = int64(time.Second)

// exceeded is the bucket of the class that is over its bandwidth and has a frame wait, and the class's
// number; nil: the frame may pass.
func (c *classes) exceeded(now int64, at flowClass) (*bucket, uint16) {
	switch {
	case c == nil:
	case at.far && !c.far.conforms(now):
		return &c.far, farClass
	case !c.flows[at.number].conforms(now):
		return &c.flows[at.number], at.number
	}
	return nil, 0
}

// charge takes the bytes of a frame from its classes.
func (c *classes) charge(now, bytes int64, at flowClass) {
	if c == nil {
		return
	}
	c.flows[at.number].take(now, bytes*8e9/c.flowRate, depth)
	if at.far {
		c.far.take(now, bytes*8e9/c.farRate, depth)
	}
}

// giveBack gives back the bytes of a frame that took them and did not pass.
func (c *classes) giveBack(bytes int64, at flowClass) {
	if c == nil {
		return
	}
	c.flows[at.number].spent.Add(-bytes * 8e9 / c.flowRate)
	if at.far {
		c.far.spent.Add(-bytes * 8e9 / c.farRate)
	}
}

// classify is the class of a frame that a guest sends or receives. A flow is the five values that name
// a connection, or both addresses and the protocol where there are no ports, as EC2 says; fragments have
// none, whether they are the first or not, so that they stay in order.
func (w *Worker) classify(g *guest, frame []byte, d wire.Direction) (at flowClass) {
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
	at.number = w.crew.spread.of(&h.Tuple) % (flowClasses / 2)
	if at.far {
		at.number += flowClasses / 2
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

// spread is a hash by which flows have their classes. Its words are a secret: a sender who knew them could choose
// flows that share the class of another's.
type spread [4]uint64

// newSpread makes a spread of a seed, which is a secret.
func newSpread(seed uint64) (s spread) {
	tables.FillSecret(s[:], seed, 0x6c616e65)
	return s
}

// of is the hash of a flow. Each word is multiplied by one that no sender knows, so that no difference of two flows
// is lost under every seed.
func (s *spread) of(t *wire.Tuple) uint16 {
	a, b := t.Src.Words()
	c, d := t.Dst.Words()
	ends := uint64(t.Proto)<<32 | uint64(t.SrcPort)<<16 | uint64(t.DstPort)
	hi, lo := bits.Mul64(a^s[0], b^s[1])
	hi2, lo2 := bits.Mul64(c^s[2], d^s[3])
	hi, lo = bits.Mul64(hi^lo^ends^s[2], hi2^lo2^s[0])
	return uint16((hi ^ lo) * (s[1] | 1) >> 48)
}
