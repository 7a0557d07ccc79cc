package nic

import (
	"context"
	"slices"

	"nitrocard/nic/flow"
	"nitrocard/nic/nat"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// eachTranslation calls f with a copy of each connection through a NAT gateway of the card, and the gateway's ENI,
// while no lock is held. It ends early with the context.
func (c *Card) eachTranslation(ctx context.Context, policy *vpc.Policy, f func(*vpc.OwnENI, *pipeline.Translation)) error {
	seen := make([]pipeline.Translation, 0, nat.Chunk)
	for e := range policy.All() {
		if e.NAT == nil {
			continue
		}
		for from, more := uint32(0), true; more; {
			if err := ctx.Err(); err != nil {
				return err
			}
			seen, from, more = c.lookThrough(e.NAT.ID, seen[:0], from)
			for i := range seen {
				f(e, &seen[i])
			}
		}
	}
	return nil
}

// lookThrough is nat.Gateway.Look of a gateway that lasts at least as long as that.
func (c *Card) lookThrough(id string, seen []pipeline.Translation, from uint32) (_ []pipeline.Translation, next uint32, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.nats[id]
	if c.closed || g == nil {
		return seen, 0, false
	}
	return g.Look(seen, from)
}

// translate adds a connection through a NAT gateway's ENI. It lives if packets of both directions pass all
// stages of that ENI, in and out. A gateway's connections stay behind when it goes to another card.
func (l *ledger) translate(e *vpc.OwnENI, t *pipeline.Translation) {
	s := &seenFlow{Known: t.Known(e.Number), by: t.Own}
	l.connections++
	var now, then [2]pipeline.Judgement
	for d := range now {
		now[d], then[d] = l.now.Through(t, e.Number, wire.Direction(d)), l.then.Through(t, e.Number, wire.Direction(d))
		if v := l.lost(l.then.ENI(&s.Known), t); v != pipeline.Sent {
			then[d] = pipeline.Judgement{Verdict: v}
		}
	}
	l.count(s, l.causeThrough(s, &now, &then))
}

// lost is why a gateway, of which the ENI is as it will be, does not have a connection any more.
func (l *ledger) lost(e *vpc.OwnENI, t *pipeline.Translation) pipeline.Verdict {
	switch {
	case e == nil || e.NAT == nil:
		return pipeline.NATAbsent
	case !slices.Contains(l.poolOf(e), t.Own.Addr):
		return pipeline.NATUnknown
	}
	return pipeline.Sent
}

// poolOf are the addresses that a gateway's connections may leave from, made once for all of the gateway's connections.
func (l *ledger) poolOf(e *vpc.OwnENI) []wire.Addr {
	if l.gateway != e {
		l.gateway, l.pool = e, append(e.NAT.Pool(e.ENI), e.NAT.Leaving(e.ENI)...)
	}
	return l.pool
}

// causeThrough is causeOf for a connection through a NAT gateway, whose ENI has no groups that would be asked.
func (l *ledger) causeThrough(s *seenFlow, now, then *[2]pipeline.Judgement) cause {
	if c := l.causeOfEnd(s, now, then); c.outcome != kept {
		return c
	}
	if leadsElsewhere(now, then) {
		return l.rerouted(s, then)
	}
	return cause{}
}

// example is view for an example of a fate.
func (s *seenFlow) example(e *vpc.OwnENI, rules *rulesInForce, now uint32) FlowView {
	view := s.view(e, rules, now)
	if s.by != (pipeline.Socket{}) {
		view.By = endpoint(s.by.Addr, s.by.Port, s.Key.Proto())
	}
	if s.Conn.Status().State() == flow.None {
		view.State = ""
	}
	return view
}
