package nic

import (
	"context"
	"iter"
	"net/netip"
	"slices"
	"time"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// FlowView is one connection.
type FlowView struct {
	At        uint32    `json:"at"`             // its place in the card's table, which it keeps: from 1 on
	Card      string    `json:"card,omitempty"` // that has it, where a controller tells of it
	ENI       string    `json:"eni"`
	Protocol  string    `json:"protocol"`
	Local     string    `json:"local"` // the ENI's side, address:port
	Remote    string    `json:"remote"`
	By        string    `json:"by,omitempty"` // address:port that the ENI, a NAT gateway's, sends from in the place of Local, a host's; the gateway counts no packets of a connection, and knows no age
	Initiator string    `json:"initiator"`    // "local" or "remote"
	State     string    `json:"state"`
	Tracked   bool      `json:"tracked"`
	Resumed   bool      `json:"resumed,omitempty"`      // older than the card, and taken up in mid-stream: who began it is not known, and Initiator sent first
	Rule      *vpc.Rule `json:"rule,omitempty"`         // that allowed the first packet
	Removed   bool      `json:"rule_removed,omitempty"` // the policy in force does not have Rule, or the ENI is not in its group: a tracked connection goes on, an untracked one only by another rule
	Idle      float64   `json:"idle_seconds"`
	Age       float64   `json:"age_seconds"` // since it began, or was taken up, to a sixteenth (flow.Table.Age)

	PacketsIn  uint64 `json:"packets_in"`
	PacketsOut uint64 `json:"packets_out"`
	BytesIn    uint64 `json:"bytes_in"`
	BytesOut   uint64 `json:"bytes_out"`
}

// FlowFilter chooses connections. The zero filter chooses all.
type FlowFilter struct {
	ENI   string // only connections of this ENI; "" is of every ENI
	After uint32 // only connections with a greater FlowView.At
	Limit int    // the most connections; 0 is all
}

// seenFlow is a copy of a connection.
type seenFlow struct {
	pipeline.Known
	at      uint32
	rule    vpc.Rule
	resumed bool
	by      pipeline.Socket // of a NAT gateway, through which the connection goes; zero: through none
	age     time.Duration
}

// Flows is EachFlow as a list.
func (c *Card) Flows(f FlowFilter) []FlowView {
	return slices.AppendSeq([]FlowView{}, c.EachFlow(f))
}

// EachFlow yields connections in the order of FlowView.At, while workers go on. A
// connection that begins or ends meanwhile may be yielded or not. No lock is held while
// a connection is yielded.
func (c *Card) EachFlow(f FlowFilter) iter.Seq[FlowView] {
	return func(yield func(FlowView) bool) {
		shown := 0
		seen := make([]seenFlow, 0, pipeline.Chunk)
		rules := &rulesInForce{}
		for from, more := f.After, true; more; {
			seen, from, more = c.look(seen[:0], from)
			policy, now := c.Policy(), c.tick()
			if rules.policy != policy {
				rules = newRulesInForce(policy)
			}
			for i := range seen {
				s := &seen[i]
				e := ownENI(policy, s.Key.ENI())
				if e == nil || s.Key.IsFragment() || f.ENI != "" && f.ENI != e.ID {
					continue
				}
				if shown++; !yield(s.view(e, rules, now)) || shown == f.Limit {
					return
				}
			}
		}
	}
}

// look has a worker copy a chunk of connections into seen, which has room for a chunk,
// because the worker's packets wait and nothing is allocated meanwhile.
func (c *Card) look(seen []seenFlow, from uint32) (_ []seenFlow, next uint32, more bool) {
	c.crew.Locked(func() { seen, next, more = c.copied(seen, from) })
	return seen, next, more
}

// copied is look for a worker. The connection table's lock is held.
func (c *Card) copied(seen []seenFlow, from uint32) (_ []seenFlow, next uint32, more bool) {
	flows, now := c.crew.Flows, flow.TickOf(c.crew.Now())
	next, more = flows.Walk(from, pipeline.Chunk, func(at uint32, k *flow.Key, conn *flow.Conn) {
		known := pipeline.Known{Key: *k, Pair: flows.PairOf(at, k), Conn: conn.Copy(), First: flows.First(at)}
		seen = append(seen, seenFlow{known, at + 1, c.crew.Rule(at), flows.Resumed(at), pipeline.Socket{}, flows.Age(at, now)})
	})
	return seen, next, more
}

// eachSeen calls f with a copy of each connection, while no lock is held. It ends early with the context.
func (c *Card) eachSeen(ctx context.Context, f func(*seenFlow)) error {
	seen := make([]seenFlow, 0, pipeline.Chunk)
	for from, more := uint32(0), true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		seen, from, more = c.look(seen[:0], from)
		for i := range seen {
			if !seen[i].Key.IsFragment() {
				f(&seen[i])
			}
		}
	}
	return nil
}

// tick is now, as Conn.Seen has it.
func (c *Card) tick() uint32 { return uint32(flow.TickOf(c.crew.Now())) }

// ownENI is the card's ENI of a number, nil if the ENI went.
func ownENI(p *vpc.Policy, number uint32) *vpc.OwnENI {
	if int(number) >= len(p.ENIs) {
		return nil
	}
	return p.ENIs[number]
}

// view is s, a connection of e, at the tick now, by the rules in force.
func (s *seenFlow) view(e *vpc.OwnENI, rules *rulesInForce, now uint32) FlowView {
	k, conn, status := &s.Key, &s.Conn, s.Conn.Status()
	idle := flow.Since(now, conn.Seen)
	view := FlowView{
		At: s.at, ENI: e.ID, Protocol: wire.ProtocolName(k.Proto()), Initiator: "remote",
		Local: endpoint(s.Pair.Local, k.LocalPort, k.Proto()), Remote: endpoint(s.Pair.Remote, k.RemotePort, k.Proto()),
		State: status.State().String(), Tracked: status.Flags()&flow.FlagUntracked == 0, Resumed: s.resumed,
		Idle: idle.Seconds(), Age: max(s.age, idle).Seconds(),
		PacketsIn: conn.Packets[wire.In], PacketsOut: conn.Packets[wire.Out], BytesIn: conn.Bytes[wire.In], BytesOut: conn.Bytes[wire.Out],
	}
	if s.rule != (vpc.Rule{}) {
		rule := s.rule
		view.Rule, view.Removed = &rule, !rules.has(e, &rule)
	}
	if status.Flags()&flow.FlagInitiator != 0 {
		view.Initiator = "local"
	}
	return view
}

// endpoint is address:port for protocols with ports.
func endpoint(addr wire.Addr, port uint16, proto uint8) string {
	if proto == wire.ProtoTCP || proto == wire.ProtoUDP {
		return netip.AddrPortFrom(addr.Netip(), port).String()
	}
	return addr.String()
}
