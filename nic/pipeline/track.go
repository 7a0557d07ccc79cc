package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// track leaves a connection behind that holds what the stages found, or brings an older
// connection up to date. A connection that ended since the stages looked is not opened
// again, because p came before the end.
func (w *Worker) track(p *packet) Verdict {
	first := p.Frag == wire.FirstFragment
	if first && !w.mayLead(p) {
		return FragmentOverlap
	}
	keeps := (p.conn != nil || w.opens(p)) && !w.throughPassage(p)
	if !keeps && !first || w.isUnasked(p) {
		return next
	}
	w.flows.Lock()
	defer w.flows.Unlock()
	if keeps {
		if v := w.trackConnection(p); v != next {
			return v
		}
	}
	if first {
		w.trackFragments(p)
	}
	return next
}

// trackConnection is track for a packet that has a connection or opens one. The connection
// table's lock is held.
func (w *Worker) trackConnection(p *packet) Verdict {
	if p.conn != nil && !w.holds(p) {
		p.conn = nil
		return next
	}
	if w.waits(p) {
		w.flows.NoteSYN(p.at, p.dir, p.first(), w.tick)
		return next
	}
	if p.conn == nil || p.outdated {
		if v := w.open(p, &p.key, w.ruleNumber(p)); v != next {
			return v
		}
	}
	if p.conn != nil {
		if !w.standsApart(p) {
			p.conn.Keep(p.dir, w.findings(p))
		}
		if p.Proto == wire.ProtoTCP && p.Frag != wire.LaterFragment {
			w.flows.Hear(p.at, p.dir, p.segment())
		}
		w.account(p)
	}
	return next
}

// throughPassage tells whether p passes a Translator's ENI, where nothing filters, on its way from a
// guest of this card or on from the Translator, and so leaves no record there: the Passage keeps what
// the stages found. What comes by a tunnel leaves a record, by which the fast path finds the next one.
func (w *Worker) throughPassage(p *packet) bool {
	if !w.isGate(p.guest) || p.Frag == wire.LaterFragment {
		return false
	}
	if !p.untracked && (p.conn == nil || p.was.Flags()&flow.FlagUntracked == 0) {
		return false
	}
	if p.dir == wire.Out {
		w.keepWay(p, w.queues[p.guest.number].gate)
		return true
	}
	return p.outerSrc.IsZero()
}

// isUnasked tells whether p is for a Translator, which drops p because nobody inside asked for it.
// Whoever floods a Translator's address must not use up the records of the ENI, which all hosts
// inside need.
func (w *Worker) isUnasked(p *packet) bool {
	if p.dir != wire.In || !w.isGate(p.guest) || !p.guest.eni.Owns(p.pair.Local) {
		return false
	}
	return !w.queues[p.guest.number].gate.translator.Knows(&p.Headers, p.pair.Local)
}

// isGate tells whether a Translator is behind an ENI.
func (w *Worker) isGate(g *guest) bool {
	q := w.queues[g.number]
	return q != nil && q.gate != nil
}

// tracksNone tells whether no whole packet between a guest of this card and a Translator, or on from there,
// has a record at the Translator's ENI. One has if the way on leads to a further NAT gateway, through which
// connections are tracked (way.nat).
func (w *Worker) tracksNone(g *guest) bool { return w.isGate(g) && !g.eni.LeadsToNAT() }

// leavesNoRecord tells whether no packet of a burst can have a record, so that none is looked for: each is
// whole, and passes a Translator's ENI (throughPassage).
func (w *Worker) leavesNoRecord(b *burst) bool {
	for i := range b.n {
		if p := &b.packets[i]; p.Frag != wire.Whole || !p.outerSrc.IsZero() || !w.tracksNone(p.guest) {
			return false
		}
	}
	return true
}

// keepWay notes in p's Passage the way of p, which the Translator at e sent. Only plain packets of known
// connections need a way, and of ways only those by the router.
func (w *Worker) keepWay(p *packet, e *entrance) {
	if p.EtherType != wire.EtherTypeIPv4 || p.IsICMP() || p.Frag != wire.Whole || p.Proto == wire.ProtoTCP && p.Flags&wire.TCPSyn != 0 || !p.exit.routed() {
		return
	}
	back := PassageKey{Src: p.Dst.As4(), Dst: p.Src.As4(), SrcPort: p.DstPort, DstPort: p.SrcPort, Kind: KindOf(p.Proto)}
	at, ok := e.passages.Find(&back)
	if !ok {
		return
	}
	_, peer, ok := e.passages.At(at).To()
	if !ok {
		return
	}
	found := w.findings(p)
	way := found.StatusOut()
	if !e.beyond {
		way |= flow.StatusWalkedIn
	}
	most := wire.EthernetLen + min(uint32(e.most), uint32(w.mtuOf(p.exit)))
	e.passages.At(peer).keep(w.epoch, way, most<<16|uint32(entropy(&p.key)))
}

// waits tells whether p is a SYN that asks for a connection in the place of one that lives.
// The place is taken only when the other end accepts the SYN (flow.Table.NoteSYN).
func (w *Worker) waits(p *packet) bool {
	return p.restarts && w.holds(p) && w.replaces(p) && w.flows.Lives(p.at)
}

