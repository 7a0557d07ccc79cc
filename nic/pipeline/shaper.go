package pipeline

import (
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// shaper has a worker's frames wait until their instances are within their allowances again (RFC 2475, section 2.3.3.3).
// Memory for FIFOs is made with the setup that brings the limits, never on a packet's way: a FIFO for each ENI with
// limits, more where classes bind, and no more than mostFIFOs. What comes too fast while no FIFO is spare is dropped at once.
// Memory that no frame ever lay in costs nothing but addresses.
type shaper struct {
	waiting  []*meter // with a FIFO
	queues   []classQueue
	spare    []*fifo
	made     int // FIFOs that there are
	reserved int // FIFOs that class queues leave to what waits for instances

	frames [pmd.MaxBurst]pmd.Frame  // scratch of peek and dequeueIn
	offer  [pmd.MaxBurst]*pmd.Frame // …
}

// mostFIFOs bounds a worker's memory for FIFOs to 34 MB. The bound is ours.
const mostFIFOs = 64

// mostClassQueues is how many class queues an ENI may have at one worker, both directions together, so that the flows of
// one guest leave FIFOs for other guests. The bound is ours.
const mostClassQueues = 7

// supply brings the number of FIFOs to want: it adds more, which the caller made, or gives up spare ones. A FIFO in use
// stays. Class queues leave a FIFO for each of the bounded ENIs, and half of mostFIFOs if there are more ENIs.
func (s *shaper) supply(want, bounded int, more []*fifo) {
	s.reserved = min(bounded, mostFIFOs/2)
	if s.waiting == nil {
		s.waiting, s.queues, s.spare = make([]*meter, 0, mostFIFOs), make([]classQueue, 0, mostFIFOs), make([]*fifo, 0, mostFIFOs)
	}
	s.spare = append(s.spare, more...)
	s.made += len(more)
	for s.made > want && len(s.spare) > 0 {
		last := len(s.spare) - 1
		s.spare[last], s.spare = nil, s.spare[:last]
		s.made--
	}
}

// take is a spare FIFO; nil: all are in use.
func (s *shaper) take() *fifo {
	last := len(s.spare) - 1
	if last < 0 {
		return nil
	}
	got := s.spare[last]
	s.spare = s.spare[:last]
	return got
}

// takeForClass is take for one more class queue of a meter; nil: the meter has mostClassQueues, or the spare FIFOs are
// reserved.
func (m *meter) takeForClass() *fifo {
	s := &m.worker.shaper
	if m.classQueues() >= mostClassQueues || len(s.spare)+len(s.waiting) <= s.reserved {
		return nil
	}
	return s.take()
}

// enqueueAll has frames wait behind those that do, and returns how many found room.
func (m *meter) enqueueAll(frames []*pmd.Frame) (taken int) {
	m.full = false
	for _, f := range frames {
		m.count(m.lacks, int64(f.Packets()))
		if m.full = m.full || !m.enqueueOne(f); !m.full {
			m.queue.delivered -= uint64(f.Packets()) // as flush counts them; transmit does once they leave
			taken++
		}
	}
	return taken
}

// enqueueOne has a frame wait for the instance, and is false if there is no room.
func (m *meter) enqueueOne(f *pmd.Frame) bool {
	if m.fifo == nil {
		s := &m.worker.shaper
		if m.fifo = s.take(); m.fifo == nil {
			return false
		}
		s.waiting = append(s.waiting, m)
	}
	return m.fifo.enqueue(f)
}

// busy tells whether frames wait.
func (s *shaper) busy() bool { return len(s.waiting)+len(s.queues) > 0 }

// releaseWaiting sends what waited long enough, and returns how many frames that were.
func (w *Worker) releaseWaiting() (n int) {
	s := &w.shaper
	n = w.releaseClasses()
	for i := 0; i < len(s.waiting); {
		m := s.waiting[i]
		m.reopen()
		n += m.drain()
		if m.fifo.n > 0 {
			m.settle()
			i++
			continue
		}
		last := len(s.waiting) - 1
		s.waiting[i], s.waiting[last] = s.waiting[last], nil
		s.waiting = s.waiting[:last]
		m.endFIFO()
	}
	return n
}

// endFIFO makes the FIFO spare, in which no frame waits.
func (m *meter) endFIFO() {
	m.fifo.first, m.full, m.lost, m.kept = 0, false, 0, 0
	m.worker.shaper.spare = append(m.worker.shaper.spare, m.fifo)
	m.fifo = nil
	m.settle()
	m.mayForget()
}

// mayForget ends the meter of an ENI without limits for which no frame waits any more.
func (m *meter) mayForget() {
	if m.instance == &unlimited && !m.waits() {
		m.queue.meter = nil
	}
}

// waits tells whether any frame waits for an allowance.
func (m *meter) waits() bool {
	return m.fifo != nil || m.classes[wire.In] != nil && m.classQueues() > 0
}

// classQueues is how many class queues the meter has, of which the instance once had classes.
func (m *meter) classQueues() int { return m.classes[wire.In].n + m.classes[wire.Out].n }

// drain sends what may leave the FIFO, and returns how many frames that were. What the port refuses
// waits on, until its link goes down.
func (m *meter) drain() (sent int) {
	if m.queue.Down() {
		m.discard()
	}
	for more := m.queue.tx != nil; more; {
		n := m.peek()
		if n == 0 {
			break
		}
		taken := m.transmit(m.worker.shaper.offer[:n])
		sent += taken
		more = n == pmd.MaxBurst && taken == n
	}
	return sent
}

// peek makes shaper.offer the next frames of the FIFO, and returns how many they are: 0 if none waits
// or the instance is over an allowance.
func (m *meter) peek() (n int) {
	q, s := m.fifo, &m.worker.shaper
	if q.n == 0 || !m.mayGive(q.at(0).counts()) {
		return 0
	}
	for ; n < min(q.n, pmd.MaxBurst); n++ {
		q.load(q.at(n), &s.frames[n])
		s.offer[n] = &s.frames[n]
		if n > 0 {
			m.give(q.at(n).counts())
		}
	}
	return n
}

// transmit hands the FIFO's oldest frames, which peek found, to the port, and dequeues what the port
// took.
func (m *meter) transmit(frames []*pmd.Frame) (taken int) {
	taken = m.queue.tx.Tx(frames)
	m.giveBack(amountOf(frames[taken:]))
	for range taken {
		m.queue.delivered += uint64(m.fifo.at(0).packets)
		m.fifo.dequeue()
	}
	if taken < len(frames) {
		m.tookPart(m.fifo, frames[taken])
	}
	m.payDebt()
	return taken
}

// tookPart ends the oldest frame of a FIFO, which is f, if it is a merged one of which the port
// took some packets and refused the others (pmd.Port).
func (m *meter) tookPart(q *fifo, f *pmd.Frame) {
	left, all := uint64(f.Packets()), uint64(q.at(0).packets)
	if left == all {
		return
	}
	m.queue.delivered += all - left
	m.queue.tally().Drops[TxFull] += left
	m.show(q, TxFull)
	q.dequeue()
}

// show shows captures that the oldest frame of a FIFO is dropped.
func (m *meter) show(q *fifo, why Verdict) {
	if w := m.worker; len(w.captures) > 0 {
		q.load(q.at(0), &w.shaper.frames[0])
		w.captureFell(m.queue, &w.shaper.frames[0], why)
	}
}
