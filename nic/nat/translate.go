package nat

import (
	"math/bits"
	"sync/atomic"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/siit"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// read describes frame i of the burst, and makes its key. The ENI's stages have judged the
// frame already.
func (a *Appliance) read(i int) {
	f, h := &a.frames[i], &a.headers[i]
	wire.Parse(f.Bytes(), h)
	a.inward &^= 1 << i
	if a.place.owns(h.Dst) {
		a.inward |= 1 << i
	}
	a.gateway.setKey(&a.keys[i], h, a.inward&(1<<i) != 0)
}

// translate translates the frames of the burst from first on.
func (a *Appliance) translate(first int) {
	hits := a.gateway.ways.LookupHashBurst(&a.keys, &a.hashes, a.n, &a.at)
	a.foresee(first, ^uint64(0)>>(pmd.MaxBurst-a.n)&^hits)
	for i := first; i < a.n; i++ {
		a.received(i)
		a.ends[i] = a.one(i, hits&(1<<i) != 0)
		if a.ends[i] != pipeline.Sent && a.ends[i] != pipeline.Consumed {
			a.metrics.PacketsDropCount += uint64(a.frames[i].Packets())
		}
	}
	if a.holds {
		a.gateway.Unlock()
		a.holds = false
	}
}

// hold takes the gateway's lock, which translate gives back: once for all that a burst opens, ends and
// hastens, because to take the lock and to give it back takes as long as to look into the table.
func (a *Appliance) hold() {
	if !a.holds {
		a.gateway.Lock()
		a.holds = true
	}
}

// one translates frame i, whose way is at a.at[i] if known.
func (a *Appliance) one(i int, known bool) pipeline.Verdict {
	h, inward := &a.headers[i], a.inward&(1<<i) != 0
	six := h.EtherType == wire.EtherTypeIPv6
	switch {
	case h.EtherType != wire.EtherTypeIPv4 && !six:
		return pipeline.NATProtocol
	case six && a.keys[i].Dst == 0:
		return pipeline.NATFamily
	case h.Proto != wire.ProtoTCP && h.Proto != wire.ProtoUDP && !h.IsICMP():
		return pipeline.NATProtocol
	case h.Frag != wire.Whole && h.Proto != wire.ProtoUDP:
		return pipeline.NATFragment
	case h.IsICMPError():
		return a.quoted(i, inward)
	case h.IsICMP() && !asks(h, inward) && !inward && !a.isInside(h.Src):
		return pipeline.NATSource
	case h.IsICMP() && !asks(h, inward):
		return pipeline.NATUnknown
	case six && !siit.HasForm4(a.frames[i].Bytes(), h):
		return pipeline.NATFamily
	}
	if known && begins(h) && !inward {
		known = false // which may begin another connection in the place of one that is over
	}
	at := a.at[i]
	if !known {
		var v pipeline.Verdict
		if at, v = a.find(i, inward); at == nowhere {
			return v
		}
	}
	return a.write(i, at, inward)
}

// begins tells whether a packet may begin a TCP connection: it is a SYN without ACK or RST.
func begins(h *wire.Headers) bool {
	return h.Proto == wire.ProtoTCP && h.Flags&(wire.TCPSyn|wire.TCPAck|wire.TCPRst) == wire.TCPSyn
}

// mayOpen tells whether a packet from inside may begin a connection.
func mayOpen(h *wire.Headers) bool {
	return h.Frag != wire.LaterFragment && (h.Proto != wire.ProtoTCP || begins(h))
}

// asks tells whether an ICMP message is a query from inside, or an answer from outside. The
// gateway answers no ping itself.
func asks(h *wire.Headers, inward bool) bool {
	query := h.Query()
	return query != 0 && inward == (query != h.Type)
}

// write gives frame i its other end, and counts it.
func (a *Appliance) write(i int, at uint32, inward bool) pipeline.Verdict {
	f, h, w := &a.frames[i], &a.headers[i], a.gateway.ways.At(at)
	s, peer, ok := w.To()
	if outbound := atomic.LoadUint32(&w.State)&(inside|outward) != 0; !ok || outbound == inward {
		return pipeline.NATUnknown // the connection ended, or its address came or went, while the packet came
	}
	longest := maxMSS
	switch {
	case h.EtherType == wire.EtherTypeIPv6:
		if longest = maxMSS6; !a.gateway.isOf(at, h.Src) {
			return pipeline.NATUnknown
		}
	case !s.Addr.Is4():
		longest = maxMSS6
	}
	w.Touch(uint32(a.now))
	id, out := h.ID, at // IPv4 has but half of IPv6's
	if inward {
		ok, out = a.readdressIn(f, h, s), peer
	} else {
		ok = a.readdressOut(f, h, s)
	}
	if !ok {
		return pipeline.NATFamily
	}
	if h.Frag == wire.FirstFragment {
		a.follow(i, id, at, inward)
	}
	a.hear(i, out, inward, longest)
	a.send(i, inward)
	return pipeline.Sent
}

// hear has frame i, a SYN, ask for no longer segments than the longest, and moves the state of the
// frame's connection, whose way from inside is at an index. A later fragment moves none, because
// the fragment's way may outlive the connection, and the index may be another connection's then.
func (a *Appliance) hear(i int, out uint32, inward bool, longest uint16) {
	f, h, w := &a.frames[i], &a.headers[i], a.gateway.ways.At(out)
	switch {
	case h.Frag == wire.LaterFragment:
	case h.Proto == wire.ProtoTCP:
		if h.Flags&wire.TCPSyn != 0 && !f.Merged() {
			clamp(f.Bytes()[h.L4:h.End], longest)
		}
		if a.metrics.heard(w, !inward, h.Flags) {
			a.hasten(out)
		}
	case inward && atomic.LoadUint32(&w.State)&answered == 0:
		add(w, answered)
	}
}

// readdressOut gives a packet from inside another source, and is false, with the packet as it
// was, if the packet has IPv6 and no form in IPv4.
func (a *Appliance) readdressOut(f *pmd.Frame, h *wire.Headers, s socket) bool {
	if h.EtherType == wire.EtherTypeIPv4 {
		wire.RewriteSrc(f.Bytes(), h, s.Addr)
	} else if a.id++; !siit.To4(f, h, siit.Ends{Src: s.Addr, Dst: embedded(h.Dst)}, a.id) {
		return false
	}
	if h.Frag != wire.LaterFragment {
		wire.RewriteSrcPort(f.Bytes(), h, s.Port, f.Merged())
	}
	return true
}

// readdressIn gives a packet from outside another destination, and is false, with the packet
// as it was, if the host inside has IPv6 and the packet has no form there.
func (a *Appliance) readdressIn(f *pmd.Frame, h *wire.Headers, s socket) bool {
	if s.Addr.Is4() {
		wire.RewriteDst(f.Bytes(), h, s.Addr)
	} else if !siit.To6(f, h, siit.Ends{Src: h.Src.Converted(), Dst: s.Addr}) {
		return false
	}
	if h.Frag != wire.LaterFragment {
		wire.RewriteDstPort(f.Bytes(), h, s.Port, f.Merged())
	}
	return true
}

// send writes the stations of a frame that the gateway sends, and counts it.
func (a *Appliance) send(i int, inward bool) {
	f := &a.frames[i]
	e := wire.Ethernet(f.Bytes())
	e.SetDst(a.place.Router)
	e.SetSrc(a.place.MAC)
	packets, bytes := traffic(f)
	if inward {
		a.metrics.PacketsOutToSource += packets
		a.metrics.BytesOutToSource += bytes
	} else {
		a.metrics.PacketsOutToDestination += packets
		a.metrics.BytesOutToDestination += bytes
	}
}

// received counts frame i as the gateway got it.
func (a *Appliance) received(i int) {
	packets, bytes := traffic(&a.frames[i])
	if a.inward&(1<<i) != 0 {
		a.metrics.PacketsInFromDestination += packets
		a.metrics.BytesInFromDestination += bytes
	} else {
		a.metrics.PacketsInFromSource += packets
		a.metrics.BytesInFromSource += bytes
	}
}

// traffic is how many packets a frame stands for, and their bytes.
func traffic(f *pmd.Frame) (packets, bytes uint64) {
	if !f.Merged() {
		return 1, uint64(f.Len() - wire.EthernetLen)
	}
	packets = uint64(f.Packets())
	return packets, uint64(f.WireLen()) - packets*wire.EthernetLen
}

// nowhere is the index of no way.
const nowhere = ^uint32(0)

// find finds the way of frame i that the look-up of the burst missed, or opens a connection. If
// the frame has no way, at is nowhere, and v is what became of the frame.
func (a *Appliance) find(i int, inward bool) (at uint32, v pipeline.Verdict) {
	h, k, g := &a.headers[i], &a.keys[i], a.gateway
	if !inward && mayOpen(h) && a.isInside(h.Src) {
		return a.open(i) // which looks again, under the lock
	}
	at, ok := g.ways.Find(k)
	switch {
	case inward && ok:
		return at, pipeline.Sent
	case inward:
		return nowhere, pipeline.NATUnknown
	case ok && !begins(h):
		return at, pipeline.Sent
	case h.Frag == wire.LaterFragment:
		return nowhere, pipeline.FragmentUnknown
	case !a.isInside(h.Src):
		return nowhere, pipeline.NATSource
	}
	return nowhere, a.refuse(i)
}

// isInside tells whether the gateway serves an address: one of its VPC (Reachability Analyzer,
// NGW_REQUIRES_SOURCE_IN_VPC), or one behind a transit gateway, whose attachment in the VPC then
// is what sends (Transit Gateways guide, "Centralized outbound routing to the internet"). No
// peering connection, VPN or Direct Connect leads there (VPC User Guide, NAT gateways).
func (a *Appliance) isInside(addr wire.Addr) bool {
	for _, block := range a.place.Inside {
		if block.Contains(addr.Netip()) {
			return true
		}
	}
	return a.place.Beyond != nil && a.place.Beyond(addr)
}

var _ = [1]struct{}{}[tables.Burst-pmd.MaxBurst+bits.UintSize-64] // a bit of a word for each frame of a burst