// holds tells whether the connection at p.at still is the one of p's key and addresses.
func (w *Worker) holds(p *packet) bool {
	return w.flows.Holds(p.at, &p.key) && w.flows.Has(p.at, &p.pair)
}

// opens tells whether a packet may begin a connection. Of ICMP only a query does
// (RFC 5508 section 3): other messages stand alone, and each is asked for.
//
// Of TCP only a SYN begins a tracked connection, except in the time after a start
// (resumes). A segment from the middle of a stream passes if a rule allows the segment,
// and opens nothing for the way back: EC2 cuts an untracked flow whose rule is gone, and
// the guest's next acknowledgement must not let that flow in again. AWS does not document
// this; the choice is ours. A flow that was untracked and is tracked under a new policy
// goes on, because the groups judged the flow's first packet under that policy.
func (w *Worker) opens(p *packet) bool {
	switch {
	case p.IsICMP():
		return p.queries()
	case p.accepted:
		return true
	case !flow.Opens(p.Proto, p.Flags):
		return false
	case p.Proto == wire.ProtoTCP && !p.begins() && !p.untracked && !p.restarts:
		p.resumed = w.resumes(p.guest)
		return p.resumed
	}
	return true
}

// resumes tells whether a guest may have connections from before the card's start. A
// segment in mid-stream that the rules allow then opens its connection again, whichever
// side sends the segment, because the answers may have no rule of their own. That lasts
// as long as an idle connection from before may live, which AWS does not document; the
// choice is ours. Each such connection counts against the instance's allowance, and ends
// after the time of a handshake if the other side does not answer.
//
// A flow whose rule was removed since the start is not let in, because its record, under
// which the rules deny the flow, lives for at least as long. An untracked flow that was cut
// during its handshake is the exception: its record lives for the time of a handshake, and
// afterwards a segment of the flow counts as any other in mid-stream.
func (w *Worker) resumes(g *guest) bool {
	return w.now-w.crew.begun.Load() < int64(g.timeouts.Established)
}

// open enters a connection for p under key k, which the rule of that number in the
// rulebook allows, or notes that this rule allows p's untracked flow now. A flow that EC2
// does not track is entered as a cached verdict if there is room, and passes in any case; so
// does a segment that resumes a connection.
func (w *Worker) open(p *packet, k *flow.Key, rule uint32) Verdict {
	g, o := p.guest, &w.opening
	*o = flow.Opening{Key: *k, Pair: p.pair, Dir: p.initiator, TCPFlags: p.Flags, Resumed: p.resumed, First: p.first(), Owner: g.owner, Limit: g.limit, Now: w.ticks}
	o.Rule, o.Walked, o.Found = rule, p.dir, w.findings(p)
	if p.untracked {
		o.Found.Flags |= flow.FlagUntracked
	}
	if p.accepted {
		o.TCPFlags = wire.TCPSyn
	}
	switch {
	case k.IsFragment():
		o.Limit, o.First = g.cacheLimit, 0
	case p.untracked:
		o.Limit = g.cacheLimit - g.cacheLimit/8 // the rest is for fragments, which do not pass without a record
	}
	w.crew.rules.use(rule)
	w.fast.opened = true
	at, result := w.enter(p, o)
	p.conn = nil
	switch {
	case result == flow.Existing && !w.flows.Has(at, &p.pair):
	case result == flow.Opened || result == flow.Existing:
		p.at, p.conn = at, w.flows.Conn(at)
	case p.untracked || p.resumed:
	case result == flow.AllowanceExceeded:
		return ConntrackAllowanceExceeded
	default:
		return ConntrackFull
	}
	return next
}

// enter opens a connection for p. If p restarts a connection that still is in the table
// and that no other worker has restarted meanwhile, the new one takes its place. An ICMP
// query with another code than its connection's first joins that connection. An untracked
// flow that the rules in force judged anew goes on, unless another worker has noted the
// rules' answer meanwhile.
func (w *Worker) enter(p *packet, o *flow.Opening) (uint32, flow.OpenError) {
	if p.conn != nil {
		if !w.outdated(p.conn.Evaluated()) {
			return p.at, flow.Existing
		}
		return p.at, w.flows.Rejudge(p.at, o)
	}
	if p.restarts && w.flows.Holds(p.at, &o.Key) && w.flows.Has(p.at, &o.Pair) {
		accepted := p.accepted && w.flows.Answers(p.at, p.dir, p.segment().Ack())
		if accepted || w.replaces(p) || w.outdated(w.flows.Conn(p.at).Evaluated()) {
			return p.at, w.flows.Restart(p.at, o)
		}
	}
	return w.flows.Open(o)
}

// findings are the part of p.found that a connection's record keeps for p's direction.
func (w *Worker) findings(p *packet) flow.Found {
	return flow.Found{Epoch: w.epoch, Flags: p.exit.flags, VTEP: p.vtep, Exit: p.exit.number, OnLink: p.onLink}
}
