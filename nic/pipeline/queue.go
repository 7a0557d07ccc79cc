package pipeline

import (
	"sync/atomic"
	"unsafe"

	"nitrocard/pmd"
	"nitrocard/tables"
)

// Queue is what one worker has of a place for a port: a queue of the port, and
// counts. All but down and room belongs to the worker. There is one for each ENI
// and worker, so it is two cache lines: what is big lies in the worker, which
// serves one burst at a time.
type Queue struct {
	port   pmd.Port // nil: none attached
	tx     sender   // port, all workers' way to it, or that to a station; nil: none
	polled bool     // the worker receives from port, too

	out waiting // frames to send when the burst ends

	down    atomic.Bool  // as the supervisor last saw the link
	room    atomic.Int32 // frame bytes it carries now: longest, or 0 if it is down or absent
	longest int          // frame bytes the port carries

	delivered uint64 // as in counts: all that a frame for a guest meets is on the first cache line

	received, sent, originated uint64 // the same; sent is ends[Sent]

	ends  *Tally     // nil: all zero
	label *nameplate // the place's

	_ [24]byte // whole cache lines: the next one may be another worker's
}

var _ = [1]struct{}{}[unsafe.Sizeof(Queue{})-128]

// NewQueues makes the queues of new places, which have names: of each place, one for
// each of so many workers. Each queue begins a cache line, because each is allocated
// alone: Go puts a header of 8 bytes before a slice of many. The queues of one worker
// are allocated in turn, and so lie side by side.
func NewQueues(workers int, names []string) [][]*Queue {
	places := make([][]*Queue, len(names))
	labels := make([]nameplate, len(names))
	for range workers {
		for i, name := range names {
			labels[i].name = name
			places[i] = append(places[i], &Queue{label: &labels[i]})
		}
	}
	return places
}

// Name is the place's: that of the uplink, or the ENI's ID.
func (q *Queue) Name() string { return q.label.name }

// Port is the one that the queue's worker sends by; nil if none is attached.
func (q *Queue) Port() pmd.Port { return q.port }

// Down tells whether the port's link was down when SetDown was told.
func (q *Queue) Down() bool { return q.down.Load() }

// Attach puts a port's queue in place, whose frames have so many bytes at most.
// The worker receives from it if it is polled, and sends by it with the lock
// held, nil if no other worker does. The worker stands at the gate, or has not
// seen q yet.
func (q *Queue) Attach(port pmd.Port, polled bool, longest int, lock *tables.Spinlock) {
	q.port, q.tx, q.polled, q.longest = port, port, polled, longest
	if lock != nil {
		q.tx = locked{lock, port}
	}
}

// Detach leaves the place empty, while the worker stands at the gate.
func (q *Queue) Detach() {
	q.port, q.tx, q.polled = nil, nil, false
	q.room.Store(0)
}

// SetDown notes whether the port's link is down, and returns what was noted
// before.
func (q *Queue) SetDown(down bool) (was bool) {
	room := 0
	if q.tx != nil && !down {
		room = q.longest
	}
	q.room.Store(int32(room))
	return q.down.Swap(down)
}

// carries tells whether a frame of so many bytes can leave by q. Queue.fits tells why
// not.
func (q *Queue) carries(bytes int) bool {
	return bytes <= int(q.room.Load())
}

// sender is the part of a port that frames leave by.
type sender interface{ Tx([]*pmd.Frame) int }

// locked is a port that several workers send by.
type locked struct {
	*tables.Spinlock
	port pmd.Port
}

// Tx sends as the port does, when the others have sent.
func (s locked) Tx(frames []*pmd.Frame) int {
	s.Lock()
	defer s.Unlock()
	return s.port.Tx(frames)
}

// originate sends a frame that the card made by q, at once: there are few,
// and they are nobody's received packet.
func (w *Worker) originate(q *Queue, f *pmd.Frame) {
	if q == nil || q.tx == nil {
		return
	}
	w.single[0] = f
	if q.tx.Tx(w.single[:]) == 1 {
		q.originated++
		q.delivered++
	}
}
