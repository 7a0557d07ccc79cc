package pipeline

import (
	"math"
	"time"

	"nitrocard/pmd"
)

// meter bounds what passes between one worker and the guest of one ENI to what the ENI's instance
// may send and receive:
//
//	guest's ring ──▶ mayTake? ──▶ stages          the instance sends
//	stages ──▶ send ────────────▶ guest's ring    the instance receives
//	            └──▶ line ──▶ release ──┘         … and is over an allowance
//
// What the instance sends too fast waits in the ring that the guest put it in: the worker takes
// nothing from there until the instance may send again. So what waits is bounded by the ring, costs the
// worker nothing, and stays in order; once the ring is full, its device drops, or has the guest wait.
// What comes too fast for the instance waits in a line of the worker's, and is dropped when that is
// full.
//
// A meter belongs to its worker. It borrows from the instance's buckets what comes in portionTime, and
// counts bursts off that. So a burst costs a few additions, and one burst in many costs the locked
// instructions of the buckets, which other workers have in their caches.
//
// A queue without a meter pays a comparison for each burst.
type meter struct {
	// A burst that is within the allowances needs no field but these, in one cache line.
	queue   *Queue
	line    *line // frames that wait for the guest; nil: none
	in, out int64 // bytes that are borrowed and not used
	packets int64 // …, of both directions

	instance *Instance
	worker   *Worker

	held     allowance // for want of which what the guest sends waits
	lacks    allowance // for want of which frames wait in the line
	full     bool      // the line refused a frame of the latest send
	exceeded Exceeded
}

// allowance is one of what an instance may do so much of.
type allowance uint8

const (
	plenty allowance = iota // the instance lacks none
	bandwidthIn
	bandwidthOut
	packetRate
	allowanceKinds
)

// Exceeded are how many packets waited or were dropped because their instance was over an allowance,
// as ENA's driver counts them.
type Exceeded [allowanceKinds]uint64

// In, Out and Packets are bw_in_, bw_out_ and pps_allowance_exceeded of ENA's driver.
func (e *Exceeded) In() uint64      { return e[bandwidthIn] }
func (e *Exceeded) Out() uint64     { return e[bandwidthOut] }
func (e *Exceeded) Packets() uint64 { return e[packetRate] }

// unbounded is borrowed of what has no limit.
const unbounded = math.MaxInt64 / 2

// reset ends what is borrowed, under limits that may be new.
func (m *meter) reset() {
	m.in, m.out, m.packets = unbounded, unbounded, unbounded
	if m.instance.in.peakRate > 0 {
		m.in, m.out = 0, 0
	}
	if m.instance.rate > 0 {
		m.packets = 0
	}
}

// mayTake tells whether the worker may take what the guest sends.
func (m *meter) mayTake() bool {
	if m.out > 0 && m.packets > 0 {
		return true
	}
	lacks := m.borrow(&m.instance.out, &m.out, amount{1, 1}, bandwidthOut)
	if lacks == plenty {
		return true
	}
	m.held = lacks
	return false
}

// took counts a burst that the worker took, in which the frames of merged are merged ones. What the
// worker finds as soon as the instance may send again has waited, and so has what is behind a
// full burst.
func (m *meter) took(frames []pmd.Frame, merged uint64) {
	var all amount
	if merged != 0 {
		for i := range frames {
			all.add(&frames[i])
		}
	} else {
		all.packets = int64(len(frames))
		for i := range frames {
			all.bytes += int64(frames[i].Len())
		}
	}
	m.out -= all.bytes
	m.packets -= all.packets
	if m.out < 0 || m.packets < 0 {
		m.payDebt()
	}
	if m.held != plenty {
		m.count(m.held, all.packets)
		if len(frames) < pmd.MaxBurst {
			m.held = plenty
		}
	}
}

// payDebt takes from the buckets what a burst counted beyond what was borrowed. So the buckets owe it,
// and the time until the next burst counts.
func (m *meter) payDebt() {
	i, now := m.instance, m.worker.now
	if m.out < 0 {
		i.out.take(now, -m.out)
		m.out = 0
	}
	if m.in < 0 {
		i.in.take(now, -m.in)
		m.in = 0
	}
	if m.packets < 0 {
		i.takePackets(now, -m.packets)
		m.packets = 0
	}
}

