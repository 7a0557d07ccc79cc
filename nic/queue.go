package nic

import (
	"sync/atomic"

	"nitrocard/pmd"
	"nitrocard/tables"
)

// queue is what one worker has of a slot: a queue of its port, what is to be
// sent by it, and counts. All but down belongs to the worker.
type queue struct {
	slot   *slot
	name   string   // the slot's
	port   pmd.Port // nil: none attached
	tx     sender   // port, or all workers' way to it
	polled bool     // the worker receives from port, too

	longest int          // frame bytes the port carries
	down    atomic.Bool  // as the supervisor last saw the link
	room    atomic.Int32 // frame bytes it carries now: longest, or 0 if it is down or absent

	rx  pmd.Burst
	out [pmd.MaxBurst]*pmd.Frame // queued for this port during one burst
	of  [pmd.MaxBurst]*packet    // that each is
	n   int

	counts
	_ [448]byte // the next one begins on other cache lines, and not 4 KB on: 16 of those would meet in the same sets of the first cache, for 5 % of a packet
}

// counts are one worker's of a slot, or all workers'.
type counts struct {
	received   uint64
	ends       [verdicts]uint64 // of the packets received here
	drops      [verdicts]uint64 // by the stages of this ENI, wherever the packet was received
	delivered  uint64           // frames that left here
	originated uint64           // of those, made by the card
}

// add adds another worker's.
func (c *counts) add(d *counts) {
	c.received += d.received
	for v := range verdicts {
		c.ends[v] += d.ends[v]
		c.drops[v] += d.drops[v]
	}
	c.delivered += d.delivered
	c.originated += d.originated
}

// put puts a frame among those that leave by q when the burst ends. p is what
// it holds, nil from the fast path.
func (q *queue) put(w *worker, f *pmd.Frame, p *packet) {
	if q.n == 0 {
		w.dirty = append(w.dirty, q)
	}
	q.out[q.n], q.of[q.n] = f, p
	q.n++
}

// setDown notes whether the port's link is down, and returns what was noted
// before.
func (q *queue) setDown(down bool) (was bool) {
	room := 0
	if q.port != nil && !down {
		room = q.longest
	}
	q.room.Store(int32(room))
	return q.down.Swap(down)
}

// carries tells whether a frame of so many bytes can leave by q, as
// packet.send does, which knows why not.
func (q *queue) carries(bytes int) bool {
	return bytes <= int(q.room.Load())
}

// sender is the part of a port that frames leave by.
type sender interface{ Tx([]*pmd.Frame) int }

// shared is a port that several workers send by.
type shared struct {
	*tables.Spinlock
	port pmd.Port
}

// Tx sends as the port does, when the others have sent.
func (s shared) Tx(frames []*pmd.Frame) int {
	s.Lock()
	defer s.Unlock()
	return s.port.Tx(frames)
}

// flush sends what a burst from w.from queued, port by port. What a port
// takes is Sent; what it refuses is dropped.
func (w *worker) flush() {
	for _, q := range w.dirty {
		taken := uint64(q.tx.Tx(q.out[:q.n]))
		w.from.ends[Sent] += taken
		q.delivered += taken
		for i := int(taken); i < q.n; i++ {
			w.from.ends[TxFull]++
			q.drops[TxFull]++
			w.note(w.described(q, i), TxFull)
		}
		if w.observe != nil {
			w.tellOf(q, int(taken))
		}
		q.n = 0
	}
	w.dirty = w.dirty[:0]
}

// tellOf shows the observer how the packets queued for q ended, of which the
// port took so many.
func (w *worker) tellOf(q *queue, taken int) {
	for i, p := range q.of[:q.n] {
		if i < taken {
			w.tell(p, Sent)
		} else {
			w.tell(p, TxFull)
		}
	}
}

// originate sends a frame that the card made by q, at once: there are few,
// and they are nobody's received packet.
func (w *worker) originate(q *queue, f *pmd.Frame) {
	if q == nil || q.port == nil {
		return
	}
	w.single[0] = f
	if q.tx.Tx(w.single[:]) == 1 {
		q.originated++
		q.delivered++
	}
}
