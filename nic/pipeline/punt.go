package pipeline

import (
	"sync/atomic"

	"nitrocard/nic/vpc"
	"nitrocard/pmd"
)

// puntSlots is how many frames may wait for the services of the card, and how many of the
// services' frames for a worker. The bound is ours: a service answers in microseconds, and
// an ENI may ask 1,024 times a second.
const puntSlots = 2 * pmd.MaxBurst

// Punt is a worker's way to the services of the card (DHCP, DNS, metadata, time), which
// another thread serves, because services allocate and a worker does not:
//
//	worker ── asked ──▶ services
//	       ◀─ answers ─
//
// The worker copies a guest's frame into a slot of asked, and sends what lies in a slot of
// answers. Each way has one thread that writes and one that reads, so neither has a lock.
type Punt struct {
	asked, answers puntRing
	askers         [puntSlots]uint32 // the ENI's number, by slot of asked; the worker's own
	resting        atomic.Bool       // the services look no more until ring is called
	ring           func()
}

// Punted is a frame for a service, or from one.
type Punted struct {
	ENI    *vpc.OwnENI // that sent the frame, or gets it
	Policy *vpc.Policy // in force when the frame came

	length int
	memory *[pmd.Headroom + pmd.MaxFrame]byte
}

// Frame is the frame: Ethernet without tags, whose bytes the next Done gives away.
func (p *Punted) Frame() []byte { return p.memory[pmd.Headroom : pmd.Headroom+p.length] }

// NewPunt makes a way to services. ring is called by the worker when a frame came and the
// services rest; it must return at once.
func NewPunt(ring func()) *Punt {
	return &Punt{ring: ring, asked: newPuntRing(), answers: newPuntRing()}
}

// First is the frame that waits longest, nil if none waits.
func (t *Punt) First() *Punted { return t.asked.first() }

// Done gives the slot of First away.
func (t *Punt) Done() { t.asked.pop() }

// Rest says that the services look no more until ring is called, and is false if a frame
// came meanwhile.
func (t *Punt) Rest() bool {
	t.resting.Store(true)
	return t.First() == nil
}

// Answer lays down a frame for the guest of an ENI, without a VLAN tag. It is false if the
// frame is too long, or if too many frames wait for the worker. One thread calls Answer.
func (t *Punt) Answer(eni *vpc.OwnENI, frame []byte) bool {
	s := t.answers.free()
	if s == nil || len(frame) > pmd.MaxFrame {
		return false
	}
	s.ENI, s.length = eni, copy(s.memory[pmd.Headroom:], frame)
	t.answers.push()
	return true
}

// puntRing is a way in one direction. Counters of the reader and of the writer lie apart,
// so that the two threads share a cache line only when a frame passes.
type puntRing struct {
	slots []Punted
	read  atomic.Uint32 // slots that were read
	_     [apart]byte
	wrote atomic.Uint32 // slots that were written
	_     [apart]byte
}

func newPuntRing() puntRing { return puntRing{slots: make([]Punted, puntSlots)} }

// free is the slot to write next, nil if all are full. A slot's memory is allocated when the
// slot is written for the first time, and never given back.
func (r *puntRing) free() *Punted {
	n := r.wrote.Load()
	if n-r.read.Load() == puntSlots {
		return nil
	}
	s := &r.slots[n%puntSlots]
	if s.memory == nil {
		s.memory = new([pmd.Headroom + pmd.MaxFrame]byte)
	}
	return s
}

// push hands the slot of free to the reader.
func (r *puntRing) push() { r.wrote.Add(1) }

// first is the slot to read next, nil if all are empty.
func (r *puntRing) first() *Punted {
	n := r.read.Load()
	if n == r.wrote.Load() {
		return nil
	}
	return &r.slots[n%puntSlots]
}

// pop hands the slot of first back to the writer. The slot keeps no policy in memory.
func (r *puntRing) pop() {
	s := r.first()
	s.ENI, s.Policy = nil, nil
	r.read.Add(1)
}

// punt lays a guest's frame down for the services.
func (w *Worker) punt(p *packet) Verdict {
	t := w.services
	if t == nil {
		return LocalServiceAbsent
	}
	frame := p.frame.Bytes()[:p.End]
	s := t.asked.free()
	if s == nil || len(frame) > pmd.MaxFrame || !t.admits(p.guest.number) {
		return LocalServiceBusy
	}
	t.askers[t.asked.wrote.Load()%puntSlots] = p.guest.number
	s.ENI, s.Policy, s.length = p.guest.eni, w.setup.Policy, copy(s.memory[pmd.Headroom:], frame)
	t.asked.push()
	if t.resting.Load() && t.resting.CompareAndSwap(true, false) {
		t.ring()
	}
	return Consumed
}

// admits tells whether an ENI holds fewer slots than are free. So while the services are behind, one ENI that asks
// without end holds half of the slots, two hold a third each, and whoever asks beside them finds room (dynamic
// thresholds, Choudhury and Hahne 1998).
func (t *Punt) admits(eni uint32) bool {
	at, end := t.asked.read.Load(), t.asked.wrote.Load()
	free := puntSlots - (end - at)
	for ; at != end && free > 0; at++ {
		if t.askers[at%puntSlots] == eni {
			free--
		}
	}
	return free > 0
}

// inject sends what services laid down, a burst at most, and returns how many frames
// there were. What is for an ENI that went is dropped: nobody counts it, because no packet
// of a guest is lost.
func (w *Worker) inject() (n int) {
	r := &w.services.answers
	for s := r.first(); s != nil && n < pmd.MaxBurst; s = r.first() {
		if i := s.ENI.Number; int(i) < len(w.queues) && w.queues[i] != nil {
			f := &w.asker.request
			f.Lend(s.memory[:], pmd.Headroom, s.length)
			w.originate(w.queues[i], f)
		}
		r.pop()
		n++
	}
	return n
}

// Answered tells whether a frame of the services waits for the worker.
func (w *Worker) Answered() bool { return w.services != nil && w.services.answers.first() != nil }

// Serve sets the worker's way to services; nil: there are none. Call Serve while the worker
// stands at the gate, or before it polls.
func (w *Worker) Serve(t *Punt) { w.services = t }
