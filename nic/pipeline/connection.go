package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// adopted takes over what the fast path found out about frame i: its ENI, its
// key and its connection are those of the next packet in b.
func (w *Worker) adopted(b *burst, i int) {
	p, k := &b.packets[b.n], &w.fast.keys[i]
	p.key, p.guest, p.conn = *k, &w.guests[k.ENI()], nil
	p.looked, p.missed = true, w.fast.hits&(1<<i) == 0
	if !p.missed {
		p.at = w.fast.at[i]
		p.conn = w.flows.Conn(p.at)
	}
	b.n++
	b.looked++
}

// findConnections looks up the connection of every packet in b, unless the
// fast path did.
func (w *Worker) findConnections(b *burst) {
	if b.looked == b.n {
		return
	}
	for i := range b.n {
		if p := &b.packets[i]; p.looked {
			b.keys[i] = p.key
		}
	}
	hits := w.flows.LookupBurst(&b.keys, b.n, &b.at)
	for i := range b.n {
		p := &b.packets[i]
		p.key, p.conn = b.keys[i], nil
		if hits&(1<<i) != 0 {
			p.at = b.at[i]
			p.conn = w.flows.Conn(p.at)
		}
	}
}

// keyIn writes the key of a packet for a guest. A public destination becomes
// the private address behind it, so that both directions make one key.
func (w *Worker) keyIn(p *packet, k *flow.Key) {
	k.Pack(p.guest.number, wire.In, p.guest.privateOf(p.Dst), &p.Headers)
}

// keyOut writes the key of a packet from a guest.
func (w *Worker) keyOut(p *packet, k *flow.Key) {
	k.Pack(p.guest.number, wire.Out, p.Src, &p.Headers)
}

// knownInbound tells whether a connection already holds what the stages would
// find: same policy, this direction walked before, and from the same tunnel
// end. The first fragment of a datagram takes the stages in any case, to leave
// a trace for the others.
func (w *Worker) knownInbound(p *packet) bool {
	c := p.conn
	if c == nil || !c.Under(w.epoch) || p.Frag == wire.FirstFragment {
		return false
	}
	s := c.Status()
	return s.Walked(wire.In) && w.underlay.addrs[s.VTEP()] == p.peer.As4() && !w.unpublished(p) && !w.asksAnew(p)
}

// knownOutbound is knownInbound's twin. Instead of where the packet comes from
// it checks where the guest sends it: to the router or straight to the
// neighbor, as the connection's first packet. It notes the way out.
func (w *Worker) knownOutbound(p *packet) bool {
	c := p.conn
	if c == nil || !c.Under(w.epoch) || p.Frag == wire.FirstFragment || p.Tagged {
		return false
	}
	s := c.Status()
	x := exitOf(s)
	known := s.Walked(wire.Out) &&
		x.routed() == (p.ethernet().DstBits() == p.guest.routerBits) &&
		(x.routed() || p.ethernet().Dst() == w.nextMAC(x)) &&
		!w.asksAnew(p)
	if known {
		p.exit = x
	}
	return known
}

// asksAnew tells whether p may ask for more than its connection was allowed for:
// a SYN, which may begin another, or an ICMP query with another code than the
// first, which rules tell apart. The code of an answer is the answerer's.
func (w *Worker) asksAnew(p *packet) bool { return p.begins() || w.asksElse(p) }

// asksElse tells whether p is an ICMP query with another code than the first of
// the connection at p.at.
func (w *Worker) asksElse(p *packet) bool { return p.queries() && w.flows.First(p.at) != p.first() }

// replaces tells whether p begins another connection than the one at p.at.
func (w *Worker) replaces(p *packet) bool {
	return p.begins() && w.flows.Begins(p.at, p.dir, p.first())
}

// begins tells whether p alone says that its sender opens a TCP connection.
func (p *packet) begins() bool {
	return p.Proto == wire.ProtoTCP && p.Flags&(wire.TCPSyn|wire.TCPAck|wire.TCPRst) == wire.TCPSyn
}

// queries tells whether p is an ICMP query, and not an answer to one.
func (p *packet) queries() bool {
	return p.Proto == wire.ProtoICMP && wire.ICMPQuery(p.Type) == p.Type
}

// first is what the connection that p opens begins with (flow.Opening).
func (p *packet) first() uint32 {
	switch {
	case p.Frag == wire.LaterFragment:
	case p.Proto == wire.ProtoTCP:
		return wire.TCP(p.frame.Bytes()[p.L4:]).Seq()
	case p.Proto == wire.ProtoICMP:
		return uint32(p.Code)
	}
	return 0
}

// nextMAC is the inner destination of what leaves by an exit.
func (w *Worker) nextMAC(x exit) wire.MAC {
	if eni, ok := x.neighbor(); ok {
		return w.guests[eni].mac
	}
	return w.view.Policy.Region.Station(x.station()).Dst
}

// refresh makes p's connection what the table holds now: a burst's look-up may
// have missed it, and what that found may have ended since. One in whose place p
// begins another is none of p's, and stays until p is allowed; nor is one for
// what p, an ICMP query, does not ask.
//
// refresh takes no lock: packets that the stages drop, of which anybody may
// send as many as he likes, must keep no worker from opening connections. A
// lock would not make the answer better, for the connection may end or begin
// as soon as a lock is given back. So the stages go on with what was true at
// one moment, and track, which writes, asks again with the lock held. Only a SYN
// for a connection that is there takes the lock, under which that one's first SYN
// is kept: whoever sends it has been allowed a connection before.
func (w *Worker) refresh(p *packet) {
	p.conn = nil
	if w.missed(p) {
		return
	}
	at, epoch, was := w.flows.Find(&p.key)
	if epoch == 0 {
		return
	}
	p.at, p.was, p.outdated = at, was, w.outdated(epoch, was)
	if p.begins() {
		w.flows.Lock()
		p.restarts = w.replaces(p)
		w.flows.Unlock()
	}
	if !p.restarts && !w.asksElse(p) {
		p.conn = w.flows.Conn(at)
	}
}

// missed tells whether what the fast path found about p, no connection, is
// true: no entry of the table was on the move when it looked or has been
// since, and nothing was opened for a packet before p in the same burst.
func (w *Worker) missed(p *packet) bool {
	f := &w.fast
	return p.missed && !f.opened && f.stirs&1 == 0 && f.stirs == w.flows.Stirs()
}

// outdated tells whether a connection's status is the verdict of an earlier
// policy, that of epoch, on a flow that EC2 does not track.
func (w *Worker) outdated(epoch uint32, s flow.Status) bool {
	return epoch != w.epoch && s.Flags()&flow.FlagUntracked != 0
}

// account counts a packet on its connection and moves the protocol's state.
func (w *Worker) account(p *packet) {
	c, d := p.conn, p.dir
	c.Packet(d, p.size(), w.tick)
	switch p.Proto {
	case wire.ProtoTCP:
		c.TCP(d, p.Flags)
	case wire.ProtoUDP:
		c.UDP(d)
	}
}
