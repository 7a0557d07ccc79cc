package nic

import (
	"cmp"
	"slices"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Fate is what a change does to connections for one reason.
type Fate struct {
	Outcome     string     `json:"outcome"`             // as in Outcomes
	Others      bool       `json:"others,omitempty"`    // for other reasons than the MostReasons that are told apart
	Direction   string     `json:"direction,omitempty"` // of the packets that fall or pass: inbound, outbound or both
	Reason      string     `json:"reason,omitempty"`    // the verdict on the packets that fall
	Kind        string     `json:"kind,omitempty"`      // of the object that decides: SecurityGroups, NetworkAcls, RouteTables or NetworkInterfaces
	ID          string     `json:"id,omitempty"`        // the object's
	What        string     `json:"what,omitempty"`      // the rule that allowed or allows, the entry, the route or the timeout
	Connections uint64     `json:"connections"`
	Packets     uint64     `json:"packets"`
	Bytes       uint64     `json:"bytes"`
	Examples    []FlowView `json:"examples"` // those that had a packet last
}

// outcome is what a change does to a connection.
type outcome uint8

const (
	kept outcome = iota
	askedAnew
	outlives
	rerouted
	cut
	expires
	admitted
	barred
	moves
	ended
)

// outcomeNames are as in Outcomes.
var outcomeNames = [...]string{"kept", "asked_anew", "outlives", "rerouted", "cut", "expires", "admitted", "barred", "moves", "ended"}

// fateOrder is the order of Effect.Fates: what people ask first.
var fateOrder = []string{"cut", "expires", "admitted", "outlives", "rerouted", "asked_anew", "moves", "barred"}

// of is the count of an outcome.
func (o outcome) of(all *Outcomes) *uint64 {
	return [...]*uint64{&all.Kept, &all.AskedAnew, &all.Outlives, &all.Rerouted, &all.Cut, &all.Expires, &all.Admitted, &all.Barred, &all.Moves, &all.Ended}[o]
}

// cause is why connections have an outcome.
type cause struct {
	outcome outcome
	others  bool           // several causes, beyond MostReasons
	both    bool           // directions
	dir     wire.Direction // unless both
	verdict pipeline.Verdict
	rule    vpc.RuleID // of the new rules
	was     vpc.Rule   // that allowed the connection
	id      string     // of the network ACL or route table
	entry   uint16
	route   *vpc.Route
	first   string // ID of the middlebox to which a gateway leads first
	shorter shorter
}

// causeOf is the outcome of a connection, and why, by what its next packets meet before
// and after the change. A connection lives if packets of both directions pass.
func (l *ledger) causeOf(s *seenFlow, now, then *[2]pipeline.Judgement) cause {
	if !hasEnded(s) && l.then.ENI(&s.Known) == nil && l.then.Policy().Region.ENI(l.now.ENI(&s.Known).ID) != nil {
		return cause{outcome: moves, both: true}
	}
	if c := l.causeOfEnd(s, now, then); c.outcome != kept {
		return c
	}
	switch ends := l.shorter(s); {
	case ends != (shorter{}):
		return cause{outcome: expires, both: true, shorter: ends}
	case leadsElsewhere(now, then):
		return l.rerouted(s, then)
	case s.Conn.Status().Flags()&flow.FlagUntracked == 0 && !l.then.Groups(&s.Known).Allowed:
		return cause{outcome: outlives, dir: s.Conn.Status().Initiator(), was: s.rule}
	}
	for d := range then {
		if then[d].Asked {
			return cause{outcome: askedAnew, dir: s.Conn.Status().Initiator(), rule: then[d].Rule}
		}
	}
	return cause{}
}

// causeOfEnd is the outcome of a connection that has ended, or of which packets fall before the change or after,
// and why. It is kept if all pass.
func (l *ledger) causeOfEnd(s *seenFlow, now, then *[2]pipeline.Judgement) cause {
	fell, falls := falling(now), falling(then)
	switch {
	case hasEnded(s):
		return cause{outcome: ended, both: true}
	case falls.any() && fell.any():
		return l.denied(barred, s, falls, then, &then[falls.one()])
	case falls.any():
		return l.denied(cut, s, falls, then, &then[falls.one()])
	case fell.any():
		return l.denied(admitted, s, fell, now, &then[fell.one()])
	}
	return cause{}
}

// hasEnded tells whether both sides have ended a connection, whose record waits for late packets.
func hasEnded(s *seenFlow) bool {
	state := s.Conn.Status().State()
	return state == flow.TimeWait || state == flow.Closed
}

// directions are some of the two.
type directions [2]bool

func (d directions) any() bool  { return d[wire.In] || d[wire.Out] }
func (d directions) both() bool { return d[wire.In] && d[wire.Out] }
func (d directions) one() wire.Direction {
	return wire.DirectionOf(!d[wire.In])
}

// falling are the directions in which packets fall.
func falling(m *[2]pipeline.Judgement) (d directions) {
	for i := range d {
		d[i] = m[i].Verdict != pipeline.Sent
	}
	return d
}

// denied is the cause of packets that fall in some directions: denies has their verdict,
// and decides the rule, entry or route.
func (l *ledger) denied(o outcome, s *seenFlow, d directions, denies *[2]pipeline.Judgement, decides *pipeline.Judgement) cause {
	c := cause{outcome: o, both: d.both(), dir: d.one(), verdict: denies[d.one()].Verdict}
	switch e := l.eni(s); c.verdict {
	case pipeline.SecurityGroupIn, pipeline.SecurityGroupOut:
		if c.rule = decides.Rule; o != admitted {
			c.rule, c.was = 0, s.rule
		}
	case pipeline.NetworkACLIn, pipeline.NetworkACLOut:
		c.entry, c.id = decides.Entry, e.ACL()
	default:
		if decides.Route != nil {
			c.route, c.id = decides.Route, decides.Table
		}
	}
	if c.both {
		c.dir = wire.In
	}
	return c
}

// eni is the connection's ENI as it will be, or else as it is.
func (l *ledger) eni(s *seenFlow) *vpc.OwnENI {
	if e := l.then.ENI(&s.Known); e != nil {
		return e
	}
	return l.now.ENI(&s.Known)
}

// leadsElsewhere tells whether packets that pass go another way.
func leadsElsewhere(now, then *[2]pipeline.Judgement) bool {
	was, is := now[wire.Out].Route, then[wire.Out].Route
	return now[wire.In].First != then[wire.In].First || was != nil && is != nil && (was.Target != is.Target || was.Via != is.Via)
}

// rerouted is the cause of packets that go another way.
func (l *ledger) rerouted(s *seenFlow, then *[2]pipeline.Judgement) cause {
	if first := then[wire.In].First; first != "" {
		return cause{outcome: rerouted, dir: wire.In, first: first}
	}
	return cause{outcome: rerouted, dir: wire.Out, id: then[wire.Out].Table, route: then[wire.Out].Route}
}

// tally adds up connections with one cause.
type tally struct {
	connections, packets, bytes uint64
	latest                      []seenFlow // those with the latest packets, the latest first
}

// MostReasons is how many reasons a dry run tells apart.
const MostReasons = 1 << 10

// mostExamples is how many connections a dry run shows of each.
const mostExamples = 3

// tally is where connections with a cause are added. Beyond MostReasons connections are told apart by
// their outcome alone.
func (l *ledger) tally(c cause) *tally {
	t := l.causes[c]
	if t == nil && len(l.causes) >= MostReasons {
		c = cause{outcome: c.outcome, others: true}
		t = l.causes[c]
	}
	if t == nil {
		t = &tally{}
		l.causes[c] = t
	}
	return t
}

// add adds a connection at the tick now.
func (t *tally) add(s *seenFlow, now uint32) {
	t.connections++
	t.packets += s.Conn.Packets[wire.In] + s.Conn.Packets[wire.Out]
	t.bytes += s.Conn.Bytes[wire.In] + s.Conn.Bytes[wire.Out]
	at := len(t.latest)
	for at > 0 && flow.Since(now, s.Conn.Seen) < flow.Since(now, t.latest[at-1].Conn.Seen) {
		at--
	}
	if at == mostExamples {
		return
	}
	if len(t.latest) == mostExamples {
		t.latest = t.latest[:mostExamples-1]
	}
	t.latest = slices.Insert(t.latest, at, *s)
}

// fates are the causes for people, by outcome, those of most connections first.
func (l *ledger) fates() []Fate {
	all := []Fate{}
	for c, t := range l.causes {
		all = append(all, l.fate(&c, t))
	}
	sortFates(all)
	return all
}

// sortFates puts fates in the order of Effect.Fates.
func sortFates(all []Fate) {
	order := func(f *Fate) int { return slices.Index(fateOrder, f.Outcome) }
	slices.SortFunc(all, func(a, b Fate) int {
		return cmp.Or(cmp.Compare(order(&a), order(&b)), -cmp.Compare(a.Connections, b.Connections), cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What), cmp.Compare(a.Direction, b.Direction))
	})
}

// fate is a cause for people.
func (l *ledger) fate(c *cause, t *tally) Fate {
	v := Fate{Outcome: outcomeNames[c.outcome], Direction: c.dir.Bound(), Connections: t.connections, Packets: t.packets, Bytes: t.bytes, Examples: []FlowView{}}
	switch {
	case c.others:
		v.Others, v.Direction = true, ""
	case c.both:
		v.Direction = "both"
	}
	if c.verdict != pipeline.Undecided {
		v.Reason = c.verdict.String()
	}
	rule := c.was
	if c.rule != 0 {
		rule = l.then.Policy().Region.Rule(c.rule)
	}
	v.Kind, v.ID, v.What = deciderOf(rule, c.id, c.entry, c.route)
	switch {
	case c.shorter != (shorter{}):
		v.Kind, v.ID, v.What = "NetworkInterfaces", c.shorter.eni, c.shorter.String()
	case v.Kind == "" && c.first != "":
		v.What = "first to " + c.first
	}
	for i := range t.latest {
		s := &t.latest[i]
		v.Examples = append(v.Examples, s.example(l.now.ENI(&s.Known), l.rules, l.tick))
	}
	return v
}
