package pipeline

import (
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
	m := p.guest.eni.Match(p.query())
	if !m.Allowed {
		p.conn = nil // its rule allows no more
		return [...]Verdict{SecurityGroupIn, SecurityGroupOut}[p.opener&1]
	}
	p.rule, p.asked, p.allowed, p.untracked = m.Rule, true, true, m.Untracked
	if c != nil {
		p.conn, p.restarts = nil, true
	}
	return next
}

// query is what the groups are asked about a packet: what they were, or would
// have been, about the first one of its flow.
func (p *packet) query() vpc.Query {
	q := vpc.Query{Remote: p.key.Remote, Port: p.key.LocalPort, Proto: p.Proto, Dir: p.opener}
	if p.opener == wire.Out {
		q.Port = p.key.RemotePort
	}
	if p.Proto == wire.ProtoICMP {
		q.Port = uint16(p.Type)<<8 | uint16(p.Code)
	}
	return q
}
