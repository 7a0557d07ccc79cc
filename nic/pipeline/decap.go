package pipeline

import (
	"math/bits"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// decap takes the tunnel off the frames of an uplink burst that rest has a bit for, and
// gathers the packets in b, each with its ENI and its key. A frame that is no tunnel to
// this card, or is for none of the card's ENIs, ends here. About a plain frame decap
// takes over what the fast path found out.
func (w *Worker) decap(b *burst, frames []pmd.Frame, rest uint64) {
	b.n, b.looked = 0, 0
	for ; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest) & (pmd.MaxBurst - 1)
		p := &b.packets[b.n]
		p.begin(&frames[i], wire.In)
		if w.fast.plain&(1<<i) != 0 {
			p.unwrapPlain(&w.fast.keys[i])
			w.adopted(b, i)
			continue
		}
		var o wire.Outer
		v := w.unwrap(p, &o)
		if v == next {
			v = w.findENI(p, &o)
		}
		if v == next && w.backlog.shed&(1<<i) != 0 {
			v = UplinkBacklog
		}
		if v != next {
			w.finish(p, v)
			continue
		}
		w.keyIn(p, &b.keys[b.n])
		b.n++
	}
}

// unwrapPlain is unwrap for a frame with this key, which the fast path found plain. The
// tunnel of such a frame has no congestion mark to take over, because the sieve refuses
// marked tunnels.
func (p *packet) unwrapPlain(k *flow.Key) {
	p.outerSrc = wire.AddrFrom4((*wire.Tunnel)(p.frame.Bytes()).Src())
	p.frame.Pull(wire.OuterLen)
	p.wrapped = wire.OuterLen
	p.describePlain(k)
}

// describePlain describes a frame with this key, which the fast path found plain.
func (p *packet) describePlain(k *flow.Key) {
	if k.IsIPv6() {
		(*wire.Plain6)(p.frame.Bytes()).Describe(&p.Headers)
	} else {
		(*wire.Plain)(p.frame.Bytes()).Describe(&p.Headers)
	}
}

// unwrap takes the tunnel, which o then describes, off one frame.
func (w *Worker) unwrap(p *packet, o *wire.Outer) Verdict {
	frame := p.frame.Bytes()
	tunnel, fault := wire.ParseVXLAN(frame, o)
	switch {
	case fault != wire.NoFault:
		return p.refuse(Malformed(fault))
	case !tunnel:
		return w.underlayFrame(p)
	case o.Tagged:
		return p.refuse(UnderlayVLAN)
	case o.Src == unspecified || o.Src.IsZero():
		return p.refuse(UnknownVTEP)
	case o.Dst != w.underlay.card.VTEP || o.Station != w.underlay.macBits:
		return p.refuse(NotForThisCard)
	}
	p.outerSrc, p.outerECN = o.Src, o.ECN
	p.frame.Trim(int(o.End))
	p.frame.Pull(int(o.Inner))
	frame = p.frame.Bytes()
	if fault := wire.Parse(frame, &p.Headers); fault != wire.NoFault {
		return Malformed(fault)
	}
	if p.L3 == wire.EthernetLen {
		p.wrapped = o.Inner
	}
	p.untag()
	return next
}

// refuse describes a packet that ends with its tunnel on by the outer headers, which the
// latest drops then show, and returns v.
func (p *packet) refuse(v Verdict) Verdict {
	wire.Parse(p.frame.Bytes(), &p.Headers)
	return v
}

// findENI finds the ENI of this card that a packet is for.
func (w *Worker) findENI(p *packet, o *wire.Outer) Verdict {
	e := w.setup.target(o, p.ethernet().DstBits())
	if e == nil {
		if gone := w.setup.departed.find(o, p.ethernet().DstBits()); gone != nil {
			return w.sendOn(p, o, gone)
		}
		return w.unknownENI(p, o.VNI)
	}
	p.byExit = w.underlay.ends[e.exit].Exit
	p.guest = &w.guests[e.number]
	switch {
	case !carried(&p.Headers):
		return foreign(&p.Headers)
	case p.IsND():
		return NDInvalid // no link reaches over the underlay
	}
	return p.congestion()
}

// target is the ENI of this card that a tunnel's frame to a station is for, by VNI and MAC, and
// for a frame by an exit by the exit's tunnel end, too. It is nil if there is none.
func (s *Setup) target(o *wire.Outer, station uint64) *eniPlace {
	to := wire.TargetOf(o.VNI, station)
	if e := s.enis.find(to); e != nil {
		return e
	}
	return s.byExits.findBy(to, o.Src, s.underlay.ends)
}

// unknownENI tells why a packet is for no ENI of this card: whether the tunnel end, the
// VNI or the MAC is unknown. No VPC and exit share a VNI.
func (w *Worker) unknownENI(p *packet, vni uint32) Verdict {
	region := w.setup.Policy.Region
	_, known := w.setup.vtep(p.outerSrc)
	vpcs := region.VPC(vni) != nil
	switch {
	case !(known && vpcs) && region.ExitAt(p.outerSrc, vni) == nil:
		if known {
			return UnknownVNI
		}
		return UnknownVTEP
	case p.ethernet().Dst().IsMulticast():
		return GroupAddress
	}
	return UnknownMAC
}

// carried tells whether a VPC carries a packet: untagged IPv4 or IPv6.
func carried(h *wire.Headers) bool {
	return (h.EtherType == wire.EtherTypeIPv4 || h.EtherType == wire.EtherTypeIPv6) && !h.Tagged
}

// foreign tells why a VPC does not carry a packet.
func foreign(h *wire.Headers) Verdict {
	if h.Tagged {
		return VLANDenied
	}
	return EtherTypeDenied
}

// congestion takes the underlay's congestion mark over from the tunnel's header to the
// packet inside, as a tunnel's end must (RFC 6040 section 4.2).
func (p *packet) congestion() Verdict {
	if p.outerECN == wire.NotECT {
		return next
	}
	frame := p.frame.Bytes()
	inner := p.ECN(frame)
	left, ok := inner.Leave(p.outerECN)
	switch {
	case !ok:
		return CongestionDrop
	case left != inner:
		p.SetECN(frame, left)
	}
	return next
}
