package pipeline

import (
	"sync/atomic"

	"nitrocard/nic/vpc"
	"nitrocard/pmd"
)

// Scope says which packets a capture takes.
type Scope struct {
	ENI     string // ID of the only ENI: what it sends or gets, and what its stages drop; "": all packets
	Dropped bool   // only packets that are dropped
	Snap    int    // how many bytes of a packet are kept, from the Ethernet header on
}

// Record is a packet that a capture took: as it came, as it was to leave, or, if no Record has
// it as it came, as it was when it was dropped.
type Record struct {
	Drop            // what became of the packet, and why; the Verdict tells whether it was dropped
	Rule   vpc.Rule // that let it pass the groups of its ENI; the zero Rule: none did, or none is known
	Egress vpc.Rule // the sender's rule, where both sides are guests of this card
	Out    bool     // it is shown as it was to leave
	Own    bool     // it began here: a question or an answer of the card's
	Bare   bool     // it came in a tunnel, which is gone
	Waits  bool     // it is not sent yet, for its instance is over an allowance
	Length int      // of the frame
	Data   []byte   // the frame's first bytes, until Done

	to       *nameplate // of the place that it left by, or was to leave by
	released uint64     // bytes of the ring that are free once the Record is done
}

// Port is the name of the place that received the packet; "": the card made it.
func (r *Record) Port() string { return nameOf(r.port) }

// To is the name of the place that the packet left by, or was to leave by; "" if there was none.
func (r *Record) To() string { return nameOf(r.to) }

// Interface is the name of the place where the packet is seen.
func (r *Record) Interface() string {
	if r.Out {
		return r.To()
	}
	return r.Port()
}

// nameOf is the name of a place, "" for none.
func nameOf(n *nameplate) string {
	if n == nil {
		return ""
	}
	return n.name
}

// CaptureRecords and captureBytes are how much a worker may be ahead of the reader of a capture.
// The bounds are ours: a worker that sends 10 million packets a second fills the records in 400 µs,
// and a guest that sends 10 Gbit/s fills the bytes in 3 ms.
const (
	CaptureRecords = 4096
	captureBytes   = 4 << 20
)

// Capture is a worker's part of a capture: a ring of records that the worker writes, and that one
// other thread reads. What finds no room is lost, and counted: the worker never waits.
type Capture struct {
	Scope
	slots []Record
	bytes []byte

	read  atomic.Uint64 // records that were read
	freed atomic.Uint64 // bytes that these took, and those that the ring's end wasted
	_     [apart]byte
	wrote atomic.Uint64 // records that may be read
	Lost  atomic.Uint64 // packets
	_     [apart]byte

	// The worker's own.
	laid, used uint64                // records and bytes that were written
	came, left [pmd.MaxBurst]*Record // of the frames of the burst and of the outbox, by index; nil: not taken
	missed     uint64                // frames of the burst, by index, that came and found no room
	own        *Record               // the latest of a frame of the card's own; nil: not taken
	queue      *Queue                // of Scope.ENI; nil: it is not here, or none is named
	number     uint32                // of Scope.ENI, if queue is not nil

	losses atomic.Pointer[losses] // nil before Worker.Capture
}

// NewCapture is a part that takes nothing before Worker.Capture.
func NewCapture(s Scope) *Capture {
	return &Capture{Scope: s, slots: make([]Record, CaptureRecords), bytes: make([]byte, captureBytes)}
}

// First is the record that waits longest, nil if none waits. Its Data are the ring's.
func (c *Capture) First() *Record {
	n := c.read.Load()
	if n == c.wrote.Load() {
		return nil
	}
	return &c.slots[n%CaptureRecords]
}

// Done gives the record of First back.
func (c *Capture) Done() {
	r := c.First()
	released := r.released
	*r = Record{} // which keeps no policy in memory
	c.freed.Store(released)
	c.read.Add(1)
}

// lay is a record with a copy of a frame's first bytes, nil if there is no room.
func (c *Capture) lay(frame []byte) *Record {
	n, start := min(len(frame), c.Snap), c.used
	if left := captureBytes - int(start%captureBytes); left < n {
		start += uint64(left)
	}
	if c.laid-c.read.Load() == CaptureRecords || start+uint64(n)-c.freed.Load() > captureBytes {
		return nil
	}
	r := &c.slots[c.laid%CaptureRecords]
	data := c.bytes[start%captureBytes:]
	*r = Record{Length: len(frame), Data: data[:copy(data[:n:n], frame)], released: start + uint64(n)}
	c.laid++
	c.used = r.released
	return r
}

// publish has the reader see what was laid down, and begins a new burst.
func (c *Capture) publish() {
	c.missed = 0
	if c.laid != c.wrote.Load() {
		c.wrote.Store(c.laid)
		clear(c.came[:])
		clear(c.left[:])
	}
}

// lose counts a packet at a place that found no room.
func (c *Capture) lose(w *Worker, q *Queue) {
	at := lostAtUplink
	if q == w.internet && q != nil {
		at = lostAtInternet
	} else if g := w.behind(q); g != nil {
		at = lostAtENIs + int(g.number)
	}
	c.losses.Load().n[at].Add(1)
	c.Lost.Add(1)
}

// LostAt is how many packets were lost, by the name of the place.
func (c *Capture) LostAt() map[string]uint64 { return c.losses.Load().all() }

// settle takes up a worker's setup, whose ENIs have other numbers.
func (c *Capture) settle(w *Worker) {
	c.losses.Store(c.losses.Load().follow(w))
	c.queue = nil
	for i, q := range w.queues {
		if q != nil && c.ENI != "" && q.Name() == c.ENI {
			c.queue, c.number = q, uint32(i)
		}
	}
}
