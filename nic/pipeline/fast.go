package pipeline

import (
	"math/bits"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// The fast path serves nearly every packet: the plain ones of connections that hold what
// the stages found. A plain frame is a TCP segment or UDP datagram of IPv4 or IPv6 without
// tags, options, extension headers or fragments. The fast path judges nothing: a frame that
// is not plain or not of a known connection stays as it is and takes the stages. For the
// others the fast path does what the stages would do (TestFastPathAsTheStages), in 300
// instructions instead of 830.
//
// Four steps take a burst at once. gather writes the keys of plain frames; LookupBurst
// finds the connections; between compares the addresses of IPv6, of which a key has a
// fingerprint; sweep sends the frames of known connections. On amd64 gather is
// assembly, and so is the part of sweep for packets that change no connection's state.
// The assembly takes half of the instructions of the Go beside it. The Go serves all
// other packets, and all packets on other machines.

// fast is the fast path's working set: the findings about each frame of the burst at
// hand. Bit i of a set of frames stands for frame i.
type fast struct {
	gather
	plain  uint64 // frames that have a key
	keyed  uint64 // frames whose key has a connection, too
	hits   uint64 // frames that have a connection: keyed, and between the same addresses
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
	f, odd := w.gatherIn(frames)
	known := w.lookUp(frames, f, wire.In)
	w.follow(known)
	return w.sweep(nil, frames, known, odd)
}

// fastOut sends the known frames of a burst from g. Bit i of rest says that frames[i] is
// left for the stages.
func (w *Worker) fastOut(g *guest, frames []pmd.Frame) (rest uint64) {
	f, odd := w.gatherOut(g, frames)
	if w.tracksNone(g) {
		w.fast.begin(f, w.flows.Stirs())
		return w.sweep(g, frames, 0, odd)
	}
	return w.sweep(g, frames, w.lookUp(frames, f, wire.Out), odd)
}

// begin is for a burst of which nothing is looked up yet.
func (f *fast) begin(g gathered, stirs uint64) {
	f.plain, f.keyed, f.hits = g.plain, 0, 0
	f.stirs, f.opened = stirs, false
	if f.shut {
		f.plain = 0
	}
}

// lookUp finds the connections of the plain frames of a burst in direction d, and returns
// the frames that have one.
func (w *Worker) lookUp(frames []pmd.Frame, g gathered, d wire.Direction) (hits uint64) {
	f := &w.fast
	f.begin(g, w.flows.Stirs())
	if f.shut {
		return 0
	}
	f.keyed = g.plain & w.flows.LookupBurst(&f.keys, len(frames), &f.at)
	f.hits = f.keyed
	if six := f.keyed & g.six; six != 0 {
		f.hits &^= six &^ f.between(w.flows, frames, six, endsAt[d&1])
	}
	return f.hits
}

// sweep passes on the known frames of a burst from g, or from the uplink if g is nil. odd
// has the marks of the frames that are not plain. Bit i of rest says that frames[i] is left
// for the stages.
//
// No frame may overtake an earlier frame of its connection. So once sweep leaves a frame,
// sweep leaves every later frame with the same mark, which late collects.
func (w *Worker) sweep(g *guest, frames []pmd.Frame, todo, odd uint64) (rest uint64) {
	rest = ^uint64(0) >> (pmd.MaxBurst - len(frames))
	if todo == 0 {
		return rest
	}
	if plain := w.fast.plain; todo != plain || odd != 0 {
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

// tally counts a plain frame, the burst's frame i, on its connection and moves the
// protocol's state, as account does for any packet.
func (w *Worker) tally(c *flow.Conn, d wire.Direction, frame []byte, i int) {
	k := &w.fast.keys[i]
	o := offsetsOf(k)
	size := o.size(frame)
	c.Packet(d, size, w.tick)
	if k.Proto() != wire.ProtoTCP {
		c.UDP(d)
	} else if t := o.segment(frame); t.Flags()&(wire.TCPFin|wire.TCPRst) == 0 || w.flows.Credible(w.fast.at[i], d, t, size) {
		c.TCP(d, t.Flags())
	}
}

// opens tells whether a plain frame with a key is a TCP segment with SYN, which may begin a
// new connection in the place of the old one, and so is left for the stages.
func opens(k *flow.Key, frame []byte) bool {
	return k.Proto() == wire.ProtoTCP && offsetsOf(k).segment(frame).Flags()&wire.TCPSyn != 0
}

// passIn is account and deliver for frame i of the burst, if the frame's connection is
// known as knownInbound says.
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
	inner := frame.Bytes()[wire.OuterLen:]
	if !s.Walked(wire.In) || w.underlay.addrs[s.VTEP()] != t.Src() || opens(k, inner) || !q.carries(frame.Len()-wire.OuterLen) ||
		t.Src() == w.underlay.edge && unpublished(k, t.Inner()) || s.OnLink() && t.Inner().SrcBits() == w.guests[k.ENI()].routerBits {
		return false
	}
	if q.gate != nil && !k.IsIPv6() && !w.stepwise {
		return w.throughBy(frame, i, q) // what the Translator itself sees leaves it later
	}
	if q.gate != nil {
		q.gate.beyond = true
	}
	w.tally(c, wire.In, inner, i)
	if p := t.Inner(); !k.IsIPv6() && k.Local != p.Dst() {
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

// unpublished tells whether a plain packet from the edge may be one that is not published:
// for a private address of IPv4, or for one of IPv6 that is not global.
func unpublished(k *flow.Key, p *wire.Plain) bool {
	if k.IsIPv6() {
		return p[wire.EthernetLen+24] >= 0xfc // the destination's first byte: fc00::/7, fe80::/10 and groups are above
	}
	return p.Dst() == k.Local
}

// passSteady has assembly pass on known frames, from the lowest in todo to the first one
// that the assembly leaves, and returns which were passed on. Where
// somebody is shown each step it passes on none, because the assembly describes no packet; nor does
// the assembly put frames into tunnels over IPv6.
func (w *Worker) passSteady(g *guest, frames []pmd.Frame, todo uint64) (passed uint64) {
	switch {
	case w.stepwise || w.underlay.over6:
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
	s, p, k := c.Status(), (*wire.Plain)(frame.Bytes()), &w.fast.keys[i]
	flags := s.Flags()
	if !s.Walked(wire.Out) || flags&flow.FlagRouted == 0 || p.DstBits() != g.routerBits || opens(k, frame.Bytes()) {
		return false
	}
	if flags&flow.FlagNeighbor != 0 {
		return w.throughFrom(frame, i, s.Exit())
	}
	to := w.setup.Policy.Region.Station(s.Exit())
	hop := w.underlay.hops[to.VTEP].mac.Load()
	if hop == unresolved || frame.Offset() < w.underlay.overhead || frame.Len()-wire.EthernetLen > int(to.MTU) || !w.uplink.carries(frame.Len()+w.underlay.overhead) {
		return false
	}
	w.tally(c, wire.Out, frame.Bytes(), i)
	p.SetStations(&to.Dst, &to.Src)
	if flags&flow.FlagNAT != 0 { // IPv4
		public, _ := g.eni.Published(wire.AddrFrom4(p.Src()))
		p.SetAddr(wire.PlainSrc, public.As4())
	}
	var described *packet
	if w.observe != nil {
		described = w.describe(g, frame, i, w.uplink)
		described.dir, described.exit = wire.Out, exitOf(s)
	}
	w.enclose(frame, to, hop, entropy(k))
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
