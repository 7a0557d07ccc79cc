package nic

import (
	"sync/atomic"
	"unsafe"

	"nitrocard/pmd"
	"nitrocard/tables"
)

// queue is what one worker has of a slot: a queue of its port, and counts. All
// but down and room belongs to the worker. There is one for each ENI and
// worker, so it is two cache lines: what is big lies in the worker, which serves
// one burst at a time.
type queue struct {
	port   pmd.Port // nil: none attached
	tx     sender   // port, or all workers' way to it
	polled bool     // the worker receives from port, too

	out waiting // frames to send when the burst ends

	down    atomic.Bool  // as the supervisor last saw the link
	room    atomic.Int32 // frame bytes it carries now: longest, or 0 if it is down or absent
	longest int          // frame bytes the port carries

	delivered uint64 // as in counts: all that a frame for a guest meets is on the first cache line

	received, sent, originated uint64 // the same; sent is ends[Sent]

	ends  *tally // nil: all zero
	slot  *slot
	label *nameplate // the slot's

	_ [16]byte // whole cache lines: the next one may be another worker's
}

var _ = [1]struct{}{}[unsafe.Sizeof(queue{})-128]

// tally is how packets ended, by verdict. Few queues end any but by sending them:
// each gets its tally with the first, the one allocation on a packet's way.
type tally struct {
	ends  [verdicts]uint64 // of the packets received here
	drops [verdicts]uint64 // by the stages of this ENI, wherever the packet was received
}

// tally is q's.
func (q *queue) tally() *tally {
	if q.ends == nil {
		q.ends = new(tally)
	}
	return q.ends
}

// newQueues makes n queues for each worker. Those of one worker lie side by
// side, and no two workers' on one cache line.
func (c *Card) newQueues(n int) [][]queue {
	all := make([][]queue, len(c.workers))
	for i := range all {
		all[i] = make([]queue, n)
	}
	return all
}

// counts are one worker's of a slot, or all workers'.
type counts struct {
	received uint64
	tally
	delivered  uint64 // frames that left here
	originated uint64 // of those, made by the card
}

// counts are q's.
func (q *queue) counts() counts {
	c := counts{received: q.received, delivered: q.delivered, originated: q.originated}
	if q.ends != nil {
		c.tally = *q.ends
	}
	c.ends[Sent] = q.sent
	return c
}

// add adds another worker's.
func (c *counts) add(d counts) {
	c.received += d.received
	for v := range verdicts {
		c.ends[v] += d.ends[v]
		c.drops[v] += d.drops[v]
	}
	c.delivered += d.delivered
	c.originated += d.originated
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
