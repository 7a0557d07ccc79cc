package pipeline

import (
	"math"
	"time"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// meter bounds what passes between one worker and the guest of one ENI to what the ENI's instance
// may send and receive:
//
//	guest's ring ──▶ mayTake? ──▶ stages          the instance sends
//	stages ──▶ send ────────────▶ guest's ring    the instance receives
//	            └──▶ fifo ──▶ drain ────┘         … and is over an allowance
//
// What the instance sends too fast waits in the ring that the guest put it in: the worker takes
// nothing from there until the instance may send again. So what waits is bounded by the ring, costs the
// worker nothing, and stays in order; once the ring is full, its device drops, or has the guest wait.
// What comes too fast for the instance waits in a FIFO of the worker's, and is dropped when the FIFO is
// full.
//
// A meter belongs to its worker. It borrows from the instance's buckets what comes in quantumTime, and
// counts bursts off that. So a burst costs a few additions, and one burst in many costs the locked
// instructions of the buckets, which other workers have in their caches. What is borrowed lies in the
// Queue, in the cache lines that every frame for the guest and every look at its ring need.
//
// A queue without a meter pays a comparison for each burst.
type meter struct {
	queue    *Queue
	instance *Instance
	worker   *Worker

	aside int32 // bytes that are borrowed to receive, while every burst has to look at the meter
	fifo  *fifo // frames that wait for the guest; nil: none

	classes [2]*classIndex // by direction; nil: the instance has never had classes
	lost    uint64         // bit i: frame i of the latest send was to wait for a class, and found no room; 0 unless classifies
	kept    uint64         // bit i: frame i of the latest send waits

	lacks    allowance // for want of which frames wait in the FIFO
	full     bool      // the FIFO refused a frame of the latest send
	exceeded Exceeded
}

// borrowed is what a meter has taken from its instance's buckets and not used yet.
type borrowed struct {
	bytes   int32 // for the guest to receive
	packets int32 // of both directions
}

// unbounded is how much a meter borrows at once of what has no limit.
const unbounded = math.MaxInt32 / 2

// reset ends what is borrowed, under limits that may be new.
func (m *meter) reset() {
	m.queue.borrowed, m.queue.toSend, m.aside = borrowed{}, 0, 0
	for _, x := range m.classes {
		if x != nil {
			x.over = false
		}
	}
}

// shut has every burst to the guest look at the meter.
func (m *meter) shut() {
	m.aside += m.queue.borrowed.bytes
	m.queue.borrowed.bytes = 0
}

// reopen ends what shut did.
func (m *meter) reopen() {
	m.queue.borrowed.bytes += m.aside
	m.aside = 0
}

// settle shuts what is borrowed if send has to see the next burst: frames wait, each frame is classified, or lost
// tells of the latest burst and has to be cleared.
func (m *meter) settle() {
	if m.fifo != nil || m.lost != 0 || m.classifies(wire.In) {
		m.shut()
	}
}

// mayTake tells whether the worker may take what the guest sends.
func (q *Queue) mayTake() bool { return q.toSend > 0 && q.borrowed.packets > 0 || q.meter.mayBorrow() }

// mayBorrow borrows for the guest to send, and is false if the instance is over an allowance.
func (m *meter) mayBorrow() bool {
	lacks := m.borrow(wire.Out, &m.queue.toSend, amount{1, 1})
	if lacks == plenty {
		return true
	}
	m.queue.held = lacks
	return false
}

// took counts a burst that the worker took from the guest, and takes from it the frames that have to
// wait for their classes. What the worker finds as soon as the instance may send again has waited, and so has
// what is behind a full burst.
func (m *meter) took(b *pmd.Burst) {
	got := b.N
	if m.classifies(wire.Out) {
		m.shapeOut(b)
	}
	packets := m.charge(b)
	if m.queue.held != plenty {
		m.count(m.queue.held, packets)
		if got < pmd.MaxBurst {
			m.queue.held = plenty
		}
	}
}

// charge counts what the guest sends, and returns how many packets that is.
func (m *meter) charge(b *pmd.Burst) (packets int64) {
	var all amount
	frames := b.Frames[:b.N]
	if b.Merged != 0 {
		for i := range frames {
			all.add(&frames[i])
		}
	} else {
		all.packets = int64(len(frames))
		for i := range frames {
			all.bytes += int64(frames[i].Len())
		}
	}
	q := m.queue
	q.toSend -= int32(all.bytes)
	q.borrowed.packets -= int32(all.packets)
	if q.toSend|q.borrowed.packets < 0 {
		m.payDebt()
	}
	return all.packets
}

// payDebt takes from the buckets what a burst counted beyond what was borrowed. So the buckets owe it,
// and the time until the next burst counts.
func (m *meter) payDebt() {
	i, q, b, now := m.instance, m.queue, &m.queue.borrowed, m.worker.now
	if q.toSend < 0 {
		i.out.take(now, -int64(q.toSend))
		q.toSend = 0
	}
	if b.bytes < 0 {
		i.in.take(now, -int64(b.bytes))
		b.bytes = 0
	}
	if b.packets < 0 {
		i.takePackets(now, -int64(b.packets))
		b.packets = 0
	}
}

// send sends frames to the guest, or has them wait. What a guest sends to itself waits for no class: the
// card's answers are among it.
func (m *meter) send(frames []*pmd.Frame) (taken int) {
	m.lost, m.kept = 0, 0
	m.reopen()
	if m.classifies(wire.In) && m.queue != m.worker.ingress {
		taken = m.sendShaped(frames)
	} else {
		taken = m.sendAll(frames)
		m.keep(0, taken)
	}
	m.settle()
	return taken
}

// sendAll is send for frames that need not wait for a class.
func (m *meter) sendAll(frames []*pmd.Frame) int {
	if m.fifo != nil || !m.mayGive(amountOf(frames)) {
		return m.enqueueAll(frames)
	}
	return m.pass(frames)
}

// keep notes that so many frames of the latest send wait, from one on, if sendAll had them wait.
func (m *meter) keep(from, n int) {
	if m.fifo != nil {
		m.kept |= (1<<n - 1) << from
	}
}

// pass hands frames to the guest's port, which counts what it takes.
func (m *meter) pass(frames []*pmd.Frame) int {
	taken := m.queue.tx.Tx(frames)
	if taken < len(frames) {
		m.refused(frames[taken:])
	}
	return taken
}

// refused gives back what frames count that the guest's port refused.
func (m *meter) refused(frames []*pmd.Frame) {
	m.full = false // the port is, not the FIFO
	m.giveBack(amountOf(frames))
}

// mayGive tells whether the instance may receive frames, and uses what they count.
func (m *meter) mayGive(a amount) bool {
	m.lacks = plenty
	if b := &m.queue.borrowed; int64(b.bytes) < a.bytes || int64(b.packets) < a.packets {
		m.lacks = m.borrow(wire.In, &b.bytes, a)
	}
	if m.lacks == plenty {
		m.give(a)
	}
	return m.lacks == plenty
}

// give uses what frames to the guest count; payDebt pays for what is not there.
func (m *meter) give(a amount) {
	m.queue.borrowed.bytes -= int32(a.bytes)
	m.queue.borrowed.packets -= int32(a.packets)
}

// giveBack gives back what a frame counts that the guest's port refused.
func (m *meter) giveBack(a amount) {
	m.queue.borrowed.bytes += int32(a.bytes)
	m.queue.borrowed.packets += int32(a.packets)
}

// borrow borrows of the bandwidth of a direction, and of packets, until there is what frames count, and
// some more for those that follow. If the instance is over an allowance, borrow returns which.
func (m *meter) borrow(d wire.Direction, bytes *int32, want amount) allowance {
	i, packets, now := m.instance, &m.queue.borrowed.packets, m.worker.now
	from, moreBytes, morePackets := i.bandwidth(d), want.bytes-int64(*bytes), want.packets-int64(*packets)
	switch {
	case moreBytes > 0 && !from.conforms(now):
		return bandwidths[d&1]
	case morePackets > 0 && !i.packets.conforms(now):
		return packetRate
	}
	if moreBytes > 0 {
		*bytes += int32(from.borrow(now, moreBytes))
		if x := m.classes[d&1]; x != nil {
			x.over = from.classes != nil && !from.classes.all.conforms(now)
		}
	}
	if morePackets > 0 {
		*packets += int32(i.borrowPackets(now, morePackets))
	}
	return plenty
}

// count counts packets that wait, or are dropped, for want of an allowance.
func (m *meter) count(lacks allowance, packets int64) { m.exceeded[lacks] += uint64(packets) }

// Held tells whether what the guest sends waits for an allowance of its instance. Call Held on the
// worker's thread.
func (q *Queue) Held() bool { return q.held != plenty }

// Due is how long the worker may sleep at most because frames wait for an allowance: most, if none do.
func (w *Worker) Due(most time.Duration) time.Duration {
	at := w.now + int64(most)
	for _, m := range w.shaper.waiting {
		if m.lacks == plenty { // its port had no room
			at = min(at, w.now+int64(time.Millisecond))
		} else {
			at = min(at, m.instance.due(m.lacks))
		}
	}
	for i := range w.shaper.queues {
		at = min(at, w.shaper.queues[i].due)
	}
	for i := range w.polls {
		if q := w.polls[i].Queue; q.Held() {
			at = min(at, q.meter.instance.due(q.held))
		}
	}
	return time.Duration(max(at-w.now, 0))
}
