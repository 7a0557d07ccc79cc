package pipeline

import "nitrocard/pmd"

// lines are a worker's frames that wait for instances to be within their allowances. Memory for a line
// is made when so many lines are needed for the first time, and used again.
type lines struct {
	waiting []*meter // with a line
	spare   []*line

	frames [pmd.MaxBurst]pmd.Frame  // scratch of release
	offer  [pmd.MaxBurst]*pmd.Frame // …
}

// take is memory for a meter's line.
func (l *lines) take(m *meter) *line {
	l.waiting = append(l.waiting, m)
	n := len(l.spare)
	if n == 0 {
		return new(line)
	}
	got := l.spare[n-1]
	l.spare = l.spare[:n-1]
	return got
}

// wait has frames wait behind those that do, and returns how many found room.
func (m *meter) wait(frames []*pmd.Frame) (taken int) {
	if m.line == nil {
		m.line = m.worker.lines.take(m)
	}
	m.full = false
	for _, f := range frames {
		m.count(m.lacks, int64(f.Packets()))
		if m.full = m.full || !m.line.add(f); !m.full {
			m.queue.delivered -= uint64(f.Packets()) // as flush counts them; release does once they leave
			taken++
		}
	}
	return taken
}

// releaseLines sends what waited long enough, and returns how many frames that were.
func (w *Worker) releaseLines() (n int) {
	l := &w.lines
	for i := 0; i < len(l.waiting); {
		m := l.waiting[i]
		n += m.release()
		if m.line.n > 0 {
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
	m.line.first, m.full = 0, false
	m.worker.lines.spare = append(m.worker.lines.spare, m.line)
	if m.line = nil; m.instance == &unlimited {
		m.queue.meter = nil
	}
}

// release sends what may leave a line, and returns how many frames that were. What the port refuses
// waits on.
func (m *meter) release() (sent int) {
	l, s := m.line, &m.worker.lines
	for more := l.n > 0 && m.queue.tx != nil; more; {
		n := 0
		for ; n < min(l.n, pmd.MaxBurst); n++ {
			l.lend(l.at(n), &s.frames[n])
			s.offer[n] = &s.frames[n]
			if n == 0 && !m.mayGive(l.at(n).counts()) {
				break
			}
			if n > 0 {
				m.give(l.at(n).counts())
			}
		}
		taken := m.queue.tx.Tx(s.offer[:n])
		for i := range n {
			if i >= taken {
				m.giveBack(l.at(i - taken).counts())
				continue
			}
			m.queue.delivered += uint64(l.at(0).packets)
			l.drop()
		}
		if taken < n {
			m.tookPart(&s.frames[taken])
		}
		m.payDebt()
		sent += taken
		more = n == pmd.MaxBurst && taken == n && l.n > 0
	}
	return sent
}

// tookPart ends the oldest frame of the line, which is f, if it is a merged one of which the port
// took some packets and refused the others (pmd.Port).
func (m *meter) tookPart(f *pmd.Frame) {
	left, all := uint64(f.Packets()), uint64(m.line.at(0).packets)
	if left == all {
		return
	}
	m.queue.delivered += all - left
	m.queue.tally().Drops[TxFull] += left
	m.line.drop()
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
