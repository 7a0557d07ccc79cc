package pipeline

import (
	"sync/atomic"
	"unsafe"

	"nitrocard/pmd"
	"nitrocard/tables"
)

// Queue is one worker's part of a place for a port: a queue of the port, and counts. All
// fields but down, room and number belong to the worker. A card has a Queue for each ENI and
// worker, so a Queue takes two cache lines only; the frames that wait to be sent lie in
// the worker's outbox.
type Queue struct {
	tx     sender      // port, port with a lock, or an appliance's entrance; nil: none
	out    waiting     // frames to send when the burst ends
	merged bool        // port takes merged frames
	bundle bool        // … in a tunnel, too
	polled bool        // the worker receives from port, too
	held   allowance   // for want of which what the guest sends waits
	down   atomic.Bool // as the supervisor last saw the link

	room    atomic.Int32  // frame bytes the port carries now: longest, or 0 if the port is down or absent, or a Translator
	longest int32         // frame bytes the port carries
	number  atomic.Uint32 // of the ENI in the latest setup, which may not be in force yet; see behind

	meter    *meter   // what the ENI's instance may send and receive; nil: anything
	borrowed borrowed // what may pass without a look at the meter

	// Counts.Delivered. A frame for a guest needs no field behind this one, so one cache
	// line serves it.
	delivered uint64

	// To look whether the port brings a frame needs these and the fields above.
	port   pmd.Port // nil: none attached
	toSend int32    // bytes that the meter borrowed for the guest to send, and that are not used

	received, sent uint64 // Counts.Received and Ends[Sent]

	ends  *Tally     // nil: all zero
	label *nameplate // the place's
	gate  *entrance  // to the Translator in port's place; nil: there is none
}

var (
	_ = [1]struct{}{}[unsafe.Sizeof(Queue{})-128]
	_ = [1]struct{}{}[unsafe.Offsetof(Queue{}.port)-64]
)

// NewQueues makes the queues of new places with these names, one for each worker; the
// result is by place, then by worker. Each queue is allocated alone and so begins a cache
// line, which it would not in a slice: Go puts a header of 8 bytes before large slices
// with pointers. The queues of one worker are allocated in turn, and so lie side by side.
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

// Name is the place's name: the uplink's, or the ENI's ID.
func (q *Queue) Name() string { return q.label.name }

// Port is the port, or the queue of a port, that the worker sends by; nil if none is
// attached.
func (q *Queue) Port() pmd.Port { return q.port }

// Down is what SetDown noted last.
func (q *Queue) Down() bool { return q.down.Load() }

// Attach puts a port's queue in place, which carries frames of at most longest bytes. If
// polled is set, the worker receives from port, too. lock is held while the worker sends;
// nil if no other worker sends by port. Call Attach while the worker stands at the gate,
// or before the worker has seen q.
func (q *Queue) Attach(port pmd.Port, polled bool, longest int, lock *tables.Spinlock) {
	q.port, q.tx, q.polled, q.longest = port, port, polled, int32(longest)
	info := port.Info()
	q.merged, q.bundle = info.Merged, info.Bundle
	if lock != nil {
		q.tx = locked{lock, port}
	}
}

// Detach leaves the place empty. Call Detach while the worker stands at the gate.
func (q *Queue) Detach() {
	q.Settle(0)
	if q.meter != nil {
		q.meter.empty()
	}
	q.port, q.tx, q.gate, q.polled, q.merged, q.bundle = nil, nil, nil, false, false, false
	q.room.Store(0)
}

// SetDown notes whether the port's link is down, and returns what was noted
// before.
func (q *Queue) SetDown(down bool) (was bool) {
	room := 0
	if q.tx != nil && q.gate == nil && !down {
		room = int(q.longest)
	}
	q.room.Store(int32(room))
	return q.down.Swap(down)
}

// carries tells whether a frame of so many bytes can leave by q. If not, fits tells why.
func (q *Queue) carries(bytes int) bool {
	return bytes <= int(q.room.Load()) || q.gate != nil && bytes <= int(q.longest)
}

// sender is the part of a port that frames leave by.
type sender interface{ Tx([]*pmd.Frame) int }

// locked is a port that several workers send by.
type locked struct {
	*tables.Spinlock
	port pmd.Port
}

// Tx sends as the port does, while no other worker sends by it.
func (s locked) Tx(frames []*pmd.Frame) int {
	s.Lock()
	defer s.Unlock()
	return s.port.Tx(frames)
}

// send sends frames by q, or has them wait for their instance, and returns how many are taken. None of
// the frames is merged.
//
// What is within the allowances is looked at here, and nothing but its length, because on a card with
// many guests a burst has a frame or two for each.
func (q *Queue) send(frames []*pmd.Frame) int {
	if q.meter == nil {
		return q.tx.Tx(frames)
	}
	left := q.borrowed
	left.packets -= int32(len(frames))
	for _, f := range frames {
		left.bytes -= int32(f.Len())
	}
	if left.bytes|left.packets < 0 {
		return q.meter.send(frames)
	}
	q.borrowed = left
	taken := q.tx.Tx(frames)
	if taken < len(frames) {
		q.meter.refused(frames[taken:])
	}
	return taken
}

// sendAny is send for frames of which some may be merged.
func (q *Queue) sendAny(frames []*pmd.Frame) int {
	if q.meter == nil {
		return q.tx.Tx(frames)
	}
	return q.meter.send(frames)
}

// originate sends a frame of the card's own by q. The frame is sent at once, past the
// outbox, because such frames are few and belong to no received burst.
func (w *Worker) originate(q *Queue, f *pmd.Frame) {
	if q == nil || q.tx == nil {
		return
	}
	if len(w.captures) > 0 {
		w.captureOwn(q, f)
	}
	w.single[0] = f
	if q.send(w.single[:]) == 1 {
		q.tally().Originated++
		q.delivered++
	} else if len(w.captures) > 0 {
		w.captureRefused()
	}
}
