package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// adopted gives the next packet in b, which is described, the ENI, the key and the
// connection that the fast path found for frame i. For a packet that no edge brought, the fast path may
// have translated a public address in the key, which adopted then makes anew.
func (w *Worker) adopted(b *burst, i int) {
	p, k := &b.packets[b.n], &w.fast.keys[i]
	p.key, p.guest, p.conn = *k, &w.guests[k.ENI()], nil
	if p.dir == wire.In && !k.IsIPv6() && k.Local != p.Dst.As4() && !w.fromEdge(p) {
		w.keyIn(p, &b.keys[b.n])
		b.n++
		return
	}
	if k.IsIPv6() {
		p.pair = pairOf(p.Src, p.Dst, p.dir)
	} else {
		p.pair = flow.Pair{Local: wire.AddrFrom4(k.Local), Remote: wire.AddrFrom4(k.Remote)}
	}
	p.looked, p.missed = true, w.fast.keyed&(1<<i) == 0
	if w.fast.hits&(1<<i) != 0 {
		p.at = w.fast.at[i]
		p.conn = w.flows.Conn(p.at)
	}
	b.n++
	b.looked++
}

// findConnections looks up the connections of all packets in b, unless the fast path has
// looked up every one.
func (w *Worker) findConnections(b *burst) {
	if b.looked == b.n {
		return
	}
	for i := range b.n {
		if p := &b.packets[i]; p.looked {
			b.keys[i] = p.key
		}
	}
	hits := uint64(0)
	if !w.leavesNoRecord(b) {
		hits = w.flows.LookupBurst(&b.keys, b.n, &b.at)
	}
	for i := range b.n {
		p := &b.packets[i]
		p.key, p.conn, p.missed = b.keys[i], nil, hits&(1<<i) == 0
		if hits&(1<<i) != 0 && w.flows.Has(b.at[i], &p.pair) {
			p.at = b.at[i]
			p.conn = w.flows.Conn(p.at)
		}
	}
}

// keyIn writes the key of a packet for a guest. The key of what the edge brings has the private address
// behind a public destination, so that both directions make one key.
func (w *Worker) keyIn(p *packet, k *flow.Key) {
	p.pair = flow.Pair{Local: w.privateFor(p, p.Dst), Remote: p.Src}
	k.Pack(p.guest.number, wire.In, w.flows.Fold(&p.pair), &p.Headers)
}

// privateFor is the address by which the guest that p comes to knows addr. The internet gateway alone
// translates, so the guest knows its public addresses by the private ones behind them in what the edge
// brings. A middlebox may get packets for its own public address by a route, too, as another host sent
// them: the answers of hosts behind the internet gateway's route table, to which the middlebox's
// own packets came by the internet gateway. They keep the public address, in their key and on
// delivery. A NAT gateway knows its public address as its own, whoever sends to it, and drops what
// is for itself.
func (w *Worker) privateFor(p *packet, addr wire.Addr) wire.Addr {
	if !w.fromEdge(p) && p.guest.eni.NAT == nil {
		return addr
	}
	return p.guest.privateOf(addr)
}

// keyOut writes the key of a packet from a guest.
func (w *Worker) keyOut(p *packet, k *flow.Key) {
	p.pair = flow.Pair{Local: p.Src, Remote: p.Dst}
	k.Pack(p.guest.number, wire.Out, w.flows.Fold(&p.pair), &p.Headers)
}

// knownInbound tells whether the connection that p has holds what the stages would find: the policy
// is the same, this direction was walked before, p comes from the same tunnel end, and p
// comes from the router only if the packet did that walked the stages. A first fragment
// always takes the stages, because track must leave a record for the later fragments.
func (w *Worker) knownInbound(p *packet) bool {
	c := p.conn
	if !c.Under(w.epoch) || p.Frag == wire.FirstFragment {
		return false
	}
	s := c.Status()
	return s.Walked(wire.In) && w.cameFrom(p, s.VTEP()) && !(s.OnLink() && p.fromRouter()) &&
		!(w.fromEdge(p) && !p.published()) && !w.asksAnew(p)
}

// knownOutbound is knownInbound for a packet from a guest. In the place of the tunnel
// end knownOutbound compares the MAC that the guest sends to: the router's, or, within the
// subnet, the neighbor's. If p is known, p.exit becomes the connection's.
func (w *Worker) knownOutbound(p *packet) bool {
	c := p.conn
	if !c.Under(w.epoch) || p.Frag == wire.FirstFragment || p.Tagged {
		return false
	}
	s := c.Status()
	x := exitOf(s)
	known := s.Walked(wire.Out) &&
		(p.toRouter() || !x.routed() && p.ethernet().Dst() == w.nextMAC(x)) &&
		!w.asksAnew(p)
	if known {
		p.exit = x
	}
	return known
}

// asksAnew tells whether the rules must judge p although p has a connection: p is a SYN,
// which may begin another connection, a SYN+ACK, which may accept another, or an ICMP
// message whose code stands apart.
func (w *Worker) asksAnew(p *packet) bool { return p.begins() || p.accepts() || w.standsApart(p) }

