package pipeline

import (
	"encoding/binary"
	"math/bits"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// The fast path serves nearly every packet: a TCP segment or UDP datagram
// without tags, options or fragments, of a connection that holds what the
// stages found. It describes no packet and decides nothing: what it is not
// sure of it leaves for the stages, untouched. It does what they would do
// (TestFastPathAsTheStages), in 300 instructions instead of 830.
//
// Three steps take a burst at once: gather makes keys of plain frames, the
// connection table looks all up, and the sweep passes on what is known. On
// amd64 the first is assembly, and so is the last for packets that change no
// connection's state: in half of the instructions that the compiler makes of
// the Go beside it, which serves all other packets and machines.

// fast is the fast path's working set: what it found out about each frame of
// the burst at hand.
type fast struct {
	gather
	plain, hits uint64 // frames that have a key, and of those the ones that have a connection
	stirs       uint64 // the table's before it was asked
	opened      bool   // the stages have opened a connection since

	seen *seen // what an observer is shown; nil without one
	shut bool  // every packet takes the stages: a test compares
}

// seen are the packets of a burst as an observer is shown them.
type seen [pmd.MaxBurst]packet

// forget lets go of an older view.
func (f *fast) forget() {
	if f.seen != nil {
		*f.seen = seen{}
	}
}

// fastIn delivers what it can of a burst from the uplink. Bit i of rest says
// that frames[i] is left.
func (w *Worker) fastIn(frames []pmd.Frame) (rest uint64) {
	plain, odd := w.gatherIn(frames)
	return w.sweep(nil, frames, plain, odd)
}

// fastOut sends what it can of a burst from g. Bit i of rest says that
// frames[i] is left.
func (w *Worker) fastOut(g *guest, frames []pmd.Frame) (rest uint64) {
	plain, odd := w.gatherOut(g, frames)
	return w.sweep(g, frames, plain, odd)
}

// sweep passes on what it can of a burst from g, or from the uplink where g is
// nil. Bit i of plain says that frames[i] has a key; odd has the marks of
// those that are not plain.
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

// ahead are the known ones of a burst's plain frames that overtake no earlier
// packet of their connection: none that is not plain and has a mark in odd, and
// none of the plain ones that are left before it.
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

// mark is one of 64 bits, always the same for a connection.
func (f *fast) mark(i int) uint64 {
	k := &f.keys[i&(tables.Burst-1)]
	return 1 << ((k.Remote ^ uint32(k.RemotePort)<<16 ^ uint32(k.LocalPort) ^ k.Who) * 0x9e3779b9 >> 26)
}

// remoteMark is such a bit for a remote address: all that is known of frames
// that are not plain, such as fragments and short datagrams. With a VLAN tag or
// options outside, the bit is another: no sender tags some packets of a
// connection and not the others.
func remoteMark(addr uint32) uint64 { return 1 << (addr * 0x9e3779b9 >> 26) }

// Where the remote address is: the sender's in a tunnel, and the receiver's of
// what a guest sends.
const (
	remoteInAt  = wire.OuterLen + wire.EthernetLen + 12
	remoteOutAt = wire.EthernetLen + 16
)

// remoteOf is the mark of the address at an offset of a frame.
func remoteOf(frame []byte, at int) uint64 {
	if len(frame) < at+4 {
		return 0
	}
	return remoteMark(binary.BigEndian.Uint32(frame[at:]))
}

// tally is account for a plain packet.
func (w *Worker) tally(c *flow.Conn, d wire.Direction, p *wire.Plain) {
	c.Packet(d, p.Len(), w.tick)
	if p.Proto() == wire.ProtoTCP {
		c.TCP(d, p.TCPFlags())
	} else {
		c.UDP(d)
	}
}

// passIn is account and deliver for frame i of the burst, if its connection
// holds all there is to know. A SYN may ask for a new one in its place. See
// knownInbound. It is not inlined, or what it calls would not be: the profile
// reaches one level deep.
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
		t.Src() == w.underlay.edge && p.Dst() == k.Local {
		return false
	}
	w.tally(c, wire.In, p)
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

// passSteady passes on known frames from the lowest in todo on, as far as there
// is assembly for it, and returns which. An observer sees none of them change.
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

// putIn puts frames among those that leave to their guests. It is not inlined,
// as passIn.
//
//go:noinline
func (w *Worker) putIn(frames []pmd.Frame, passed uint64) {
	for ; passed != 0; passed &= passed - 1 {
		i := bits.TrailingZeros64(passed) & (pmd.MaxBurst - 1)
		w.queues[w.fast.keys[i].Who&flow.WhoENI].put(w, &frames[i], nil)
	}
}

// passOut is account and forward for frame i of the burst, if its connection
// leads to the uplink and holds all there is to know. See knownOutbound.
// Not inlined, as passIn.
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
	to := w.view.Policy.Region.Station(s.Path())
	hop := w.underlay.hops[to.VTEP].mac.Load()
	if hop == unresolved || frame.Offset() < wire.OuterLen || !w.uplink.carries(frame.Len()+wire.OuterLen) {
		return false
	}
	w.tally(c, wire.Out, p)
	p.SetStations(&to.Dst, &to.Src)
	if flags&flow.FlagNAT != 0 {
		p.SetAddr(wire.PlainSrc, g.eni.PublicOf(wire.AddrFrom4(p.Src())).As4())
	}
	var described *packet
	if w.observe != nil {
		described = w.describe(g, frame, i, w.uplink)
	}
	w.wrap(frame.Push(wire.OuterLen), to, hop, entropy(&w.fast.keys[i]))
	w.uplink.put(w, frame, described)
	return true
}

// describe is frame i of the burst as a packet of g's that leaves by q, for an
// observer.
func (w *Worker) describe(g *guest, frame *pmd.Frame, i int, q *Queue) *packet {
	at := w.fast.at[i]
	p := &w.fast.seen[i]
	*p = packet{frame: frame, guest: g, conn: w.flows.Conn(at), at: at, found: found{allowed: true}, to: q}
	wire.Parse(frame.Bytes(), &p.Headers)
	return p
}
