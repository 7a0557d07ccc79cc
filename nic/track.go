package nic

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// track leaves a connection behind that holds what the stages found, or
// brings an older one up to date.
func (w *worker) track(p *packet) Verdict {
	if p.conn == nil {
		if !p.opens() {
			return next
		}
		if v := w.open(p, &p.key, w.ruleNumber(p)); v != next {
			return v
		}
	}
	if p.conn != nil {
		w.keep(p)
		w.account(p)
	}
	if p.Frag == wire.FirstFragment {
		w.trackFragments(p)
	}
	return next
}

// opens tells whether a packet may begin a connection. Of ICMP only an echo
// request does: other messages stand alone, and each is asked for.
//
// Of TCP only a SYN begins one that is tracked. A segment from the middle of a
// stream passes if a rule allows it and opens nothing for the way back:
// otherwise the guest's next acknowledgement would let in again what EC2 cuts,
// an untracked flow whose rule is gone. AWS does not document this; it is ours.
// A flow that was untracked and is tracked under a new policy was asked for as
// its first packet was, so it goes on.
func (p *packet) opens() bool {
	switch {
	case p.Proto == wire.ProtoICMP:
		return p.Type == wire.ICMPEcho
	case p.Proto == wire.ProtoTCP && !p.begins() && !p.untracked && !p.reopens:
		return false
	}
	return flow.Opens(p.Proto, p.Flags)
}

// open enters a connection for p under key k, allowed by a rule of the
// rulebook. A flow that EC2 does not track is entered as a cached verdict if
// there is room, and passes in any case.
func (w *worker) open(p *packet, k *flow.Key, rule uint32) Verdict {
	if p.reopens {
		w.forget(p)
	}
	g, o := p.guest, &w.opening
	*o = flow.Opening{Key: *k, Dir: flow.Dir(p.opener), TCPFlags: p.Flags, Owner: g.owner, Limit: g.limit, Now: w.ticks}
	o.Rule = rule
	if p.untracked {
		o.Conn.Flags = flow.FlagUntracked
	}
	if p.untracked || k.IsFragment() {
		o.Limit = g.cacheLimit
	}
	at, result := w.flows.Open(o)
	switch {
	case result == flow.Opened || result == flow.Existing:
		p.at, p.conn = at, w.flows.Conn(at)
	case p.untracked:
	case result == flow.AllowanceExceeded:
		return ConntrackAllowanceExceeded
	default:
		return ConntrackFull
	}
	return next
}

// keep writes to p's connection what the stages found for p's direction.
func (w *worker) keep(p *packet) {
	c := p.conn
	if c.Epoch != w.epoch {
		c.Epoch = w.epoch
		c.Flags &^= readyIn | readyOut
	}
	c.VTEP = p.vtep
	c.Flags |= ready(p.dir)
	if p.dir == vpc.Out {
		c.Path = p.path
		c.Flags = c.Flags&^(flow.FlagNAT|flow.FlagRouted|flow.FlagNeighbor) | p.flags
	}
}

// trackFragments enters a short-lived connection for the fragments that
// follow the first, which carry no ports: they share its verdict. Where there
// is no room for it they are dropped, and the first alone does no harm. AWS
// documents no rule for fragments; this one is ours.
func (w *worker) trackFragments(p *packet) {
	first, at, rule := p.conn, p.at, w.ruleNumber(p)
	p.untracked = p.untracked || first != nil && first.Flags&flow.FlagUntracked != 0
	p.opener, p.conn, p.reopens = p.dir, nil, false
	k := p.key.Fragment(p.ID)
	w.open(p, &k, rule)
	if p.conn != nil {
		w.keep(p)
	}
	p.conn, p.at = first, at
}
