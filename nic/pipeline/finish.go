package pipeline

import (
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// drop counts a dropped packet with the ENI whose stages decided, and notes the packet
// among the latest drops.
func (w *Worker) drop(p *packet, v Verdict) {
	if p.guest != nil {
		w.queues[p.guest.number].tally().Drops[v] += p.packets()
	}
	w.note(p, v)
	w.end(p, v)
}

// note puts a packet among the latest drops. note sets each field of the place, because a
// whole Drop would be made beside the place and copied, which takes 8 ns more.
func (w *Worker) note(p *packet, v Verdict) {
	d := w.Drops.next()
	d.When, d.Verdict, d.port, d.eni = w.now, v, w.ingress.label, nil
	if p.guest != nil {
		d.eni = p.guest.label
	}
	d.Tuple, d.IP, d.Route, d.table, d.Entry, d.MTU = p.Tuple, p.L4 != 0, p.route, p.table, p.entry, p.mtu
}

// end counts the end of a packet with the place that received the packet.
func (w *Worker) end(p *packet, v Verdict) {
	w.ingress.tally().Ends[v] += p.packets()
	if w.observe != nil {
		w.tell(p, v)
	}
	if len(w.captures) > 0 {
		w.captureEnd(p, v)
	}
}

// tell shows the observer how a packet ended.
func (w *Worker) tell(p *packet, v Verdict) {
	e := Event{Port: w.ingress.Name(), Verdict: v, MTU: p.mtu, Entry: p.entry}
	if p.guest != nil {
		e.ENI = p.guest.eni
	}
	w.flows.Lock()
	e.Rule = w.ruleOf(p)
	if p.egress != nil {
		e.Egress = w.ruleOf(p.egress)
	}
	w.flows.Unlock()
	if v == Sent {
		e.To = p.to.Name()
	}
	e.Route, e.Routes = p.hit()
	w.observe(&e)
}

// hit is the route by which p left its sender, and the ID of the route's table. A route is
// nil if p passed no router, or came from elsewhere and no route denied p. A known packet is
// asked about anew, because its connection's record keeps no route.
func (p *packet) hit() (*vpc.Route, string) {
	switch {
	case p.egress != nil:
		return p.egress.hit()
	case p.guest == nil, p.dir == wire.In && p.route == nil:
		return nil, ""
	case p.dir == wire.In:
	case p.route == nil && p.exit.routed():
		p.route = p.guest.eni.Route(p.Dst)
	}
	return p.route, p.guest.label.tables[p.table]
}

// ruleOf is the rule that let p, or the first packet of p's connection, pass the groups;
// nil if p did not pass the groups. The connection table's lock is held.
func (w *Worker) ruleOf(p *packet) *vpc.Rule {
	if !p.allowed {
		return nil
	}
	return w.crew.rules.rule(w.ruleNumber(p))
}

// ruleNumber is the number in the rulebook of the rule that allowed p or p's connection,
// 0 if none is known. The connection table's lock is held.
func (w *Worker) ruleNumber(p *packet) uint32 {
	switch {
	case p.asked:
		return w.crew.rules.number(w.setup.Policy, p.rule)
	case p.conn != nil || p.related:
		return w.flows.Rule(p.at)
	}
	return 0
}

// described is the packet of frame i of the outbox, which waits for q. The fast path
// leaves no packet beside a frame, so described then reads the frame again.
func (w *Worker) described(q *Queue, i uint8) *packet {
	if p := w.out.of[i]; p != nil {
		return p
	}
	frame, p := w.out.frames[i], &w.refused
	p.guest = w.behind(q)
	if q == w.uplink {
		frame.Pull(w.underlay.overhead)
		p.guest = w.behind(w.ingress)
	}
	wire.Parse(frame.Bytes(), &p.Headers)
	return p
}

// behind is the guest whose queue q is, nil if q is the uplink's or its ENI went. A flood that a
// port refuses has behind asked for each packet, so behind searches the queues only where the
// ENI went, or a setup that is not in force yet gives the ENI another number.
func (w *Worker) behind(q *Queue) *guest {
	i := int(q.number.Load())
	switch {
	case q == w.uplink:
		return nil
	case i >= len(w.queues) || w.queues[i] != q:
		i = slices.Index(w.queues, q)
	}
	if i < 0 {
		return nil
	}
	return &w.guests[i]
}
