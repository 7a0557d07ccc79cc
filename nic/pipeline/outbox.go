package pipeline

import (
	"math/bits"

	"nitrocard/pmd"
)

// outbox holds the frames that leave when the burst ends, in the order they were put.
// The frames for one queue are a chain. If instead each queue had room for a whole burst
// of its own, a burst for 64 guests would touch 64 KB of queues, twice the first cache;
// with chains the burst touches 8 KB.
type outbox struct {
	n      int
	frames [pmd.MaxBurst]*pmd.Frame
	of     [pmd.MaxBurst]*packet // the packet of each frame; nil for a frame of the fast path
	after  [pmd.MaxBurst]uint8   // index of the next frame for the same queue

	answers uint64 // bit i: frames[i] is the card's answer to a packet that ended already
	waits   uint64 // bit i: frames[i] was taken, and waits for an allowance

	long bool // a frame is to leave in fragments

	queues int
	dirty  [pmd.MaxBurst]*Queue     // the queues with frames in the outbox
	chain  [pmd.MaxBurst]*pmd.Frame // scratch of chainOf
}

// waiting is a queue's chain in the outbox: n frames, the indexes of the first and the
// last.
type waiting struct{ first, last, n uint8 }

// put adds a frame to those that leave by q when the burst ends. p is the frame's packet,
// nil for a frame of the fast path.
func (q *Queue) put(w *Worker, f *pmd.Frame, p *packet) {
	o, i := &w.out, w.out.n
	o.frames[i], o.of[i] = f, p
	o.n++
	o.follow(q, i)
	q.out.last = uint8(i)
	q.out.n++
}

// putAll is put for the frames whose bits are set in which, from the fast path.
func (q *Queue) putAll(w *Worker, frames []pmd.Frame, which uint64) {
	o, n := &w.out, w.out.n
	if which == 0 {
		return
	}
	o.follow(q, n)
	for ; which != 0; which &= which - 1 {
		i := n & (pmd.MaxBurst - 1)
		o.frames[i], o.of[i] = &frames[bits.TrailingZeros64(which)&(pmd.MaxBurst-1)], nil
		n++
		o.after[i] = uint8(n)
	}
	q.out.last = uint8(n - 1)
	q.out.n += uint8(n - o.n)
	o.n = n
}

// follow makes frame i the next of q's chain, or its first.
func (o *outbox) follow(q *Queue, i int) {
	if q.out.n == 0 {
		o.dirty[o.queues] = q
		o.queues++
		q.out.first = uint8(i)
	} else {
		o.after[q.out.last] = uint8(i)
	}
}

// answer puts the frame of a packet that a stage answered into the outbox, for the queue
// that received the packet.
func (w *Worker) answer(p *packet) {
	w.out.answers |= 1 << w.out.n
	w.ingress.put(w, p.frame, p)
}

// chainOf are the frames of a queue, in order.
func (o *outbox) chainOf(q *Queue) []*pmd.Frame {
	if int(q.out.n) == o.n {
		return o.frames[:o.n]
	}
	i := q.out.first
	for n := range q.out.n {
		o.chain[n&(pmd.MaxBurst-1)] = o.frames[i&(pmd.MaxBurst-1)]
		i = o.after[i&(pmd.MaxBurst-1)]
	}
	return o.chain[:q.out.n]
}

// flush sends the frames of the outbox, which a burst from w.ingress left, queue by queue. A
// frame that the port takes counts as Sent; a frame that the port refuses is dropped.
func (w *Worker) flush() {
	if w.rx.Merged != 0 || w.out.long {
		w.flushPieces()
		return
	}
	o := &w.out
	for _, q := range o.dirty[:o.queues] {
		if len(w.captures) > 0 {
			w.captureLeaving(q)
		}
		taken := q.send(o.chainOf(q))
		w.ingress.sent += uint64(taken)
		q.delivered += uint64(taken)
		if taken < int(q.out.n) || w.observe != nil || o.answers != 0 || w.captured {
			w.tellOf(q, taken)
		}
		q.out.n = 0
	}
	o.empty()
	if len(w.captures) > 0 {
		w.publish()
	}
}

// empty makes room for the next burst.
func (o *outbox) empty() { o.n, o.queues, o.answers, o.waits, o.long = 0, 0, 0, 0, false }

// tellOf counts, notes and shows how the frames for q ended. The port took the first
// taken of them, but for those that the meter lost.
func (w *Worker) tellOf(q *Queue, taken int) {
	next, lost, kept := q.out.first, q.lost(), q.kept()
	for n := range int(q.out.n) {
		i := next
		next = w.out.after[i]
		if lost>>n&1 == 0 && taken > 0 {
			taken--
			w.out.waits |= kept >> n & 1 << i
			w.tellFrame(q, i, 1, 0, Sent)
		} else {
			w.tellFrame(q, i, 0, 1, q.refusal(lost>>n&1 != 0))
		}
	}
}

// tellFrame counts, notes and shows how frame i of the outbox, which was for q, ended: the
// port took so many of its packets and refused so many, for the reason v.
func (w *Worker) tellFrame(q *Queue, i uint8, taken, refused int, v Verdict) {
	if refused == 0 {
		v = Sent
	}
	if w.captured || refused > 0 && len(w.captures) > 0 {
		w.captureLeft(q, i, v)
	}
	if w.out.answers&(1<<i) != 0 {
		w.answeredBy(q, taken > 0)
		return
	}
	if refused > 0 {
		ingress := w.ingress
		if via := w.behindGate(q, i); via != nil {
			w.refusedBehind(via)
		}
		w.ingress.tally().Ends[v] += uint64(refused)
		q.tally().Drops[v] += uint64(refused)
		w.note(w.described(q, i), v)
		w.ingress = ingress
	}
	if w.observe != nil {
		w.tell(w.out.of[i], v)
	}
}

// lost is which of the frames that flush sent last by q, bit by bit, the meter dropped before some that it took.
func (q *Queue) lost() uint64 {
	if q.meter == nil {
		return 0
	}
	return q.meter.lost
}

// kept is which of the frames that flush sent last by q wait for an allowance, bit by bit.
func (q *Queue) kept() uint64 {
	if q.meter == nil {
		return 0
	}
	return q.meter.kept
}

// refusal is why a frame was refused that flush sent last by q: the meter lost it, or its FIFO or the port is full.
func (q *Queue) refusal(lost bool) Verdict {
	switch m := q.meter; {
	case lost:
		return BandwidthInExceeded
	case m != nil && m.full:
		return m.lacks.exceeded()
	}
	return TxFull
}

// answeredBy counts an answer by q. If q's port took the answer, flush has counted a
// received packet as Sent, and answeredBy makes the count one of Originated. An answer
// that the port refuses is lost without a count: the packet that asked has ended.
func (w *Worker) answeredBy(q *Queue, taken bool) {
	if taken {
		w.ingress.sent--
		q.tally().Originated++
	}
}