// standsApart tells whether the record of the connection at p.at does not speak for the
// code of p, an ICMP query or answer. Rules tell codes apart: groups those of queries,
// network ACLs those of answers, too. The record speaks for queries with the code of the
// first one and for answers with code 0. A message with another code takes the stages
// alone, and the record keeps nothing of what they find.
func (w *Worker) standsApart(p *packet) bool {
	if !p.IsICMP() || p.Frag == wire.LaterFragment {
		return false
	}
	return w.asksElse(p) || p.Code != 0 && !p.queries()
}

// asksElse tells whether p is an ICMP query with another code than the first of
// the connection at p.at.
func (w *Worker) asksElse(p *packet) bool { return p.queries() && w.flows.First(p.at) != p.first() }

// replaces tells whether p begins another connection than the one at p.at.
func (w *Worker) replaces(p *packet) bool {
	return p.begins() && w.flows.Begins(p.at, p.dir, p.first())
}

// begins tells whether p is a SYN without ACK or RST, by which a sender opens a TCP
// connection.
func (p *packet) begins() bool {
	return p.Proto == wire.ProtoTCP && p.Flags&(wire.TCPSyn|wire.TCPAck|wire.TCPRst) == wire.TCPSyn
}

// accepts tells whether p says that its sender accepts a TCP connection.
func (p *packet) accepts() bool {
	return p.Proto == wire.ProtoTCP && p.Flags&(wire.TCPSyn|wire.TCPAck|wire.TCPRst) == wire.TCPSyn|wire.TCPAck
}

// segment is TCP's header of p, which is TCP and no later fragment.
func (p *packet) segment() wire.TCP { return wire.TCP(p.frame.Bytes()[p.L4:]) }

// queries tells whether p is an ICMP query, and not an answer to one.
func (p *packet) queries() bool {
	query := p.Query()
	return query != 0 && query == p.Type
}

// first is the flow.Opening.First of a connection that p opens.
func (p *packet) first() uint32 {
	switch {
	case p.Frag == wire.LaterFragment:
	case p.accepted:
		return p.segment().Ack() - 1
	case p.Proto == wire.ProtoTCP:
		return p.segment().Seq()
	case p.IsICMP():
		return uint32(p.Code)
	}
	return 0
}

// nextMAC is the inner destination MAC of packets that leave by an exit.
func (w *Worker) nextMAC(x exit) wire.MAC {
	if eni, ok := x.neighbor(); ok {
		return w.guests[eni].mac
	}
	return w.setup.Policy.Region.Station(x.station()).Dst
}

// refresh looks p's connection up again: the look-up of the burst may have missed the
// connection, and a connection that was found may have ended since. Two connections at
// p's key are not p's: one in whose place p, a SYN, begins another, which stays until p
// is allowed; and one that was opened by an ICMP query with another code than p's.
//
// refresh takes no lock, because anybody may send any number of packets that the stages
// drop, and those must not keep workers from opening connections. A lock would not make
// the answer better, because the connection may end or begin as soon as the lock is
// given back. So the stages work with the state of one moment, and track, which writes,
// asks again under the lock. Only a SYN with the key of a connection takes the lock,
// which Begins needs; such a key exists only if the rules allowed a connection before.
func (w *Worker) refresh(p *packet) {
	p.conn = nil
	at, epoch, was := w.flows.Find(&p.key)
	if epoch == 0 || !w.flows.Has(at, &p.pair) {
		return
	}
	p.at, p.was, p.outdated = at, was, w.outdated(epoch, was)
	if p.begins() {
		w.flows.Lock()
		p.restarts = w.replaces(p)
		w.flows.Unlock()
	}
	if p.accepts() && w.flows.Answers(at, p.dir, p.segment().Ack()) {
		p.accepted, p.restarts = true, true
	}
	if !p.restarts && !w.asksElse(p) {
		p.conn = w.flows.Conn(at)
	}
}

// missed tells whether a look-up of p's burst found no connection of p's key and there is none for
// certain: no entry of the table has moved from the look-up until now, and no packet before p in the
// burst has opened a connection.
func (w *Worker) missed(p *packet) bool {
	f := &w.fast
	return p.missed && !f.opened && f.stirs&1 == 0 && f.stirs == w.flows.Stirs()
}

// outdated tells whether the status s is the verdict of an earlier policy, the one of
// epoch, on a flow that EC2 does not track.
func (w *Worker) outdated(epoch uint32, s flow.Status) bool {
	return epoch != w.epoch && s.Flags()&flow.FlagUntracked != 0
}

// account counts a packet on its connection and moves the protocol's state.
func (w *Worker) account(p *packet) {
	c, d, bytes := p.conn, p.dir, p.size()
	c.Packet(d, bytes, w.tick)
	if p.frame.Merged() {
		bytes += w.accountMerged(p)
	}
	switch p.Proto {
	case wire.ProtoTCP:
		if p.Flags&(wire.TCPFin|wire.TCPRst) == 0 || w.flows.Credible(p.at, d, p.segment(), bytes) {
			c.TCP(d, p.Flags)
		}
	case wire.ProtoUDP:
		c.UDP(d)
	}
}
