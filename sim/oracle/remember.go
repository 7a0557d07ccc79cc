package oracle

import (
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// remember notes a packet that passed all parts of EC2 at an ENI. byRule tells whether a
// rule allowed the packet; if none did, its connection is tracked.
func (w *World) remember(e *ec2.NetworkInterface, d Direction, p Packet, byRule bool) {
	f, ok := flowOf(e, d, p)
	if p.Quoted != nil {
		w.rememberError(e, d, p)
		return
	}
	if !ok {
		return
	}
	c := w.find(f)
	before := no
	if c != nil {
		before = c.lives(w.Now)
	}
	if before == no {
		c = w.begin(c, f, d, p)
		c.tracked = w.trackedFirst(e, d, p)
	} else {
		c.goOn(e, d, p, byRule, before)
	}
	c.note(d, p)
}

// mayRemember notes a packet that passed the groups of an ENI and was dropped by another
// part: AWS does not tell whether that counts.
func (w *World) mayRemember(e *ec2.NetworkInterface, d Direction, p Packet) {
	f, ok := flowOf(e, d, p)
	if !ok || p.Quoted != nil {
		return
	}
	c := w.find(f)
	if c == nil || c.lives(w.Now) == no {
		c = w.begin(c, f, d, p)
		c.sure = never
		c.tracked = w.trackedFirst(e, d, p)
	}
	c.maybe, c.blurred = w.Now, true
}

// trackedFirst tells whether a connection that begins with a packet is tracked. What comes by a NAT
// gateway, which remembers longer than the ENI whom an answer is for, may be: "Auto-tracked: … NAT
// gateway".
func (w *World) trackedFirst(e *ec2.NetworkInterface, d Direction, p Packet) answer {
	f, _ := flowOf(e, d, p)
	if !w.untracked(e, d, f) {
		return yes
	}
	if d == In && slices.ContainsFunc(w.translations, func(t *translation) bool { return t.inside.answeredBy(p) }) {
		return unknown
	}
	return no
}

// begin is a new connection, in the place of an old one if there was one.
func (w *World) begin(old *conn, f flow, d Direction, p Packet) *conn {
	c := &conn{w: w, flow: f, began: d, tracked: yes, sure: w.Now, maybe: w.Now, bySYN: p.isSYN(), opening: p.Seq}
	if p.goesOn() {
		c.sure, c.blurred = never, true
	}
	if old == nil {
		w.conns = append(w.conns, c)
		return c
	}
	*old = *c
	return old
}

// goesOn tells whether a packet is none that connections begin with. "Not documented:
// mid-stream pickup", and an answer that nobody asked for is as much in the middle.
func (p Packet) goesOn() bool {
	_, answer, _ := p.query()
	return p.Proto == TCP && !p.isSYN() || p.IsICMP() && answer
}

// goOn is a packet of a connection that there is, or may be.
func (c *conn) goOn(e *ec2.NetworkInterface, d Direction, p Packet, byRule bool, before answer) {
	c.maybe = c.w.Now
	switch {
	case !byRule && c.tracked != yes && c.w.allowed(e, 1-d, c.flow.packet(1-d)):
		c.tracked, c.blurred = unknown, true // see passes
	case !byRule:
		c.tracked, c.sure = yes, c.w.Now // that it passed proves it
	case before == yes:
		c.sure = c.w.Now
	case p.goesOn():
		c.sure, c.blurred, c.anew = never, true, true
	default:
		c.sure, c.blurred = c.w.Now, true
	}
	c.turned = c.turned || before != yes && d != c.began
	switch {
	case byRule && before == yes && !c.turned:
		c.tracked = c.trackedNow(e, d)
	case byRule:
		c.tracked = c.trackedAnew(e)
	}
	if c.tracked == no && d == Out && c.w.autoTracked(e, d, c.flow) {
		c.tracked = unknown // AWS does not tell whether a flow is tracked whose answers alone take such a gateway
	}
	if p.isSYN() && (c.anew || !c.openedBy(d, p)) {
		// Ours: which of the two connections the next packets are of, the ends' answers
		// tell.
		c.sure, c.blurred, c.twice = never, true, true
		if c.tracked == no {
			c.tracked = unknown // the flow of the other connection may be; the new one is judged by the rules in force
		}
	}
}

// trackedNow tells whether a connection that goes on by a rule is tracked from now on.
func (c *conn) trackedNow(e *ec2.NetworkInterface, d Direction) answer {
	wide := c.w.untracked(e, c.began, c.flow)
	switch {
	case c.tracked == yes && wide, c.tracked == unknown && wide:
		return unknown // AWS does not tell whether a tracked connection may become an untracked flow
	case c.tracked == yes || c.tracked == no && wide:
		return c.tracked
	case c.tracked == no && !c.w.allowed(e, c.began, c.flow.packet(c.began)):
		return no // see isCut
	case c.tracked == no:
		return yes // the rules in force allow it, and would track it
	}
	return unknown
}

// trackedAnew is trackedNow where the packet may as well begin another connection.
func (c *conn) trackedAnew(e *ec2.NetworkInterface) answer {
	out, in := c.w.untracked(e, Out, c.flow), c.w.untracked(e, In, c.flow)
	switch {
	case c.tracked == yes && !out && !in, c.tracked == no && out && in:
		return c.tracked
	}
	return unknown
}

// note takes down what the packet means to TCP and UDP.
func (c *conn) note(d Direction, p Packet) {
	switch {
	case c.proto == TCP && p.Flags&(FIN|RST) != 0:
		c.ended = true
	case c.proto == TCP && p.isSYN():
		c.heard[0] = true
	case c.proto == TCP && d != c.began && p.Flags&SYN != 0 && c.heard[0]:
		c.heard[1] = true
	case c.proto == TCP && d == c.began && c.heard[1]:
		c.settled = true
	case c.proto == UDP && d == c.began:
		c.asked = true
	case c.proto == UDP && c.asked:
		c.asked = false
		c.rounds++
	}
}

// rememberError is remember for an ICMP error: AWS does not tell whether the error counts
// as a packet of the connection that it is about.
func (w *World) rememberError(e *ec2.NetworkInterface, d Direction, p Packet) {
	f, ok := flowOf(e, 1-d, *p.Quoted)
	if c := w.find(f); ok && c != nil && c.lives(w.Now) != no {
		c.maybe, c.blurred = w.Now, true
	}
}

// Changing tells that the configuration is about to change, which brings no connection back that was over.
func (w *World) Changing() {
	w.forget()
	for _, c := range w.conns {
		if c.lives(w.Now) == unknown {
			c.sure, c.blurred = never, true
		}
	}
	for _, t := range w.translations {
		t.blurred = t.blurred || w.remembers(t) == unknown
	}
}

// Moved tells that an ENI went to another server. Ours, for AWS documents nothing: its tracked
// connections go along, if the rules in force allow the first packet of each.
func (w *World) Moved(eni string) {
	e := w.ENI(eni)
	for _, c := range w.conns {
		if c.eni != eni {
			continue
		}
		goes := c.tracked == yes && w.allowed(e, c.began, c.flow.packet(c.began))
		if !goes || c.turned && !w.allowed(e, 1-c.began, c.flow.packet(1-c.began)) {
			c.sure, c.blurred = never, true
		}
	}
}
