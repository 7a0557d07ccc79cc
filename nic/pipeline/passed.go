package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// Passed is how much the fast path took through a Translator.
type Passed struct{ In, Out Traffic }

// Traffic is packets, and the bytes of these from the IP header on.
type Traffic struct{ Packets, Bytes uint64 }

// settle is Settle for all stops, which the worker calls now and then.
func (w *Worker) settle() {
	for i := range w.stops {
		w.stops[i].queue.Settle(w.ticks)
	}
}

// Settle counts, at a place and at the Translator there, if there is one, what the fast path
// took through, and tells the Translator the time. Call Settle while the worker stands at the gate,
// before the Translator's counts are read; tick is flow's. Counts needs no Settle.
func (q *Queue) Settle(tick uint64) {
	if q.gate == nil {
		return
	}
	p := &q.gate.passed
	n := p.packets()
	q.delivered += n
	q.received += n
	q.sent += n
	p.In.unframe()
	p.Out.unframe()
	q.gate.translator.Passed(p, tick)
	*p = Passed{}
}

// unframe makes the bytes those of packets, which were those of frames: the fast path counts what it has
// at hand.
func (t *Traffic) unframe() { t.Bytes -= t.Packets * wire.EthernetLen }

// packets are those in both directions.
func (p *Passed) packets() uint64 { return p.In.Packets + p.Out.Packets }

// behindGate is the place of the Translator that the fast path took frame i of the outbox through, which
// was for q; nil if it took it through none. The burst's findings hold until the next burst.
func (w *Worker) behindGate(q *Queue, i uint8) *Queue {
	if len(w.stops) == 0 || w.out.of[i] != nil || q.gate != nil {
		return nil
	}
	for n := range w.rx.Frames[:w.rx.N] {
		if w.out.frames[i] == &w.rx.Frames[n] {
			return w.gateOf(w.fast.at[n])
		}
	}
	return nil
}

// gateOf is the place of the Translator to whose ENI the packets of a connection go that the fast path
// takes on from there; nil if there is none.
func (w *Worker) gateOf(at uint32) *Queue {
	eni := w.flows.Key(at).ENI()
	if w.ingress != w.uplink {
		s := w.flows.Conn(at).Status()
		if s.Flags()&flow.FlagNeighbor == 0 {
			return nil
		}
		eni = s.Exit()
	}
	if q := w.queues[eni]; q != nil && q.gate != nil {
		return q
	}
	return nil
}

// refusedBehind counts a frame that a port refused as sent to the Translator in a place, and not
// sent on from there.
func (w *Worker) refusedBehind(via *Queue) {
	w.ingress.sent++
	via.sent--
	w.ingress = via
}
