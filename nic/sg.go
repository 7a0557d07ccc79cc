package nic

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// securityGroups asks the ENI's groups whether they allow a packet. A tracked
// connection was allowed when it began and is not asked again, whatever the
// rules say now (EC2 User Guide, security group connection tracking). An
// untracked flow is asked again under each new policy.
func (w *worker) securityGroups(p *packet) Verdict {
	if p.Frag == wire.LaterFragment {
		return FragmentUnknown // a known one took the short way
	}
	if p.conn != nil && p.conn.Flags&flow.FlagUntracked == 0 {
		return next
	}
	if w.findRelated(p) {
		return next
	}
	m := p.guest.eni.Match(p.query())
	if !m.Allowed {
		return [...]Verdict{SecurityGroupIn, SecurityGroupOut}[p.dir&1]
	}
	p.rule, p.asked, p.untracked = m.Rule, true, m.Untracked
	return next
}

// query is what the groups are asked about a packet.
func (p *packet) query() vpc.Query {
	q := vpc.Query{Remote: p.Src, Port: p.DstPort, Proto: p.Proto, Dir: p.dir}
	if p.dir == vpc.Out {
		q.Remote = p.Dst
	}
	if p.Proto == wire.ProtoICMP {
		q.Port = uint16(p.Type)<<8 | uint16(p.Code)
	}
	return q
}
