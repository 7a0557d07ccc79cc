package nic

import (
	"errors"
	"fmt"
	"time"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
)

// mostCaptures is how many captures there may be at a time. The bound is ours: each takes 5 MB a
// worker, and slows the workers down.
const mostCaptures = 4

// ErrBusy is the error of a capture that is one too many.
var ErrBusy = fmt.Errorf("there are %d captures already, which is as many as a card takes", mostCaptures)

// ErrNoENI is the error of a capture of an ENI that is not on the card.
var ErrNoENI = errors.New("this card has no such ENI")

// Captured is a packet that a capture took; see pipeline.Record.
type Captured struct {
	*pipeline.Record
	Time time.Time
}

// Capture is a capture under way. One goroutine calls its methods.
type Capture struct {
	card  *Card
	parts []*pipeline.Capture // by worker
}

// Capture begins a capture. Workers lay down copies of packets and never wait for whoever takes
// them.
func (c *Card) Capture(s pipeline.Scope) (*Capture, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, errClosed
	case c.captures == mostCaptures:
		return nil, ErrBusy
	case s.ENI != "" && c.Policy().ENI(s.ENI) == nil:
		return nil, ErrNoENI
	}
	x := &Capture{card: c}
	for range c.crew.Workers {
		x.parts = append(x.parts, pipeline.NewCapture(s))
	}
	c.captures++
	c.gate.Do(func() {
		for i, w := range c.crew.Workers {
			w.Capture(x.parts[i])
		}
	})
	return x, nil
}

// End ends the capture. What waits may still be taken.
func (x *Capture) End() {
	c := x.card
	c.mu.Lock()
	defer c.mu.Unlock()
	c.captures--
	c.gate.Do(func() {
		for i, w := range c.crew.Workers {
			w.EndCapture(x.parts[i])
		}
	})
}

// Take calls take for packets that wait, in the order of time, until it is an error: for as many at most
// as the rings hold, because workers lay down more meanwhile. The packet is the card's again when take
// returns.
func (x *Capture) Take(take func(*Captured) error) error {
	for range len(x.parts) * pipeline.CaptureRecords {
		var first *pipeline.Capture
		for _, p := range x.parts {
			if r := p.First(); r != nil && (first == nil || r.When < first.First().When) {
				first = p
			}
		}
		if first == nil {
			return nil
		}
		r := first.First()
		if err := take(&Captured{r, time.Unix(0, r.When).UTC()}); err != nil {
			return err
		}
		first.Done()
	}
	return nil
}

// Lost is how many packets found no room.
func (x *Capture) Lost() (n uint64) {
	for _, p := range x.parts {
		n += p.Lost.Load()
	}
	return n
}

// LostAt is Lost by the name of the port. No worker waits for it.
func (x *Capture) LostAt() map[string]uint64 {
	all := map[string]uint64{}
	for _, p := range x.parts {
		for name, n := range p.LostAt() {
			all[name] += n
		}
	}
	return all
}

// Comment says what became of the packet, and why.
func (c *Captured) Comment() string {
	switch {
	case c.Verdict.Dropped():
		return c.dropped()
	case c.Own:
		return "the card's own"
	case c.Verdict != pipeline.Sent:
		return c.Verdict.String() + ": " + c.Verdict.Sentence()
	case c.Waits && c.Out:
		return "came by " + c.Port() + ", and waits for an allowance of its instance" + c.let()
	case c.Waits:
		return "waits to leave by " + c.To() + ", for an allowance of its instance" + c.let()
	case c.Out:
		return "came by " + c.Port() + c.let()
	}
	return "left by " + c.To() + c.let()
}

// dropped says why the packet was dropped: "dropped as security_group_in at eni-a1; asked sg-web: no
// inbound rule of the ENI's security groups allows it".
func (c *Captured) dropped() string {
	d := lastDrop(&c.Drop)
	text := "dropped as " + d.Reason
	if d.ENI != "" {
		text += " at " + d.ENI
	}
	if asked := d.DeniedBy(); asked != "" {
		text += "; asked " + asked
	}
	return text + ": " + d.Sentence
}

// let says what let the packet pass, as far as that is known without asking anew.
func (c *Captured) let() (text string) {
	if c.Egress != (vpc.Rule{}) {
		text += "; let out by " + ruleText(&c.Egress)
	}
	if c.Rule != (vpc.Rule{}) {
		text += "; let through by " + ruleText(&c.Rule)
	}
	if c.Route != nil {
		text += "; route " + NewRouteHit(c.Drop.Routes(), c.Route).String()
	}
	if c.MTU != 0 {
		text += "; in fragments, for " + c.MTU.String()
	}
	return text
}

// ruleText is a rule with its group: "sg-web tcp 80 from 0.0.0.0/0".
func ruleText(r *vpc.Rule) string { return r.Group + " " + r.Text }
