package pipeline

import (
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// classQueue is the frames of one ENI that wait at one worker for one class, in one direction: those that the
// guest sent as they came from its ring, and those for the guest as they are to leave. Frames of other
// classes overtake them.
type classQueue struct {
	*meter
	*fifo
	dir   wire.Direction
	class uint16 // its number
	due   int64  // when the class has again what the oldest frame needs, in ns since 1970
}

// classIndex finds a meter's class queues of one direction.
type classIndex struct {
	over bool                   // all classes together are over what the slowest one has, so each frame is classified
	n    int                    // of class queues
	at   [flowClasses + 1]uint8 // by class: 1 + index in shaper.queues; 0: no frame waits
}

// classifies tells whether each frame of a direction has to be classified.
func (m *meter) classifies(d wire.Direction) bool {
	x := m.classes[d&1]
	return x != nil && (x.over || x.n > 0)
}

// admit charges a frame's classes if the frame is within their bandwidth; if not, admit returns for which class the frame
// waits. While the route to a flow's other end stays near, or stays far, no frame overtakes one of its flow: the flow
// waits in the queue of its own class, or in that of farClass, and goes to the other queue once the first is empty. A route
// that changes between near and far gives the flow another class, and frames may overtake those in the first queue.
func (m *meter) admit(f *pmd.Frame, d wire.Direction) (number uint16, admitted bool) {
	g := m.worker.behind(m.queue)
	if g == nil {
		return 0, true
	}
	x, c, now := m.classes[d&1], m.instance.bandwidth(d).classes, m.worker.now
	at := m.worker.classify(g, f.Bytes(), d)
	switch {
	case x.at[at.number] != 0:
		return at.number, false
	case at.far && x.at[farClass] != 0:
		return farClass, false
	}
	if over, number := c.exceeded(now, at); over != nil {
		return number, false
	}
	c.charge(now, int64(f.WireLen()), at)
	return 0, true
}

// enqueueClass has a frame wait for a class, and is false if there is no room.
func (m *meter) enqueueClass(f *pmd.Frame, d wire.Direction, number uint16) bool {
	x, s := m.classes[d&1], &m.worker.shaper
	m.count(bandwidths[d&1], int64(f.Packets()))
	if x.at[number] == 0 {
		q := m.takeForClass()
		if q == nil {
			return false
		}
		s.queues = append(s.queues, classQueue{meter: m, fifo: q, dir: d, class: number})
		x.n++
		x.at[number] = uint8(len(s.queues))
	}
	return s.queues[x.at[number]-1].enqueue(f)
}

// shapeOut takes from a burst that the guest sent the frames that have to wait, and drops those that find
// no room.
func (m *meter) shapeOut(b *pmd.Burst) {
	all, merged := b.N, b.Merged
	b.N, b.Merged = 0, 0
	for i := range all {
		f := &b.Frames[i]
		number, admitted := m.admit(f, wire.Out)
		switch {
		case admitted:
			b.Merged |= merged >> i & 1 << b.N
			b.Frames[b.N] = *f
			b.N++
		case !m.enqueueClass(f, wire.Out, number):
			m.worker.dropExceeding(m.queue, f)
		}
	}
}

// dropExceeding drops a frame that the guest behind q sent too fast.
func (w *Worker) dropExceeding(q *Queue, f *pmd.Frame) {
	w.ingress = q
	q.received += uint64(f.Packets())
	p := &w.outward.packets[0]
	p.begin(f, wire.Out)
	p.guest = w.behind(q)
	w.finish(p, p.refuse(BandwidthOutExceeded))
}

// sendShaped is sendAll for those of the frames that need not wait for a class. Bit i of lost says that
// frames[i] was to wait, and found no room.
func (m *meter) sendShaped(frames []*pmd.Frame) (taken int) {
	for from := 0; from < len(frames); {
		to, number, admitted := from, uint16(0), true
		for to < len(frames) {
			if number, admitted = m.admit(frames[to], wire.In); !admitted {
				break
			}
			to++
		}
		n := m.sendAll(frames[from:to])
		m.keep(from, n)
		if taken += n; n < to-from {
			m.giveBackClasses(frames[from+n : to])
			return taken
		}
		if from = to; admitted {
			break
		}
		if m.enqueueClass(frames[to], wire.In, number) {
			m.queue.delivered -= uint64(frames[to].Packets()) // as enqueueAll does
			m.kept |= 1 << to
			taken++
		} else {
			m.lost |= 1 << to
		}
		from++
	}
	return taken
}

// giveBackClasses gives back what frames took of their classes, for which there was no room after all.
func (m *meter) giveBackClasses(frames []*pmd.Frame) {
	c, g := m.instance.bandwidth(wire.In).classes, m.worker.behind(m.queue)
	if g == nil {
		return
	}
	for _, f := range frames {
		c.giveBack(int64(f.WireLen()), m.worker.classify(g, f.Bytes(), wire.In))
	}
}
