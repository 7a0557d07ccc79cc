package pipeline

import (
	"math/bits"
	"sync/atomic"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// A packet through a Translator, such as a NAT gateway, is a packet of several connections: of
// the guest that sends it, of the Translator, and of the guest that gets it. The fast path takes
// the packet through all of them at once:
//
//	    guest       Translator and its ENI      guest
//	   ┌──────┐          ┌─────────┐           ┌─────┐
//	──▶│ head │─────────▶│ passage │──────────▶│ end │──▶
//	   └──────┘          └─────────┘           └─────┘
//	                 ▲             into a tunnel, or to the end
//	   by a tunnel, the head is the Translator's ENI's
//
// The head is looked up as that of any packet. The head's trail remembers where look-ups
// found the other parts. A part may have ended, and its place may be another's by now: each
// packet compares the part's key, as a look-up does, with the key that the packet has at that
// part. So nothing that ends or changes a part needs to know of trails.
//
// The packet is judged by what each part holds, and counted on each, as it would be
// if it came to one after the other (TestThroughAsTheStages). What changes a part's state but
// by being heard, and what a part does not know, takes the stages. So do IPv6, NAT64, and
// whatever is not plain.
type trail struct {
	passage, end atomic.Uint32
}

// through is a packet on its way through a Translator.
type through struct {
	*trail
	gate *entrance
	gw   *guest // the Translator's ENI

	length   int      // of the frame without a tunnel
	in, last flow.Key // the packet's at the Translator's ENI, and at the end
	out      flow.Key // … at the Translator's ENI, on the way on
	passage  *Passage
	way      flow.Status // of the passage
	most     int         // bytes of a frame that the way carries
	to       Socket
	outward  bool

	exit exit
	end  *flow.Conn // nil: into a tunnel
	toQ  *Queue     // of the end
}

// throughFrom is passOut for frame i of the burst, of a known connection, if it leads to a
// Translator's ENI, and all parts of the way know the frame.
func (w *Worker) throughFrom(frame *pmd.Frame, i int, eni uint32) bool {
	q, k := w.queues[eni], &w.fast.keys[i]
	if q == nil || q.gate == nil || k.IsIPv6() || w.stepwise {
		return false
	}
	x := through{trail: w.crew.trails.At(w.fast.at[i]), gate: q.gate, gw: &w.guests[eni], length: frame.Len()}
	x.in.Set(eni, k.Proto(), flow.Ends{Local: k.Remote, Remote: k.Local, LocalPort: k.RemotePort, RemotePort: k.LocalPort})
	return w.passThrough(&x, frame, frame.Bytes(), i)
}

// throughBy is passIn for frame i of the burst, of IPv4 in a tunnel and of a known connection
// of a Translator's ENI, if all parts of the way know the frame.
func (w *Worker) throughBy(frame *pmd.Frame, i int, q *Queue) bool {
	k := &w.fast.keys[i]
	x := through{trail: w.crew.trails.At(w.fast.at[i]), gate: q.gate, gw: &w.guests[k.ENI()], length: frame.Len() - wire.OuterLen, in: *k}
	return w.passThrough(&x, frame, frame.Bytes()[wire.OuterLen:], i)
}

// passThrough takes a frame through a Translator, whose part before the passage knows it.
// inner is the frame without a tunnel.
func (w *Worker) passThrough(x *through, frame *pmd.Frame, inner []byte, i int) bool {
	d, p := wire.In, (*wire.Plain)(inner)
	if len(inner) == frame.Len() {
		d = wire.Out
	}
	if p.Flags()&(wire.TCPFin|wire.TCPSyn|wire.TCPRst) != 0 || !w.knows(x) || x.length > x.most {
		return false
	}
	if d == wire.Out && !x.way.Walked(wire.In) || !x.way.Walked(wire.Out) {
		return false
	}
	x.exit = exitOf(x.way)
	if !w.leads(x, frame.Offset()+frame.Len()-len(inner)) {
		return false
	}
	w.tally(w.flows.Conn(w.fast.at[i]), d, inner, i)
	w.tallyParts(x, p)
	if d == wire.In {
		frame.Pull(wire.OuterLen)
	}
	w.sendThrough(x, frame, p)
	return true
}

// manyConnections is more than the caches near a processor hold the parts of.
const manyConnections = 1 << 14

// follow loads the parts that the trails of known frames from the uplink lead to, before the first frame
// needs them: so the processor waits for the parts of many frames at once. Where there are fewer
// connections, the parts are near, and to look ahead takes longer than to wait. So it does for
// frames from guests, whose way has one such part.
func (w *Worker) follow(known uint64) {
	if len(w.stops) == 0 || w.flows.Len() < manyConnections {
		return
	}
	through := uint64(0)
	for ; known != 0; known &= known - 1 {
		i := bits.TrailingZeros64(known) & (pmd.MaxBurst - 1)
		if q := w.queues[w.fast.keys[i].ENI()]; q != nil && q.gate != nil {
			through |= 1 << i
			w.crew.trails.At(w.fast.at[i]).end.Load()
		}
	}
	for ; through != 0; through &= through - 1 {
		i := bits.TrailingZeros64(through) & (pmd.MaxBurst - 1)
		to, t := w.crew.trails.At(w.fast.at[i]), w.queues[w.fast.keys[i].ENI()].gate.passages
		if at := to.passage.Load(); at < uint32(t.Cap()) {
			atomic.LoadUint32(&t.At(at).State)
		}
		w.flows.Conn(to.end.Load()).Status()
	}
}

// recall is the connection of k that a trail leads to, and else the one of a look-up, which
// the trail then leads to. It is nil if no stages of this policy have left a record.
func (w *Worker) recall(at *atomic.Uint32, k *flow.Key) (*flow.Conn, flow.Status) {
	c, s := w.flows.Recall(at.Load(), k, w.epoch)
	if c == nil {
		found, epoch, _ := w.flows.Find(k)
		if epoch != w.epoch {
			return nil, 0
		}
		at.Store(found)
		c, s = w.flows.Recall(found, k, w.epoch)
	}
	return c, s
}

// fromHere tells whether a connection's record speaks for packets that the router brings from a
// guest of this card.
func fromHere(s flow.Status) bool { return s.Walked(wire.In) && s.VTEP() == 0 && !s.OnLink() }

// knows tells whether x's Translator knows a connection of the packet, and finds out what the
// packet gets.
func (w *Worker) knows(x *through) bool {
	t, k := x.gate.passages, &x.in
	key := PassageKey{Src: k.Remote, Dst: k.Local, SrcPort: k.RemotePort, DstPort: k.LocalPort, Kind: KindOf(k.Proto())}
	at, ok := x.trail.passage.Load(), false
	if at < uint32(t.Cap()) {
		ok = x.read(t.At(at), w.epoch) && t.Is(at, &key)
	}
	if !ok {
		if at, ok = t.Find(&key); !ok || !x.read(t.At(at), w.epoch) {
			return false
		}
		x.trail.passage.Store(at)
	}
	if int32(w.tick-atomic.LoadUint32(&x.passage.Seen)) >= passagePause {
		return false
	}
	ends := flow.Ends{Local: k.Remote, Remote: x.to.Addr.As4(), LocalPort: k.RemotePort, RemotePort: x.to.Port}
	if x.outward {
		ends = flow.Ends{Local: x.to.Addr.As4(), Remote: k.Local, LocalPort: x.to.Port, RemotePort: k.LocalPort}
	}
	x.out.Set(x.gw.number, k.Proto(), ends)
	return true
}

// read notes what a passage says; false: the passage has ended, or its packets are the Translator's to
// look at. State comes first (Passage), because the place may be another's by now.
func (x *through) read(p *Passage, epoch uint32) (ok bool) {
	state := atomic.LoadUint32(&p.State)
	if state&(PassageSteady|PassageIPv4) != PassageSteady|PassageIPv4 {
		return false
	}
	x.passage, x.outward, x.way = p, state&PassageOut != 0, p.way(epoch)
	x.most = int(atomic.LoadUint32(&p.Leaves) >> 16)
	x.to, _, ok = p.To()
	return ok
}

// leads tells whether x's exit can take the packet: into a tunnel, for which the packet has so
// many bytes before it, or to another guest, whose part must know the packet.
func (w *Worker) leads(x *through, before int) bool {
	if x.exit.translated() && !x.outward {
		return false
	}
	eni, here := x.exit.neighbor()
	if !here {
		to := w.setup.Policy.Region.Station(x.exit.station())
		return w.underlay.hops[to.VTEP].mac.Load() != unresolved && before >= w.underlay.overhead &&
			w.uplink.carries(x.length+w.underlay.overhead)
	}
	x.toQ = w.queues[eni]
	if x.toQ == nil || x.toQ.gate != nil || !x.toQ.carries(x.length) {
		return false
	}
	x.last.Set(eni, x.out.Proto(), flow.Ends{Local: x.out.Remote, Remote: x.out.Local, LocalPort: x.out.RemotePort, RemotePort: x.out.LocalPort})
	end, s := w.recall(&x.trail.end, &x.last)
	x.end = end
	return end != nil && fromHere(s)
}

// tallyParts counts the packet on all parts of its way but the head, as tally does.
func (w *Worker) tallyParts(x *through, p *wire.Plain) {
	if c := x.end; c != nil {
		c.Packet(wire.In, p.Len(), w.tick)
		if p.Proto() == wire.ProtoTCP {
			c.TCP(wire.In, p.TCPFlags())
		} else {
			c.UDP(wire.In)
		}
	}
	x.passage.Touch(w.tick)
	t := &x.gate.passed.In
	if x.outward {
		t = &x.gate.passed.Out
	}
	t.Packets++
	t.Bytes += uint64(x.length)
}

// sendThrough gives the packet its other end, and puts it into the outbox.
func (w *Worker) sendThrough(x *through, frame *pmd.Frame, p *wire.Plain) {
	addr := x.to.Addr
	if x.exit.translated() {
		addr, _ = x.gw.eni.Published(wire.AddrFrom4(x.out.Local))
	}
	at := wire.PlainDst
	if x.outward {
		at = wire.PlainSrc
	}
	p.SetEnd(at, addr.As4(), x.to.Port)
	eni, here := x.exit.neighbor()
	if here {
		n := &w.guests[eni]
		p.SetStations(&n.mac, &n.router)
		x.toQ.put(w, frame, nil)
		return
	}
	to := w.setup.Policy.Region.Station(x.exit.station())
	p.SetStations(&to.Dst, &to.Src)
	w.enclose(frame, to, w.underlay.hops[to.VTEP].mac.Load(), entropy(&x.out))
	w.uplink.put(w, frame, nil)
}
