package pipeline

import (
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// lines are a worker's frames that wait for instances to be within their allowances. Memory for lines is
// made with the setup that brings the limits, never on a packet's way: a line for each ENI with limits, and no
// more than mostLines. What comes too fast while none is spare is dropped at once. Memory that no frame ever lay in
// costs nothing but addresses.
type lines struct {
	waiting []*meter // with a line
	jams    []jam
	spare   []*line
	made    int // lines that there are
	kept    int // of them for what waits for instances, so that jams leave these

	frames [pmd.MaxBurst]pmd.Frame  // scratch of release
	offer  [pmd.MaxBurst]*pmd.Frame // …
}

// mostLines bounds a worker's memory for lines to 34 MB. The bound is ours.
const mostLines = 64

// mostJams is how many jams an ENI may have at one worker, both directions together, so that the flows of one
// guest leave lines for other guests. The bound is ours.
const mostJams = 7

// supply makes the lines so many, for which the caller made more if there are too few. It ends no line that is in
// use. Jams leave a line for each of so many bounded ENIs, and half of mostLines if there are more ENIs.
func (l *lines) supply(want, bounded int, more []*line) {
	l.kept = min(bounded, mostLines/2)
	if l.waiting == nil {
		l.waiting, l.jams, l.spare = make([]*meter, 0, mostLines), make([]jam, 0, mostLines), make([]*line, 0, mostLines)
	}
	l.spare = append(l.spare, more...)
	l.made += len(more)
	for l.made > want && len(l.spare) > 0 {
		last := len(l.spare) - 1
		l.spare[last], l.spare = nil, l.spare[:last]
		l.made--
	}
}

// take is memory for a line; nil: all lines are in use.
func (l *lines) take() *line {
	last := len(l.spare) - 1
	if last < 0 {
		return nil
	}
	got := l.spare[last]
	l.spare = l.spare[:last]
	return got
}

// takeForJam is take for one more jam of a meter; nil: the meter has mostJams, or the spare lines are kept.
func (m *meter) takeForJam() *line {
	l := &m.worker.lines
	if m.jammed() >= mostJams || len(l.spare)+len(l.waiting) <= l.kept {
		return nil
	}
	return l.take()
}

// wait has frames wait behind those that do, and returns how many found room.
func (m *meter) wait(frames []*pmd.Frame) (taken int) {
	m.full = false
	for _, f := range frames {
		m.count(m.lacks, int64(f.Packets()))
		if m.full = m.full || !m.join(f); !m.full {
			m.queue.delivered -= uint64(f.Packets()) // as flush counts them; release does once they leave
			taken++
		}
	}
	return taken
}

// join has a frame wait for the instance, and is false if there is no room.
func (m *meter) join(f *pmd.Frame) bool {
	if m.line == nil {
		l := &m.worker.lines
		if m.line = l.take(); m.line == nil {
			return false
		}
		l.waiting = append(l.waiting, m)
	}
	return m.line.add(f)
}

// busy tells whether frames wait.
func (l *lines) busy() bool { return len(l.waiting)+len(l.jams) > 0 }

// releaseLines sends what waited long enough, and returns how many frames that were.
func (w *Worker) releaseLines() (n int) {
	l := &w.lines
	n = w.releaseJams()
	for i := 0; i < len(l.waiting); {
		m := l.waiting[i]
		m.reopen()
		n += m.release()
		if m.line.n > 0 {
			m.settle()
			i++
			continue
		}
		last := len(l.waiting) - 1
		l.waiting[i], l.waiting[last] = l.waiting[last], nil
		l.waiting = l.waiting[:last]
		m.leave()
	}
	return n
}

// leave ends a line in which no frame waits.
func (m *meter) leave() {
	m.line.first, m.full, m.lost, m.kept = 0, false, 0, 0
	m.worker.lines.spare = append(m.worker.lines.spare, m.line)
	m.line = nil
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
	return m.line != nil || m.jams[wire.In] != nil && m.jammed() > 0
}

// jammed is how many jams the meter has, which had lanes.
func (m *meter) jammed() int { return m.jams[wire.In].n + m.jams[wire.Out].n }

// release sends what may leave a line, and returns how many frames that were. What the port refuses
// waits on, until its link goes down.
func (m *meter) release() (sent int) {
	if m.queue.Down() {
		m.discard()
	}
	for more := m.queue.tx != nil; more; {
		n := m.lend()
		if n == 0 {
			break
		}
		taken := m.hand(m.worker.lines.offer[:n])
		sent += taken
		more = n == pmd.MaxBurst && taken == n
	}
	return sent
}

// lend makes lines.offer the next frames of the line, and returns how many they are: 0 if none waits
// or the instance is over an allowance.
func (m *meter) lend() (n int) {
	l, s := m.line, &m.worker.lines
	if l.n == 0 || !m.mayGive(l.at(0).counts()) {
		return 0
	}
	for ; n < min(l.n, pmd.MaxBurst); n++ {
		l.lend(l.at(n), &s.frames[n])
		s.offer[n] = &s.frames[n]
		if n > 0 {
			m.give(l.at(n).counts())
		}
	}
	return n
}

// hand hands the line's oldest frames, which lend lent, to the port, and takes off the line what the
// port took.
func (m *meter) hand(frames []*pmd.Frame) (taken int) {
	taken = m.queue.tx.Tx(frames)
	m.giveBack(amountOf(frames[taken:]))
	for range taken {
		m.queue.delivered += uint64(m.line.at(0).packets)
		m.line.drop()
	}
	if taken < len(frames) {
		m.tookPart(m.line, frames[taken])
	}
	m.payDebt()
	return taken
}

// tookPart ends the oldest frame of a line, which is f, if it is a merged one of which the port
// took some packets and refused the others (pmd.Port).
func (m *meter) tookPart(l *line, f *pmd.Frame) {
	left, all := uint64(f.Packets()), uint64(l.at(0).packets)
	if left == all {
		return
	}
	m.queue.delivered += all - left
	m.queue.tally().Drops[TxFull] += left
	m.show(l, TxFull)
	l.drop()
}

// show shows captures that the oldest frame of a line is dropped.
func (m *meter) show(l *line, why Verdict) {
	if w := m.worker; len(w.captures) > 0 {
		l.lend(l.at(0), &w.lines.frames[0])
		w.captureFell(m.queue, &w.lines.frames[0], why)
	}
}

// exceeded is the verdict on a packet for which there is no room to wait: for an allowance, or for the
// guest's port.
func (a allowance) exceeded() Verdict {
	switch a {
	case plenty:
		return TxFull
	case packetRate:
		return PacketsExceeded
	}
	return BandwidthInExceeded
}
