package pipeline

import (
	"encoding/binary"
	"math/bits"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// The fast path serves nearly every packet: the plain ones of connections that hold what
// the stages found. A plain frame is a TCP segment or UDP datagram without tags, options
// or fragments. The fast path judges nothing: a frame that is not plain or not of a known
// connection stays as it is and takes the stages. For the others the fast path does what
// the stages would do (TestFastPathAsTheStages), in 300 instructions instead of 830.
//
// Three steps take a burst at once. gather writes the keys of plain frames; LookupBurst
// finds the connections; sweep sends the frames of known connections. On amd64 gather is
// assembly, and so is the part of sweep for packets that change no connection's state.
// The assembly takes half of the instructions of the Go beside it. The Go serves all
// other packets, and all packets on other machines.

// fast is the fast path's working set: the findings about each frame of the burst at
// hand. Bit i of a set of frames stands for frame i.
type fast struct {
	gather
	plain  uint64 // frames that have a key
	hits   uint64 // frames that have a connection, too
	stirs  uint64 // flow.Table.Stirs before the look-up
	opened bool   // the stages have opened a connection since the look-up

	seen *seen // scratch to describe frames for an observer; nil without an observer
	shut bool  // every packet takes the stages: for tests that compare
}

// seen are the packets of a burst, described for an observer.
type seen [pmd.MaxBurst]packet

// forget drops the pointers to an older setup, which would keep the setup in memory.
func (f *fast) forget() {
	if f.seen != nil {
		*f.seen = seen{}
	}
}

// fastIn delivers the known frames of a burst from the uplink. Bit i of rest says that
// frames[i] is left for the stages.
func (w *Worker) fastIn(frames []pmd.Frame) (rest uint64) {
	plain, odd := w.gatherIn(frames)
	return w.sweep(nil, frames, plain, odd)
}

// fastOut sends the known frames of a burst from g. Bit i of rest says that frames[i] is
// left for the stages.
func (w *Worker) fastOut(g *guest, frames []pmd.Frame) (rest uint64) {
	plain, odd := w.gatherOut(g, frames)
	return w.sweep(g, frames, plain, odd)
}

// sweep passes on the known frames of a burst from g, or from the uplink if g is nil.
// Bit i of plain says that frames[i] has a key. odd has the marks of the frames that are
// not plain. Bit i of rest says that frames[i] is left for the stages.
//
// No frame may overtake an earlier frame of its connection. So once sweep leaves a frame,
// sweep leaves every later frame with the same mark, which late collects.
func (w *Worker) sweep(g *guest, frames []pmd.Frame, plain, odd uint64) (rest uint64) {
	rest = ^uint64(0) >> (pmd.MaxBurst - len(frames))
	if w.fast.shut {
		w.fast.plain, w.fast.hits = 0, 0
		return rest
	}
	w.fast.stirs, w.fast.opened = w.flows.Stirs(), false
	todo := plain & w.flows.LookupBurst(&w.fast.keys, len(frames), &w.fast.at)
	w.fast.plain, w.fast.hits = plain, todo
	if todo != plain || odd != 0 {
		todo = w.fast.ahead(plain, todo, odd)
	}
	for late := uint64(0); todo != 0; {
		if late == 0 {
			steady := w.passSteady(g, frames, todo)
			rest, todo = rest&^steady, todo&^steady
			if todo == 0 {
				break
			}
		}
		i := bits.TrailingZeros64(todo) & (pmd.MaxBurst - 1)
		todo &= todo - 1
		mark := w.fast.mark(i)
		if late&mark == 0 && w.pass(g, &frames[i], i) {
			rest &^= 1 << i
		} else {
			late |= mark
		}
	}
	return rest
}

// pass is passIn or passOut.
func (w *Worker) pass(g *guest, frame *pmd.Frame, i int) bool {
	if g == nil {
		return w.passIn(frame, i)
	}
	return w.passOut(g, frame, i)
}

// ahead are the known frames that the fast path may take before the rest of the burst
// without reordering a connection. A known frame must wait in two cases: an earlier plain
// frame with the same mark waits or is unknown; or a frame that is not plain has the mark
// of the known frame's remote address in odd.
func (f *fast) ahead(plain, known, odd uint64) (ahead uint64) {
	for late := uint64(0); plain != 0; plain &= plain - 1 {
		i := bits.TrailingZeros64(plain) & (tables.Burst - 1)
		mark := f.mark(i)
		if known&(1<<i) != 0 && late&mark|odd&remoteMark(f.keys[i].Remote) == 0 {
			ahead |= 1 << i
		} else {
			late |= mark
		}
	}
	return ahead
}

// mark is the bit, one of 64, by which sweep tells connections apart. All packets of a
// connection have the same mark. Two connections may share a mark; a frame then waits
// without need, and no frame overtakes another.
func (f *fast) mark(i int) uint64 {
	k := &f.keys[i&(tables.Burst-1)]
	return 1 << ((k.Remote ^ uint32(k.RemotePort)<<16 ^ uint32(k.LocalPort) ^ k.Who) * 0x9e3779b9 >> 26)
}

// remoteMark is one of 64 bits for a remote address, which a frame that is not plain,
// such as a fragment, has at the same offset as a plain one. A VLAN tag or IPv4 options
// of the outer header shift the address, and the bit is then a wrong one. That is
// harmless: no sender tags some packets of a connection and not the others.
func remoteMark(addr uint32) uint64 { return 1 << (addr * 0x9e3779b9 >> 26) }

// The offsets of the remote address: the inner source in a tunnel, and the destination
// in a frame from a guest.
const (
	remoteInAt  = wire.OuterLen + wire.EthernetLen + 12
	remoteOutAt = wire.EthernetLen + 16
)

// remoteOf is the remoteMark of the address at an offset of a frame, 0 if the frame ends
// before.
func remoteOf(frame []byte, at int) uint64 {
	if len(frame) < at+4 {
		return 0
	}
	return remoteMark(binary.BigEndian.Uint32(frame[at:]))
}

// tally counts plain frame i of the burst on its connection and moves the protocol's
// state, as account does for any packet.
func (w *Worker) tally(c *flow.Conn, d wire.Direction, p *wire.Plain, i int) {
	c.Packet(d, p.Len(), w.tick)
	if p.Proto() != wire.ProtoTCP {
		c.UDP(d)
	} else if f := p.TCPFlags(); f&(wire.TCPFin|wire.TCPRst) == 0 || w.flows.Credible(w.fast.at[i], d, p.TCP(), p.Len()) {
		c.TCP(d, f)
	}
}

// passIn is account and deliver for frame i of the burst, if the frame's connection is
// known as knownInbound says. A SYN is left for the stages, because it may begin a new
// connection in the place of the old one.
//
// noinline: the profile makes the compiler inline calls out of a hot function, but only
// one level deep. If passIn were inlined, the functions that passIn calls would not be.
//
//go:noinline
func (w *Worker) passIn(frame *pmd.Frame, i int) bool {
	k := &w.fast.keys[i]
	c, q := w.flows.Conn(w.fast.at[i]), w.queues[k.ENI()]
	if !c.Under(w.epoch) {
		return false
	}
	s, t := c.Status(), (*wire.Tunnel)(frame.Bytes())
	p := t.Inner()
	if !s.Walked(wire.In) || w.underlay.addrs[s.VTEP()] != t.Src() || p.Flags()&wire.TCPSyn != 0 || !q.carries(frame.Len()-wire.OuterLen) ||
		t.Src() == w.underlay.edge && p.Dst() == k.Local || s.OnLink() && p.SrcBits() == w.guests[k.ENI()].routerBits {
		return false
	}
	w.tally(c, wire.In, p, i)
	if k.Local != p.Dst() {
		p.SetAddr(wire.PlainDst, k.Local)
	}
	frame.Pull(wire.OuterLen)
	var described *packet
	if w.observe != nil {
		described = w.describe(&w.guests[k.ENI()], frame, i, q)
	}
	q.put(w, frame, described)
	return true
}

// passSteady has assembly pass on known frames, from the lowest in todo to the first one
// that the assembly leaves, and returns which were passed on. With an observer it passes
// on none, because the assembly describes no packet.
func (w *Worker) passSteady(g *guest, frames []pmd.Frame, todo uint64) (passed uint64) {
	switch {
	case w.observe != nil:
		return 0
	case g == nil:
		passed = w.steadyIn(frames, todo)
		w.putIn(frames, passed)
	default:
		passed = w.steadyOut(g, frames, todo)
		w.uplink.putAll(w, frames, passed)
	}
	return passed
}

// putIn puts frames into the outbox, each for its guest. noinline as passIn.
//
//go:noinline
func (w *Worker) putIn(frames []pmd.Frame, passed uint64) {
	for ; passed != 0; passed &= passed - 1 {
		i := bits.TrailingZeros64(passed) & (pmd.MaxBurst - 1)
		w.queues[w.fast.keys[i].Who&flow.WhoENI].put(w, &frames[i], nil)
	}
}

// passOut is account and forward for frame i of the burst, if the frame's connection is
// known as knownOutbound says and leads by the router into a tunnel. noinline as passIn.
//
//go:noinline
func (w *Worker) passOut(g *guest, frame *pmd.Frame, i int) bool {
	c := w.flows.Conn(w.fast.at[i])
	if !c.Under(w.epoch) {
		return false
	}
	s, p := c.Status(), (*wire.Plain)(frame.Bytes())
	flags := s.Flags()
	if !s.Walked(wire.Out) || flags&(flow.FlagNeighbor|flow.FlagRouted) != flow.FlagRouted || p.DstBits() != g.routerBits || p.Flags()&wire.TCPSyn != 0 {
		return false
	}
	to := w.setup.Policy.Region.Station(s.Exit())
	hop := w.underlay.hops[to.VTEP].mac.Load()
	if hop == unresolved || frame.Offset() < wire.OuterLen || frame.Len()-wire.EthernetLen > int(to.MTU) || !w.uplink.carries(frame.Len()+wire.OuterLen) {
		return false
	}
	w.tally(c, wire.Out, p, i)
	p.SetStations(&to.Dst, &to.Src)
	if flags&flow.FlagNAT != 0 {
		public, _ := g.eni.Published(wire.AddrFrom4(p.Src()))
		p.SetAddr(wire.PlainSrc, public.As4())
	}
	var described *packet
	if w.observe != nil {
		described = w.describe(g, frame, i, w.uplink)
		described.dir, described.exit = wire.Out, exitOf(s)
	}
	w.wrap(frame.Push(wire.OuterLen), to, hop, entropy(&w.fast.keys[i]))
	w.uplink.put(w, frame, described)
	return true
}

// describe is the packet of frame i of the burst, in the stages of g and leaving by q,
// for an observer.
func (w *Worker) describe(g *guest, frame *pmd.Frame, i int, q *Queue) *packet {
	at := w.fast.at[i]
	p := &w.fast.seen[i]
	*p = packet{frame: frame, guest: g, conn: w.flows.Conn(at), at: at, found: found{allowed: true}, to: q}
	wire.Parse(frame.Bytes(), &p.Headers)
	return p
}
