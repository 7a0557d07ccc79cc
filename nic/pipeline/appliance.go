package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// Appliance is a part of the card, such as a NAT gateway, that sits behind an ENI and
// takes frames in a port's place. An appliance is a guest like any other: the frames that an
// appliance sends pass all stages of its ENI, the check of the source MAC first. Each
// worker has an appliance of its own for the ENI, and calls both methods.
type Appliance interface {
	// Tx hands frames to the appliance and returns how many the appliance took. The appliance
	// copies the Frames that it took; their bytes belong to the port that lent them, and
	// stay lent until the last Rx of the same turn.
	Tx(frames []*pmd.Frame) int
	// Rx replaces b with frames that the appliance took, at most pmd.MaxBurst, and says in ends
	// what becomes of each: a frame that is Sent is handed on, and any other verdict drops the
	// frame. The worker calls Rx after a burst that brought frames. An appliance hands on
	// no more frames than it took, and may change the bytes, the start and the length of each.
	Rx(b *pmd.Burst, ends *[pmd.MaxBurst]Verdict)
}

// maxStops is how many appliances may stand on a packet's way, one after the other.
// Without a bound, two appliances that send to each other would keep the worker for ever.
const maxStops = 8

// AttachAppliance puts an appliance in place, which takes frames of at most longest bytes.
// Call AttachAppliance while the worker stands at the gate, or before the worker has seen
// q. The appliance gets frames from the next Setup on.
func (q *Queue) AttachAppliance(s Appliance, longest int) {
	q.Detach()
	e := &entrance{Appliance: s}
	if t, is := s.(Translator); is {
		e.open(t)
		q.gate = e
	}
	q.tx, q.longest, q.merged = e, int32(longest), true
	q.SetDown(false)
}

// Appliance is the appliance in place, nil if there is none.
func (q *Queue) Appliance() Appliance {
	if e, is := q.tx.(*entrance); is {
		return e.Appliance
	}
	return nil
}

// entrance is a queue's way to an appliance.
type entrance struct {
	Appliance
	waits  bool    // frames wait in the appliance
	beyond bool    // … of which some came by a tunnel, or from inside the ENI's subnet
	taken  *bool   // Worker.taken
	pieces *pieces // the worker's; nil: no frame came in pieces since the last visit

	// Of a Translator: what the fast path needs to take packets through, and took in this burst.
	translator Translator
	passages   *tables.Cuckoo[PassageKey, Passage]
	first      *PassageKey // of passages, for assembly
	room       uint32      // of passages
	most       int32       // bytes of a packet that the Translator's ENI takes, in the setup in force
	passed     Passed      // with the bytes of frames, until Settle
}

// Tx hands frames to the appliance.
func (e *entrance) Tx(frames []*pmd.Frame) int {
	if e.taken == nil {
		return 0 // attached, and no worker's before the next Setup is in force
	}
	taken := e.Appliance.Tx(frames)
	if taken > 0 {
		e.waits, *e.taken = true, true
	}
	return taken
}

// open lets the fast path take packets through a Translator.
func (e *entrance) open(t Translator) {
	e.translator, e.passages = t, t.Passages()
	e.first, e.room = e.passages.Key(0), uint32(e.passages.Cap())
}

// serve has the stop be w's, and notes what the way to the stop's ENI, and from there on, carries.
func (s *stop) serve(w *Worker) {
	s.taken = &w.taken
	most := min(int(s.guest.mtu), int(s.queue.longest)-wire.EthernetLen)
	if s.guest.across {
		most = min(most, int(vpc.AcrossMTU)) // fits asks for the way of longer ones
	}
	s.most = int32(most)
}

// stop is an appliance of this card, with its queue and its ENI.
type stop struct {
	*entrance
	queue *Queue
	guest *guest
}

// addStop makes the appliance behind g, if there is one, a stop of the worker's.
func (s *part) addStop(q *Queue, g *guest) {
	if e, is := q.tx.(*entrance); is {
		s.stops = append(s.stops, stop{e, q, g})
	}
}

// visit runs the frames that a burst delivered to appliances, from appliance to appliance,
// until every packet has left the card or ended. The burst's port still lends the frames'
// bytes.
func (w *Worker) visit() {
	for range maxStops {
		if !w.visitEach(w.fromGuest) {
			break
		}
	}
	w.visitEach(w.tooManyStops)
	for i := range w.stops {
		w.giveBack(w.stops[i].entrance)
	}
	w.taken = false
}

// visitEach takes a burst from each appliance where frames wait, has run handle the burst,
// and tells whether there was an appliance with frames.
func (w *Worker) visitEach(run func(*guest, []pmd.Frame)) (any bool) {
	for i := range w.stops {
		s := &w.stops[i]
		if !s.waits {
			continue
		}
		s.Rx(&w.rx, &w.ends)
		w.ingress, s.waits, any = s.queue, w.rx.N == pmd.MaxBurst, true
		if n := w.dropEnded(s.guest); n > 0 {
			if len(w.captures) > 0 {
				w.captureCame(s.queue, w.rx.Frames[:n])
			}
			run(s.guest, w.rx.Frames[:n])
			w.flush()
		}
		s.beyond = false
	}
	return any
}

// dropEnded drops the frames of the burst that the appliance behind g does not hand on, moves the
// others to the front, and returns how many those are.
func (w *Worker) dropEnded(g *guest) (n int) {
	w.rx.Merged = 0
	for i := range w.rx.N {
		f := &w.rx.Frames[i]
		w.ingress.received += uint64(f.Packets())
		if v := w.ends[i]; v != Sent {
			w.dropAt(g, f, v)
			continue
		}
		if f.Merged() {
			w.rx.Merged |= 1 << n
		}
		if n != i {
			w.rx.Frames[n] = *f
		}
		n++
	}
	return n
}

// dropAt drops a frame that left the appliance behind g.
func (w *Worker) dropAt(g *guest, f *pmd.Frame, v Verdict) {
	p := &w.outward.packets[0]
	p.begin(f, wire.Out)
	p.guest = g
	w.finish(p, p.refuse(v))
}

// tooManyStops drops frames that g's appliance handed on after maxStops.
func (w *Worker) tooManyStops(g *guest, frames []pmd.Frame) {
	for i := range frames {
		w.dropAt(g, &frames[i], ApplianceLoop)
	}
}
