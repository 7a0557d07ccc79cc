package pipeline

import (
	"time"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// releaseClasses sends what waited long enough for its class, and returns how many frames that were.
func (w *Worker) releaseClasses() (n int) {
	s := &w.shaper
	for i := 0; i < len(s.queues); {
		q := &s.queues[i]
		if q.dir == wire.In {
			n += q.dequeueIn()
		} else {
			n += q.dequeueOut()
		}
		if q.n > 0 {
			i++
			continue
		}
		s.endQueue(i)
	}
	return n
}

// endQueue makes the FIFO of a class queue spare, in which no frame waits.
func (s *shaper) endQueue(i int) {
	q, last := s.queues[i], len(s.queues)-1
	q.first = 0
	s.spare = append(s.spare, q.fifo)
	x := q.meter.classes[q.dir&1]
	x.n--
	x.at[q.class] = 0
	if i < last {
		moved := s.queues[last]
		s.queues[i] = moved
		moved.meter.classes[moved.dir&1].at[moved.class] = uint8(i + 1)
	}
	s.queues[last] = classQueue{}
	s.queues = s.queues[:last]
	q.meter.mayForget()
}

// admitNext makes f the frame behind i others, and charges f's classes if f is within their bandwidth; if not, admitNext
// is false.
func (q *classQueue) admitNext(i int, f *pmd.Frame, g *guest) bool {
	q.fifo.load(q.fifo.at(i), f)
	c, now := q.instance.bandwidth(q.dir).classes, q.worker.now
	at := q.worker.classify(g, f.Bytes(), q.dir)
	if over, _ := c.exceeded(now, at); over != nil {
		q.due = over.spent.Load()
		return false
	}
	c.charge(now, int64(f.WireLen()), at)
	return true
}

// dequeueOut runs frames that the guest sent, as if they came from its ring.
func (q *classQueue) dequeueOut() (n int) {
	w, g := q.worker, q.worker.behind(q.queue)
	for more := g != nil; more && q.n > 0; {
		if !q.queue.mayTake() {
			q.due = q.instance.due(q.queue.held)
			break
		}
		w.rx.N, w.rx.Merged, w.backlog.shed = 0, 0, 0
		for more && w.rx.N < min(q.n, pmd.MaxBurst) {
			f := &w.rx.Frames[w.rx.N]
			if more = q.admitNext(w.rx.N, f, g); more {
				if f.Merged() {
					w.rx.Merged |= 1 << w.rx.N
				}
				w.rx.N++
			}
		}
		if w.rx.N == 0 {
			break
		}
		q.charge(&w.rx)
		admitted := w.rx.N
		w.run(q.queue, g)
		for range admitted {
			q.dequeue()
		}
		n += admitted
	}
	return n
}

// dequeueIn sends frames to the guest, or has them wait for the instance. What finds no room waits on.
func (q *classQueue) dequeueIn() (n int) {
	w, g := q.worker, q.worker.behind(q.queue)
	if q.queue.Down() {
		q.discard()
	}
	s := &w.shaper
	for more := g != nil && q.queue.tx != nil; more; {
		loaded := 0
		for loaded < min(q.n, pmd.MaxBurst) && q.admitNext(loaded, &s.frames[loaded], g) {
			s.offer[loaded] = &s.frames[loaded]
			loaded++
		}
		taken := q.moveOn(s.offer[:loaded])
		if taken < loaded {
			q.due = w.now + int64(time.Millisecond)
			q.giveBackClasses(s.offer[taken:loaded])
		}
		for range taken {
			q.dequeue()
		}
		if taken < loaded {
			q.tookPart(q.fifo, s.offer[taken])
		}
		n += taken
		more = loaded == pmd.MaxBurst && taken == loaded
	}
	return n
}

// moveOn sends frames that waited for their classes, or has them wait for the instance, and returns how
// many found room.
func (m *meter) moveOn(frames []*pmd.Frame) (taken int) {
	m.reopen()
	defer m.settle()
	if m.fifo == nil && m.mayGive(amountOf(frames)) {
		taken = m.pass(frames)
		for _, f := range frames[:taken] {
			m.queue.delivered += uint64(f.Packets())
		}
		return taken
	}
	for taken < len(frames) && m.enqueueOne(frames[taken]) {
		taken++
	}
	return taken
}
