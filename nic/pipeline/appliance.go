package pipeline

import (
	"nitrocard/nic/wire"
	"nitrocard/pmd"
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
	// Rx replaces b with frames that the appliance hands on, at most pmd.MaxBurst. The worker
	// calls Rx after a burst that brought frames. An appliance hands on no more frames than
	// it took, and may change the bytes, the start and the length of each.
	Rx(b *pmd.Burst)
}

// maxStops is how many appliances may stand on a packet's way, one after the other.
// Without a bound, two appliances that send to each other would keep the worker for ever.
const maxStops = 8

// AttachAppliance puts an appliance in place, which takes frames of at most longest bytes.
// Call AttachAppliance while the worker stands at the gate, or before the worker has seen
// q. The appliance gets frames from the next Setup on.
func (q *Queue) AttachAppliance(s Appliance, longest int) {
	q.Detach()
	q.tx, q.longest = &entrance{Appliance: s}, longest
	q.SetDown(false)
}

// entrance is a queue's way to an appliance.
type entrance struct {
	Appliance
	waits bool // frames wait in the appliance
}

// Tx hands frames to the appliance.
func (e *entrance) Tx(frames []*pmd.Frame) int {
	taken := e.Appliance.Tx(frames)
	e.waits = e.waits || taken > 0
	return taken
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
			return
		}
	}
	w.visitEach(w.tooManyStops)
}

// visitEach takes a burst from each appliance where frames wait, has run handle the burst,
// and tells whether there was an appliance with frames.
func (w *Worker) visitEach(run func(*guest, []pmd.Frame)) (any bool) {
	for i := range w.stops {
		s := &w.stops[i]
		if !s.waits {
			continue
		}
		w.rx.Merged = 0
		s.Rx(&w.rx)
		n := w.rx.N
		w.ingress, s.waits, any = s.queue, n == pmd.MaxBurst, true
		s.queue.received += uint64(n)
		if n > 0 {
			run(s.guest, w.rx.Frames[:n])
			w.flush()
		}
	}
	return any
}

// tooManyStops drops frames that g's appliance handed on after maxStops.
func (w *Worker) tooManyStops(g *guest, frames []pmd.Frame) {
	for i := range frames {
		p := &w.outward.packets[0]
		p.begin(&frames[i], wire.Out)
		p.guest = g
		w.finish(p, p.refuse(ApplianceLoop))
	}
}
