package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// securityGroups asks the ENI's groups whether they allow a packet. A tracked
// connection was allowed when it began and is not asked again, whatever the
// rules say now (EC2 User Guide, security group connection tracking); a SYN that
// begins another in its place is (see package flow). An
// untracked flow is asked again under each new policy, as its first packet
// was, and cut if that is allowed no more: the guest's next packet must not
// bring back what the rules ended.
func (w *Worker) securityGroups(p *packet) Verdict {
	c := p.conn
	switch {
	case p.Frag == wire.LaterFragment && (c == nil || !p.was.Walked(p.dir) || p.outdated):
		return FragmentUnknown
	case c != nil && !p.outdated, w.findRelated(p):
		p.allowed = true
		return next
	}
	p.opener = p.dir
	if c != nil && !p.begins() {
		p.opener = p.was.Opener()
	}
	m, v := judgeGroups(p.guest.eni, query(&p.key, &p.Headers, p.opener))
	if v != next {
		p.conn = nil // its rule allows no more
		return v
	}
	p.rule, p.asked, p.allowed, p.untracked = m.Rule, true, true, m.Untracked
	if c != nil {
		p.conn, p.restarts = nil, true
	}
	return next
}

// judgeGroups asks an ENI's groups, and names the verdict if they deny.
func judgeGroups(e *vpc.OwnENI, q vpc.Query) (vpc.Match, Verdict) {
	m := e.Match(q)
	if !m.Allowed {
		return m, [...]Verdict{SecurityGroupIn, SecurityGroupOut}[q.Dir&1]
	}
	return m, next
}

// query is what the groups are asked about a packet: what they were, or would have
// been, about the first packet of the flow, which went in the direction opener.
func query(k *flow.Key, h *wire.Headers, opener wire.Direction) vpc.Query {
	q := vpc.Query{Remote: k.Remote, Port: k.LocalPort, Proto: h.Proto, Dir: opener}
	if opener == wire.Out {
		q.Port = k.RemotePort
	}
	if h.Proto == wire.ProtoICMP {
		q.Port = uint16(h.Type)<<8 | uint16(h.Code)
	}
	return q
}
