package pipeline

import (
	"time"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// jam is the frames of one ENI that wait at one worker for one lane, in one direction: those that the
// guest sent as they came from its ring, and those for the guest as they are to leave. Frames of other
// lanes pass by.
type jam struct {
	*meter
	*line
	dir  wire.Direction
	lane uint16
	due  int64 // when what the jam lacks is there again, in ns since 1970
}

// jams are those of a meter in one direction.
type jams struct {
	looks bool                 // at every frame: all lanes together are over what the slowest one has
	n     int                  // of them
	at    [flowLanes + 1]uint8 // by lane: 1 + index in lines.jams; 0: no frame waits
}

// bandwidths are the allowances of both directions.
var bandwidths = [2]allowance{wire.In: bandwidthIn, wire.Out: bandwidthOut}

// bandwidth is the instance's in a direction.
func (i *Instance) bandwidth(d wire.Direction) *bandwidth {
	return [2]*bandwidth{wire.In: &i.in, wire.Out: &i.out}[d&1]
}

// sifts tells whether each frame of a direction has to be looked at.
func (m *meter) sifts(d wire.Direction) bool {
	s := m.jams[d&1]
	return s != nil && (s.looks || s.n > 0)
}

// passes tells whether a frame may pass its lanes, and takes what it counts there; if not, in which one it waits. While
// the route to a flow's other end stays near, or stays far, no frame overtakes one of its flow: the flow waits in its
// own lane, or in that of all far flows, and goes to the other one once none waits in the first. A route that
// changes between near and far gives the flow another lane, and frames may overtake those in the first.
func (m *meter) passes(f *pmd.Frame, d wire.Direction) (number uint16, passes bool) {
	g := m.worker.behind(m.queue)
	if g == nil {
		return 0, true
	}
	s, l, now := m.jams[d&1], m.instance.bandwidth(d).lanes, m.worker.now
	at := g.laneOf(f.Bytes(), d)
	switch {
	case s.at[at.flow] != 0:
		return at.flow, false
	case at.far && s.at[farLane] != 0:
		return farLane, false
	}
	if lacks, number := l.lacks(now, at); lacks != nil {
		return number, false
	}
	l.pass(now, int64(f.WireLen()), at)
	return 0, true
}

// stay has a frame wait in a lane, and is false if there is no room.
func (m *meter) stay(f *pmd.Frame, d wire.Direction, number uint16) bool {
	s, all := m.jams[d&1], &m.worker.lines
	m.count(bandwidths[d&1], int64(f.Packets()))
	if s.at[number] == 0 {
		l := m.takeForJam()
		if l == nil {
			return false
		}
		all.jams = append(all.jams, jam{meter: m, line: l, dir: d, lane: number})
		s.n++
		s.at[number] = uint8(len(all.jams))
	}
	return all.jams[s.at[number]-1].add(f)
}

// sift takes from a burst that the guest sent the frames that have to wait, and drops those that find
// no room.
func (m *meter) sift(b *pmd.Burst) {
	all, merged := b.N, b.Merged
	b.N, b.Merged = 0, 0
	for i := range all {
		f := &b.Frames[i]
		number, passes := m.passes(f, wire.Out)
		switch {
		case passes:
			b.Merged |= merged >> i & 1 << b.N
			b.Frames[b.N] = *f
			b.N++
		case !m.stay(f, wire.Out, number):
			m.worker.turnAway(m.queue, f)
		}
	}
}

// turnAway drops a frame that the guest behind q sent too fast.
func (w *Worker) turnAway(q *Queue, f *pmd.Frame) {
	w.ingress = q
	q.received += uint64(f.Packets())
	p := &w.outward.packets[0]
	p.begin(f, wire.Out)
	p.guest = w.behind(q)
	w.finish(p, p.refuse(BandwidthOutExceeded))
}

// sendSifted is sendAll for those of the frames that need not wait for a lane. Bit i of lost says that
// frames[i] was to wait, and found no room.
func (m *meter) sendSifted(frames []*pmd.Frame) (taken int) {
	for from := 0; from < len(frames); {
		to, number, passes := from, uint16(0), true
		for to < len(frames) {
			if number, passes = m.passes(frames[to], wire.In); !passes {
				break
			}
			to++
		}
		n := m.sendAll(frames[from:to])
		m.keep(from, n)
		if taken += n; n < to-from {
			m.giveBackLanes(frames[from+n : to])
			return taken
		}
		if from = to; passes {
			break
		}
		if m.stay(frames[to], wire.In, number) {
			m.queue.delivered -= uint64(frames[to].Packets()) // as wait does
			m.kept |= 1 << to
			taken++
		} else {
			m.lost |= 1 << to
		}
		from++
	}
	return taken
}

// giveBackLanes gives back what frames took of their lanes that found no room behind them.
func (m *meter) giveBackLanes(frames []*pmd.Frame) {
	l, g := m.instance.bandwidth(wire.In).lanes, m.worker.behind(m.queue)
	if g == nil {
		return
	}
	for _, f := range frames {
		l.giveBack(int64(f.WireLen()), g.laneOf(f.Bytes(), wire.In))
	}
}

// releaseJams sends what waited long enough for its lane, and returns how many frames that were.
func (w *Worker) releaseJams() (n int) {
	l := &w.lines
	for i := 0; i < len(l.jams); {
		j := &l.jams[i]
		if j.dir == wire.In {
			n += j.deliver()
		} else {
			n += j.bring()
		}
		if j.n > 0 {
			i++
			continue
		}
		l.endJam(i)
	}
	return n
}

// endJam ends a jam in which no frame waits.
func (l *lines) endJam(i int) {
	j, last := l.jams[i], len(l.jams)-1
	j.first = 0
	l.spare = append(l.spare, j.line)
	s := j.meter.jams[j.dir&1]
	s.n--
	s.at[j.lane] = 0
	if i < last {
		moved := l.jams[last]
		l.jams[i] = moved
		moved.meter.jams[moved.dir&1].at[moved.lane] = uint8(i + 1)
	}
	l.jams[last] = jam{}
	l.jams = l.jams[:last]
	j.meter.mayForget()
}

// lend makes f the frame behind i others, if its lanes are open, and takes what it counts there.
func (j *jam) lend(i int, f *pmd.Frame, g *guest) bool {
	j.line.lend(j.line.at(i), f)
	l, now := j.instance.bandwidth(j.dir).lanes, j.worker.now
	at := g.laneOf(f.Bytes(), j.dir)
	if lacks, _ := l.lacks(now, at); lacks != nil {
		j.due = lacks.spent.Load()
		return false
	}
	l.pass(now, int64(f.WireLen()), at)
	return true
}

// bring runs frames that the guest sent, as if they came from its ring.
func (j *jam) bring() (n int) {
	w, g := j.worker, j.worker.behind(j.queue)
	for more := g != nil; more && j.n > 0; {
		if !j.queue.mayTake() {
			j.due = j.instance.due(j.queue.held)
			break
		}
		w.rx.N, w.rx.Merged, w.backlog.shed = 0, 0, 0
		for more && w.rx.N < min(j.n, pmd.MaxBurst) {
			f := &w.rx.Frames[w.rx.N]
			if more = j.lend(w.rx.N, f, g); more {
				if f.Merged() {
					w.rx.Merged |= 1 << w.rx.N
				}
				w.rx.N++
			}
		}
		if w.rx.N == 0 {
			break
		}
		j.charge(&w.rx)
		brought := w.rx.N
		w.run(j.queue, g)
		for range brought {
			j.drop()
		}
		n += brought
	}
	return n
}

// deliver sends frames to the guest, or has them wait for the instance. What finds no room waits on.
func (j *jam) deliver() (n int) {
	w, g := j.worker, j.worker.behind(j.queue)
	if j.queue.Down() {
		j.discard()
	}
	s := &w.lines
	for more := g != nil && j.queue.tx != nil; more; {
		lent := 0
		for lent < min(j.n, pmd.MaxBurst) && j.lend(lent, &s.frames[lent], g) {
			s.offer[lent] = &s.frames[lent]
			lent++
		}
		taken := j.moveOn(s.offer[:lent])
		if taken < lent {
			j.due = w.now + int64(time.Millisecond)
			j.giveBackLanes(s.offer[taken:lent])
		}
		for range taken {
			j.drop()
		}
		if taken < lent {
			j.tookPart(j.line, s.offer[taken])
		}
		n += taken
		more = lent == pmd.MaxBurst && taken == lent
	}
	return n
}

// moveOn sends frames that waited for their lanes, or has them wait for the instance, and returns how
// many found room.
func (m *meter) moveOn(frames []*pmd.Frame) (taken int) {
	m.reopen()
	defer m.settle()
	if m.line == nil && m.mayGive(amountOf(frames)) {
		taken = m.pass(frames)
		for _, f := range frames[:taken] {
			m.queue.delivered += uint64(f.Packets())
		}
		return taken
	}
	for taken < len(frames) && m.join(frames[taken]) {
		taken++
	}
	return taken
}
