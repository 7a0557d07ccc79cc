package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// securityGroups asks the ENI's groups whether they allow a packet.
//
// The groups allowed a tracked connection when it began and are not asked again, whatever
// the rules say now (EC2 User Guide, security group connection tracking). They are asked
// for a SYN that asks for another connection in the place of the old one, and once more
// about this SYN when the SYN+ACK comes (see package flow).
//
// The groups are asked for an untracked flow under each new policy, with the question
// that was asked for the flow's first packet. A flow that the rules allow no more is
// cut, because the guest's next packet must not open it again. A flow that they still
// allow keeps its record's state and counts: a younger record would be forgotten sooner,
// and the next packet of a flow that is cut and forgotten begins a flow.
func (w *Worker) securityGroups(p *packet) Verdict {
	c := p.conn
	switch {
	case p.Frag == wire.LaterFragment && p.outdated:
		return FragmentUnknown
	case p.Frag == wire.LaterFragment && (c == nil || !p.was.Walked(p.dir)):
		return early
	case c != nil && !p.outdated, p.IsICMPError() && w.findRelated(p):
		p.allowed = true
		return next
	}
	p.initiator = p.dir
	switch {
	case p.accepted:
		p.initiator ^= 1
	case c != nil && !p.begins():
		p.initiator = p.was.Initiator()
	}
	m, v := judgeGroups(p.guest.eni, p.query(p.initiator))
	if v != next && w.awaited(p) {
		return early
	}
	if v != next {
		p.conn = nil // the rules cut the untracked flow of the record
		return v
	}
	p.rule, p.asked, p.allowed = m.Rule, true, true
	p.untracked = m.Untracked && !byEgressOnly(p.guest.eni, p.pair.Remote)
	if c != nil && p.initiator != p.was.Initiator() {
		p.conn, p.restarts = nil, true // a SYN of the other end opens the flow from there
	}
	return next
}

// judgeGroups asks an ENI's groups. The verdict is next if they allow, and names the
// direction if they deny.
func judgeGroups(e *vpc.OwnENI, q vpc.Query) (vpc.Match, Verdict) {
	m := e.Match(q)
	if !m.Allowed {
		return m, [...]Verdict{SecurityGroupIn, SecurityGroupOut}[q.Dir&1]
	}
	return m, next
}

// query is the question to the groups about a packet. The question is the same for every
// packet of a flow: the one about the flow's first packet, which went in the direction
// initiator. With the packet's own direction the question is about that packet alone.
func (p *packet) query(initiator wire.Direction) vpc.Query {
	q := vpc.Query{Remote: p.pair.Remote, Port: p.key.LocalPort, Proto: p.Proto, Dir: initiator}
	if initiator == wire.Out {
		q.Port = p.key.RemotePort
	}
	if p.IsICMP() {
		q.Port = uint16(p.Type)<<8 | uint16(p.Code)
	}
	return q
}
