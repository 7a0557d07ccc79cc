package pipeline

import (
	"slices"
	"unsafe"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// A worker shows captures each packet at up to three points: as it came with its burst, when it
// ends, and as it is to leave. A packet's end is written to the record of the packet as it came,
// which the reader sees once the burst is over. So a capture takes nothing from the fast path, and
// no packet takes another way because of it; with one exception: a capture of a NAT gateway's ENI
// is shown what comes to the gateway and leaves it, so no packet goes through in one step. A packet
// that waits for its instance's allowance is shown as waiting, and again only if it is dropped then.

// Capture begins a part of a capture. Call Capture while the worker stands at the gate.
func (w *Worker) Capture(c *Capture) {
	c.settle(w)
	w.captures = append(slices.Clone(w.captures), c)
	w.shown()
}

// EndCapture ends it. Call EndCapture while the worker stands at the gate.
func (w *Worker) EndCapture(c *Capture) {
	w.captures = slices.DeleteFunc(slices.Clone(w.captures), func(o *Capture) bool { return o == c })
	if len(w.captures) == 0 {
		w.captures = nil
	}
	w.shown()
}

// shown finds out whether packets take each step of a way through a Translator, because somebody is
// shown the steps.
func (w *Worker) shown() {
	w.stepwise = w.observe != nil
	for _, c := range w.captures {
		w.stepwise = w.stepwise || c.queue != nil && c.queue.gate != nil
	}
}

// publish has the readers of captures see what the burst left.
func (w *Worker) publish() {
	w.captured = false
	for _, c := range w.captures {
		c.publish()
	}
}

// captureCame shows captures a burst that q received.
func (w *Worker) captureCame(q *Queue, frames []pmd.Frame) {
	for _, c := range w.captures {
		if c.Dropped || q.isPart() && q != c.queue {
			continue
		}
		for i := range frames {
			if !c.mayCome(w, q, frames[i].Bytes()) {
				continue
			}
			if r := c.lay(frames[i].Bytes()); r != nil {
				r.When, r.port, r.Verdict = w.now, q.label, early
				c.came[i], w.captured = r, true
			} else {
				c.missed |= 1 << i
				c.lose(w, q)
			}
		}
	}
}

// isPart tells whether a part of the card is in the port's place.
func (q *Queue) isPart() bool { return q.Appliance() != nil }

// mayCome tells whether a frame that q received is the capture's.
func (c *Capture) mayCome(w *Worker, q *Queue, frame []byte) bool {
	if c.ENI == "" || q == c.queue {
		return true
	}
	if q != w.uplink || c.queue == nil || isElsewhere(frame, w.guests[c.number].macBits) {
		return false
	}
	e := w.boundFor(frame)
	return e != nil && e.number == c.number
}

// isElsewhere tells whether a frame is a tunnel over IPv4, without options, to another station: the
// frames that are most often not the capture's.
func isElsewhere(frame []byte, station uint64) bool {
	return len(frame) > wire.OuterLen+8 && frame[12] == wire.EtherTypeIPv4>>8 && frame[wire.EthernetLen] == 0x45 &&
		wire.Ethernet(frame[wire.OuterLen:]).DstBits() != station
}

// captureEnd shows captures that p ended and is not sent.
func (w *Worker) captureEnd(p *packet, v Verdict) {
	i := w.indexOf(p.frame)
	for _, c := range w.captures {
		var r *Record
		switch {
		case i >= 0 && c.came[i] != nil:
			r = c.came[i]
		case !v.Dropped() || !c.concerns(w, p.guest) || i >= 0 && c.missed>>i&1 != 0: // which is counted
			continue
		default:
			if r = c.lay(p.asCame()); r == nil {
				c.lose(w, w.ingress)
				continue
			}
			r.When, r.port, r.Bare = w.now, w.ingress.label, !p.outerSrc.IsZero() && p.wrapped == 0
		}
		w.describeEnd(r, p, v)
	}
}

// concerns tells whether a packet in the stages of g is the capture's.
func (c *Capture) concerns(w *Worker, g *guest) bool {
	return c.ENI == "" || c.queue != nil && (w.ingress == c.queue || g != nil && g.number == c.number)
}

// captureLeaving shows captures the frames that are to leave by q.
func (w *Worker) captureLeaving(q *Queue) {
	for _, c := range w.captures {
		inside := q.isPart()
		if c.Dropped || inside && q != c.queue || c.ENI != "" && (c.queue == nil || q != c.queue && (w.ingress != c.queue || inside)) {
			continue
		}
		next := q.out.first
		for range q.out.n {
			i := next
			next = w.out.after[i]
			c.left[i] = c.layLeaving(w, q, w.out.frames[i].Bytes())
		}
	}
}

// layLeaving is a record of a frame that is to leave by q, nil if there is no room.
func (c *Capture) layLeaving(w *Worker, q *Queue, frame []byte) *Record {
	r := c.lay(frame)
	if r == nil {
		c.lose(w, q)
		return nil
	}
	r.When, r.Out, r.to, w.captured = w.now, true, q.label, true
	if w.ingress != nil {
		r.port = w.ingress.label
	}
	return r
}

// captureLeft shows captures how frame i of the outbox ended, which was for q.
func (w *Worker) captureLeft(q *Queue, i uint8, v Verdict) {
	frame, p := w.out.frames[i], w.out.of[i]
	answer, waits, at := w.out.answers&(1<<i) != 0, w.out.waits&(1<<i) != 0, w.indexOf(frame)
	for _, c := range w.captures {
		if r := c.left[i]; r != nil {
			w.describeSent(r, q, p, at, v)
			r.Waits = waits
			if r.Own = answer; answer {
				r.port = nil
			}
		} else if v.Dropped() && c.Dropped && !answer && (c.ENI == "" || c.queue != nil && (q == c.queue || w.ingress == c.queue)) {
			if r := c.layLeaving(w, q, frame.Bytes()); r != nil {
				w.describeSent(r, q, p, at, v)
			}
		}
		if at >= 0 && c.came[at] != nil && !answer {
			w.describeSent(c.came[at], q, p, at, v)
			c.came[at].Waits = waits
		}
	}
}

// captureFell shows captures a frame that waited to leave by q and is dropped. What is known of the
// packet was shown when it began to wait.
func (w *Worker) captureFell(q *Queue, f *pmd.Frame, v Verdict) {
	for _, c := range w.captures {
		if c.ENI != "" && q != c.queue {
			continue
		}
		if r := c.layLeaving(w, q, f.Bytes()); r != nil {
			r.port, r.eni, r.Verdict = nil, q.label, v
		}
	}
}

// captureOwn shows captures a frame that the card sends by q of its own accord.
func (w *Worker) captureOwn(q *Queue, f *pmd.Frame) {
	for _, c := range w.captures {
		c.own = nil
		if c.Dropped || q.isPart() || c.ENI != "" && q != c.queue {
			continue
		}
		if c.own = c.layLeaving(w, q, f.Bytes()); c.own != nil {
			c.own.Own, c.own.port, c.own.Verdict = true, nil, Sent
		}
	}
}

// captureRefused shows captures that the port refused the frame of the card's own.
func (w *Worker) captureRefused() {
	for _, c := range w.captures {
		if c.own != nil {
			c.own.Verdict = TxFull
		}
	}
}

// indexOf is the index in the burst at hand of a frame, -1 if the frame is of no burst.
func (w *Worker) indexOf(f *pmd.Frame) int {
	at := uintptr(unsafe.Pointer(f)) - uintptr(unsafe.Pointer(&w.rx.Frames[0])) // huge for a frame before
	if at >= pmd.MaxBurst*pmd.FrameSize {
		return -1
	}
	return int(at / pmd.FrameSize)
}

// asCame is p's frame with the tunnel around it, if that still lies there.
func (p *packet) asCame() []byte {
	if p.wrapped == 0 {
		return p.frame.Bytes()
	}
	frame := p.frame.Push(int(p.wrapped))
	p.frame.Pull(int(p.wrapped))
	return frame
}

// describeSent writes to a record how a packet ended that was to leave by q. p is nil for the
// burst's frame at, which the fast path passed.
func (w *Worker) describeSent(r *Record, q *Queue, p *packet, at int, v Verdict) {
	r.to = q.label
	if p != nil {
		w.describeEnd(r, p, v)
		return
	}
	r.Verdict = v
	g := w.behind(q)
	if g == nil {
		g = w.behind(w.ingress)
	}
	if g != nil {
		r.eni = g.label
	}
	if at >= 0 && w.fast.hits&(1<<at) != 0 && w.setup.edge == nil {
		w.flows.Lock()
		r.Rule = w.crew.Rule(w.fast.at[at])
		w.flows.Unlock()
	}
}

// describeEnd writes to a record how p ended.
func (w *Worker) describeEnd(r *Record, p *packet, v Verdict) {
	r.Verdict, r.Tuple, r.IP, r.Route, r.Entry, r.MTU = v, p.Tuple, p.L4 != 0, p.route, p.entry, p.mtu
	if p.guest != nil {
		r.eni = p.guest.label
	}
	if w.setup.edge != nil || !p.allowed && p.egress == nil { // as of most that is dropped: no rule let it pass
		return
	}
	w.flows.Lock()
	r.Rule = w.ruleTaken(p)
	if p.egress != nil {
		r.Egress = w.ruleTaken(p.egress)
	}
	w.flows.Unlock()
}

// ruleTaken is ruleOf as a value, the zero Rule for none. The connection table's lock is held.
func (w *Worker) ruleTaken(p *packet) vpc.Rule {
	if !p.allowed {
		return vpc.Rule{}
	}
	return w.crew.rules.rules[w.ruleNumber(p)]
}
