package nic

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// What the stages found is kept for each direction apart, as the two are
// walked by packets of their own.
const (
	readyIn  flow.Flags = 1 << 6
	readyOut flow.Flags = 1 << 7
)

// ready is the flag of a direction.
func ready(d vpc.Direction) flow.Flags { return readyIn << (d & 1) }

// findConnections looks up the connection of every packet in b.
func (w *worker) findConnections(b *burst) {
	hits := w.flows.LookupBurst(&b.keys, b.n, &b.at)
	for i := range b.n {
		p := &b.packets[i]
		p.key, p.conn = b.keys[i], nil
		if hits&(1<<i) != 0 {
			p.at = b.at[i]
			p.conn = w.flows.Conn(p.at)
		}
	}
	w.removed = false
}

// keyIn writes the key of a packet for a guest. A public destination becomes
// the private address behind it, so that both directions make one key.
func (w *worker) keyIn(p *packet, k *flow.Key) {
	local := p.Dst
	if local != p.guest.primary {
		local = p.guest.privateOf(local)
	}
	remotePort := p.SrcPort
	if p.Proto == wire.ProtoICMP {
		remotePort = p.asker(vpc.In)
	}
	k.Set(p.guest.number, local, p.Src, p.DstPort, remotePort, p.Proto)
	if p.Frag == wire.LaterFragment {
		*k = k.Fragment(p.ID)
	}
}

// keyOut writes the key of a packet from a guest.
func (w *worker) keyOut(p *packet, k *flow.Key) {
	remotePort := p.DstPort
	if p.Proto == wire.ProtoICMP {
		remotePort = p.asker(vpc.Out)
	}
	k.Set(p.guest.number, p.Src, p.Dst, p.SrcPort, remotePort, p.Proto)
	if p.Frag == wire.LaterFragment {
		*k = k.Fragment(p.ID)
	}
}

// asker stands in an ICMP echo's key for the port that the protocol lacks: the
// direction of the request. So a connection that the remote side asked for
// lets the guest answer, and not ask with the same identifier. It is 0 for
// other messages, which belong to no echo, whatever its identifier.
func (p *packet) asker(d vpc.Direction) uint16 {
	switch p.Type {
	case wire.ICMPEcho:
		return 1 + uint16(d)
	case wire.ICMPEchoReply:
		return 1 + uint16(d^1)
	}
	return 0
}

// knownInbound tells whether a connection already holds what the stages would
// find: same policy, this direction walked before, and from the same tunnel
// end. The first fragment of a datagram takes the stages in any case, to leave
// a trace for the others.
func (w *worker) knownInbound(p *packet) bool {
	c := p.conn
	return c != nil && c.Epoch == w.epoch && c.Flags&readyIn != 0 && !w.removed && p.Frag != wire.FirstFragment &&
		w.underlay.addrs[c.VTEP] == p.peer && !p.reopen(c)
}

// knownOutbound is knownInbound's twin. Instead of where the packet comes from
// it checks where the guest sends it: to the router or straight to the
// neighbor, as the connection's first packet.
func (w *worker) knownOutbound(p *packet) bool {
	c := p.conn
	return c != nil && c.Epoch == w.epoch && c.Flags&readyOut != 0 && !w.removed && p.Frag != wire.FirstFragment && !p.Tagged &&
		c.Flags&flow.FlagRouted != 0 == (p.ethernet().DstBits() == p.guest.routerBits) &&
		(c.Flags&flow.FlagRouted != 0 || p.ethernet().Dst() == w.nextMAC(c)) &&
		!p.reopen(c)
}

// reopen tells whether p asks for a new connection in the place of c, which
// has ended.
func (p *packet) reopen(c *flow.Conn) bool {
	return p.Flags&wire.TCPSyn != 0 && p.Proto == wire.ProtoTCP && c.Reopens(flow.Dir(p.dir), p.Flags)
}

// nextMAC is the inner destination of what leaves by connection c.
func (w *worker) nextMAC(c *flow.Conn) wire.MAC {
	if c.Flags&flow.FlagNeighbor != 0 {
		return w.view.guests[c.Path].mac
	}
	return w.view.policy.Paths[c.Path].Dst
}

// refresh makes p's connection what the table holds now. A connection that has
// ended and whose ports open again stays until the new one is allowed.
func (w *worker) refresh(p *packet) {
	p.clear()
	if p.conn == nil || w.removed {
		p.conn = nil
		if at, ok := w.flows.Lookup(&p.key); ok {
			p.at, p.conn = at, w.flows.Conn(at)
		}
	}
	if c := p.conn; c != nil && p.reopen(c) {
		p.conn, p.reopens = nil, true
	}
}

// outdated tells whether c is the verdict of an earlier policy on a flow that
// EC2 does not track.
func (w *worker) outdated(c *flow.Conn) bool {
	return c.Epoch != w.epoch && c.Flags&flow.FlagUntracked != 0
}

// forget takes p's connection out of the table.
func (w *worker) forget(p *packet) {
	w.flows.Remove(p.at)
	w.removed = true
	p.conn = nil
}

// account counts a packet on its connection and moves the protocol's state.
func (w *worker) account(p *packet) {
	c, d := p.conn, flow.Dir(p.dir)
	c.Packet(d, p.size(), w.tick)
	switch p.Proto {
	case wire.ProtoTCP:
		c.TCP(d, p.Flags)
	case wire.ProtoUDP:
		c.UDP(d)
	}
}