// send sends frames to the guest, or has them wait.
//
// The common case looks at nothing but lengths, and is spelled out, because on a card with many guests
// a burst has a frame or two for each.
func (m *meter) send(frames []*pmd.Frame) int {
	bytes, merged := pmd.Sum(frames)
	if in, packets := m.in-int64(bytes), m.packets-int64(len(frames)); in|packets >= 0 && !merged && m.line == nil {
		m.in, m.packets = in, packets
		return m.pass(frames)
	}
	if m.line == nil && m.mayGive(amountOf(frames)) {
		return m.pass(frames)
	}
	return m.wait(frames)
}

// pass hands frames to the guest's port, which counts what it takes.
func (m *meter) pass(frames []*pmd.Frame) int {
	taken := m.queue.tx.Tx(frames)
	if taken < len(frames) {
		m.full = false // the port is, not the line
		m.giveBack(amountOf(frames[taken:]))
	}
	return taken
}

// amountOf is what frames count together.
func amountOf(frames []*pmd.Frame) (all amount) {
	for _, f := range frames {
		all.add(f)
	}
	return all
}

// amount is what frames count.
type amount struct{ bytes, packets int64 }

// add adds a frame.
func (s *amount) add(f *pmd.Frame) {
	if !f.Merged() {
		s.bytes += int64(f.Len())
		s.packets++
		return
	}
	s.bytes += int64(f.WireLen())
	s.packets += int64(f.Packets())
}

// mayGive tells whether the instance may receive frames, and uses what they count.
func (m *meter) mayGive(s amount) bool {
	m.lacks = plenty
	if m.in < s.bytes || m.packets < s.packets {
		m.lacks = m.borrow(&m.instance.in, &m.in, s, bandwidthIn)
	}
	if m.lacks == plenty {
		m.give(s)
	}
	return m.lacks == plenty
}

// give uses what frames to the guest count; payDebt pays for what is not there.
func (m *meter) give(s amount) {
	m.in -= s.bytes
	m.packets -= s.packets
}

// giveBack gives back what a frame counts that the guest's port refused.
func (m *meter) giveBack(s amount) {
	m.in += s.bytes
	m.packets += s.packets
}

// borrow borrows of a bandwidth, and of packets, until there is what frames count, and some more for
// those that follow. If the instance is over an allowance, borrow returns which: without is that of
// the bandwidth.
func (m *meter) borrow(from *bandwidth, bytes *int64, want amount, without allowance) allowance {
	i, now := m.instance, m.worker.now
	moreBytes, morePackets := want.bytes-*bytes, want.packets-m.packets
	switch {
	case moreBytes > 0 && !from.isOpen(now):
		return without
	case morePackets > 0 && !i.packets.isOpen(now):
		return packetRate
	}
	if moreBytes > 0 {
		n := max(moreBytes, from.portion)
		from.take(now, n)
		*bytes += n
	}
	if morePackets > 0 {
		n := max(morePackets, i.portion)
		i.takePackets(now, n)
		m.packets += n
	}
	return plenty
}

// count counts packets that wait, or are dropped, for want of an allowance.
func (m *meter) count(lacks allowance, packets int64) { m.exceeded[lacks] += uint64(packets) }

// Held tells whether what the guest sends waits for an allowance of its instance. Call Held on the
// worker's thread.
func (q *Queue) Held() bool { return q.meter != nil && q.meter.held != plenty }

// Due is how long the worker may sleep at most because frames wait for an allowance: most, if none do.
func (w *Worker) Due(most time.Duration) time.Duration {
	at := w.now + int64(most)
	for _, m := range w.lines.waiting {
		if m.lacks == plenty { // its port had no room
			at = min(at, w.now+int64(time.Millisecond))
		} else {
			at = min(at, m.instance.due(m.lacks))
		}
	}
	for i := range w.polls {
		if q := w.polls[i].Queue; q.Held() {
			at = min(at, q.meter.instance.due(q.meter.held))
		}
	}
	return time.Duration(max(at-w.now, 0))
}
