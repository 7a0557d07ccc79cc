package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// tellBudget is how many packets of one sender the card tells of in a tick of package flow: 950 a
// second at each worker. The bound is ours.
const tellBudget = 64

// tellings count what senders were told in a tick. A secret hash gives each sender a counter, another one in
// each tick: so the memory stays the same however many senders there are, and two of them share a counter for
// a tick at most.
type tellings struct {
	tick uint32
	n    [1 << 10]uint8
}

// teller is a sender that has a budget of its own.
type teller struct {
	eni uint32    // that sends; if it is beyond a tunnel, that receives
	who wire.Addr // of those that send by the ENI, a Net80 lest one is many; zero: all of them together
}

// strangers are whoever sends to an edge. The addresses there may be forged, so all senders have one
// budget.
var strangers = teller{eni: flow.WhoENI}

// mayTell counts an answer in a sender's budget, if there is room.
func (w *Worker) mayTell(t teller) bool {
	if w.told.tick != w.tick {
		w.told = tellings{tick: w.tick}
	}
	at := wire.Tuple{Src: t.who, Dst: wire.AddrFrom4(t.eni), SrcPort: uint16(w.tick), DstPort: uint16(w.tick >> 16)}
	n := &w.told.n[int(w.crew.spread.of(&at))%len(w.told.n)]
	if *n == tellBudget {
		return false
	}
	*n++
	return true
}

// tellerOf is who is told of p. Hosts behind a NAT gateway that send by the gateway's ENI have a
// budget each.
func (w *Worker) tellerOf(p *packet) teller {
	sender := p
	if p.egress != nil {
		sender = p.egress
	}
	t := teller{eni: sender.guest.number}
	switch q := w.queues[t.eni]; {
	case sender.dir == wire.In && p.byExit == nil && !w.fromEdge(p):
		t.who = p.Src.Net80()
	case sender.dir == wire.Out && q != nil && q.gate != nil:
		t.who = q.gate.translator.Inside(&sender.Headers).Net80()
	}
	return t
}
