package pipeline

import (
	"encoding/binary"
	"sync/atomic"

	"nitrocard/nic/wire"
)

// link is the edge's link to the internet: the edge's own addresses there, and the routers that
// take what leaves. Edges of a region have links of their own, and all tell other stations the
// same: no router behind this one shows itself.
type link struct {
	Internet
	mac      wire.MAC       // of the port
	bits     uint64         // mac as a number
	source   uint64         // the first 12 bytes of a frame to the gateway, as underlay.source has them
	rest     uint32         // of source
	own      [2]wire.Addr   // by family
	gateways [2]*gatewayHop // by family
	next     int64          // when to ask for the gateways again
	confirm  int64          // when to ask for known ones, too
}

// gatewayHop is a router towards the internet.
type gatewayHop struct {
	addr wire.Addr     // zero: there is none of the family
	mac  atomic.Uint64 // as hop.mac
}

// family is the index of an address's family.
func familyOf(a wire.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// newLink is the link of an edge. MACs that before has learned stay known.
func newLink(ports *Ports, before *Edge) *link {
	l := &link{Internet: *ports.Edge, mac: ports.InternetMAC, bits: ports.InternetMAC.Bits()}
	var frame [12]byte
	copy(frame[6:], l.mac[:])
	l.source, l.rest = binary.LittleEndian.Uint64(frame[:]), binary.LittleEndian.Uint32(frame[8:])
	for _, p := range l.Addresses {
		a := wire.AddrFrom(p.Addr().Unmap())
		l.own[familyOf(a)] = a
	}
	for i := range l.gateways {
		l.gateways[i] = &gatewayHop{}
	}
	for _, g := range l.Gateways {
		a := wire.AddrFrom(g.Unmap())
		l.gateways[familyOf(a)].addr = a
	}
	if before != nil {
		for i, g := range before.link.gateways {
			if g.addr == l.gateways[i].addr {
				l.gateways[i] = g
			}
		}
	}
	return l
}

// owns tells whether an address is the edge's own.
func (l *link) owns(a wire.Addr) bool { return a == l.own[familyOf(a)] }

// towards is the router that takes what is for an address.
func (l *link) towards(a wire.Addr) *gatewayHop { return l.gateways[familyOf(a)] }

// address writes the stations of a frame to a router, whose MAC is as hop.mac.
func (l *link) address(frame []byte, mac uint64) {
	head := (*[12]byte)(frame)
	binary.LittleEndian.PutUint64(head[:], mac|l.source)
	binary.LittleEndian.PutUint32(head[8:], l.rest)
}

// fromLink takes a frame from the internet that is no packet to be sent on.
func (w *Worker) fromLink(p *packet) Verdict {
	switch {
	case p.Tagged:
		return VLANDenied
	case p.EtherType == wire.EtherTypeARP:
		return w.linkARP(p)
	case p.IsND():
		return w.linkND(p)
	}
	return EtherTypeDenied
}

// linkARP answers who asks for the edge's MAC, unless the kernel does, and learns the MAC of
// the router from whatever it sends.
func (w *Worker) linkARP(p *packet) Verdict {
	l, frame := w.setup.edge.link, p.frame.Bytes()
	q := wire.ARP(frame[p.L3:])
	heeded := l.heed(wire.Neighbor{MAC: q.SenderMAC(), Addr: q.Sender()})
	switch {
	case !l.owns(q.Target()) && !heeded:
		return NotForThisCard
	case !l.owns(q.Target()), l.Kernel, q.Op() != wire.ARPOpRequest:
		return Consumed
	case q.SenderMAC().IsMulticast() || p.ethernet().Src().IsMulticast():
		return ARPInvalid
	}
	wire.ARPReply(frame, l.mac)
	return answered
}

// linkND is linkARP for neighbor discovery. What is not for the edge, such as router
// advertisements, is no business of the edge's.
func (w *Worker) linkND(p *packet) Verdict {
	l := w.setup.edge.link
	if from, _, ok := wire.ParseAdvertisement(p.frame.Bytes(), &p.Headers); ok {
		if l.heed(from) || l.owns(p.Dst) {
			return Consumed
		}
		return NotForThisCard
	}
	q, ok := wire.ParseSolicitation(p.frame.Bytes(), &p.Headers)
	if !ok {
		return NotForThisCard
	}
	asker := wire.Neighbor{MAC: q.Source, Addr: p.Src}
	if asker.MAC.IsZero() {
		asker.MAC = p.ethernet().Src()
	}
	heeded := l.heed(asker)
	switch {
	case !l.owns(q.Target) && !heeded:
		return NotForThisCard
	case !l.owns(q.Target), l.Kernel:
		return Consumed
	case asker.MAC.IsMulticast():
		return NDInvalid
	case !p.resize(wire.NeighborAdvertLen):
		return NoHeadroom
	}
	wire.NeighborAdvert(p.frame.Bytes(), wire.Neighbor{MAC: l.mac, Addr: q.Target}, asker, true)
	return answered
}

// heed takes in who sent a packet of ARP or neighbor discovery, if that is a router that the
// edge asks for. Others on the link are strangers, of whom the edge remembers nothing.
func (l *link) heed(from wire.Neighbor) bool {
	g := l.towards(from.Addr)
	if from.Addr.IsZero() || from.Addr != g.addr || from.MAC.IsZero() || from.MAC.IsMulticast() || from.MAC == l.mac {
		return false
	}
	g.mac.Store(hopMAC(from.MAC))
	return true
}

// askGateways asks for the MACs of the routers: each second for those that did not answer, and
// every confirmEvery for all.
func (w *Worker) askGateways() {
	l := w.setup.edge.link
	if w.now < l.next || w.internet.port == nil {
		return
	}
	confirm := w.now >= l.confirm
	if confirm {
		l.confirm = w.now + confirmEvery
	}
	l.next = l.confirm
	for i, g := range l.gateways {
		known := g.mac.Load() != unresolved
		if g.addr.IsZero() || l.own[i].IsZero() || known && !confirm {
			continue
		}
		w.question(w.internet, wire.Neighbor{MAC: l.mac, Addr: l.own[i]}, g.addr)
		if !known {
			l.next = min(l.next, w.now+askEvery)
		}
	}
}

// forRouter takes a packet for the edge itself, which answers ping, and has nothing else to say:
// what else there is, such as BGP, is between the kernels of both sides.
func (w *Worker) forRouter(p *packet) Verdict {
	l := w.setup.edge.link
	switch {
	case l.Kernel:
		return Consumed
	case !p.isEcho() || p.ethernet().Src().IsMulticast() || !p.Src.IsUnicast() || p.frame.Merged():
		return RouterItself
	case !w.mayTell(strangers):
		return RouterItself
	}
	frame := p.frame.Bytes()
	station := p.ethernet().Src()
	wire.EchoReply(frame, &p.Headers)
	p.ethernet().SetDst(station)
	p.ethernet().SetSrc(l.mac)
	return answered
}

// isEcho tells whether p is a question of ping.
func (p *packet) isEcho() bool {
	return p.Frag == wire.Whole && (p.Proto == wire.ProtoICMP && p.Type == wire.ICMPEcho || p.Proto == wire.ProtoICMPv6 && p.Type == wire.ICMPv6Echo) && p.IsICMP()
}
