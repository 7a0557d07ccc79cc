package nic

import (
	"sync/atomic"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// slot is a place for a port: the uplink's, or one ENI's. It outlives the
// port in it and the policies over it, and keeps their counts.
//
// All but down belongs to the worker.
type slot struct {
	name   string
	number uint32   // of the ENI in the view that the worker has; unused for the uplink
	spec   string   // as Options.OpenPort named the port
	port   pmd.Port // nil: none attached
	open   Opener   // opens it anew after its device went away

	info    pmd.Info    // the port's, as the card last saw it; written with mu held
	longest int         // frame bytes the port carries
	down    atomic.Bool // as the supervisor last saw the link

	rx  pmd.Burst
	out [pmd.MaxBurst]*pmd.Frame // queued for this port during one burst
	of  [pmd.MaxBurst]*packet    // that each is
	n   int

	received   uint64
	ends       [verdicts]uint64 // of the packets received here
	drops      [verdicts]uint64 // by the stages of this ENI, wherever the packet was received
	delivered  uint64           // frames that left here
	originated uint64           // of those, made by the card
}

// Opener opens a port.
type Opener func() (pmd.Port, error)

// attach puts port p in the slot.
func (s *slot) attach(p pmd.Port) {
	s.port = p
	s.info = p.Info()
	s.longest = s.info.MTU + wire.EthernetLen
	s.down.Store(p.Link() != nil)
}

// queue puts p's frame among those that leave by s when the burst ends.
func (s *slot) queue(w *worker, p *packet) {
	if s.n == 0 {
		w.dirty = append(w.dirty, s)
	}
	s.out[s.n], s.of[s.n] = p.frame, p
	s.n++
}

// flush sends what a burst from w.from queued, port by port. What a port
// takes is Sent; what it refuses is dropped.
func (w *worker) flush() {
	for _, s := range w.dirty {
		taken := uint64(s.port.Tx(s.out[:s.n]))
		w.from.ends[Sent] += taken
		s.delivered += taken
		for _, p := range s.of[taken:s.n] {
			w.from.ends[TxFull]++
			s.drops[TxFull]++
			w.note(p, TxFull)
		}
		if w.observe != nil {
			w.tellOf(s, int(taken))
		}
		s.n = 0
	}
	w.dirty = w.dirty[:0]
}

// tellOf shows the observer how the packets queued for s ended, of which the
// port took so many.
func (w *worker) tellOf(s *slot, taken int) {
	for i, p := range s.of[:s.n] {
		if i < taken {
			w.tell(p, Sent)
		} else {
			w.tell(p, TxFull)
		}
	}
}

// originate sends a frame that the card made by s, at once: there are few,
// and they are nobody's received packet.
func (w *worker) originate(s *slot, f *pmd.Frame) {
	if s == nil || s.port == nil {
		return
	}
	w.single[0] = f
	if s.port.Tx(w.single[:]) == 1 {
		s.originated++
		s.delivered++
	}
}
