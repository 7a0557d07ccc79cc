package nic

import (
	"math/bits"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// decap takes the tunnel off frames of a burst from the uplink, those that
// rest has a bit for, and gathers in b what is left. What is no tunnel to this
// card ends here.
func (w *worker) decap(b *burst, frames []pmd.Frame, rest uint64) {
	b.n = 0
	for ; rest != 0; rest &= rest - 1 {
		p := &b.packets[b.n]
		w.begin(p)
		p.frame, p.guest, p.dir = &frames[bits.TrailingZeros64(rest)], nil, vpc.In
		if v := w.unwrap(p, &b.enis[b.n]); v != next {
			w.finish(p, v)
			continue
		}
		b.n++
	}
}

// unwrap takes the tunnel off one frame and notes which ENI it is for.
func (w *worker) unwrap(p *packet, k *vpc.ENIKey) Verdict {
	var o wire.Outer
	frame := p.frame.Bytes()
	tunnel, fault := wire.ParseVXLAN(frame, &o)
	switch {
	case fault != wire.NoFault:
		return p.refuse(Malformed(fault))
	case !tunnel:
		return w.underlayFrame(p)
	case o.Tagged:
		return p.refuse(UnderlayVLAN)
	case o.Src == 0: // which is what stands for the guests of this card
		return p.refuse(UnknownVTEP)
	case o.Dst != w.underlay.addr || o.Station != w.underlay.macBits:
		return p.refuse(NotForThisCard)
	}
	p.peer, p.outer = o.Src, o.ECN
	p.frame.Trim(int(o.End))
	p.frame.Pull(int(o.Inner))
	frame = p.frame.Bytes()
	if fault := wire.Parse(frame, &p.Headers); fault != wire.NoFault {
		return Malformed(fault)
	}
	p.untag()
	frame = p.frame.Bytes()
	*k = vpc.KeyOf(o.VNI, wire.Ethernet(frame).DstBits())
	return next
}

// refuse describes the outer packet of one that ends with its tunnel on, for
// whoever asks what was dropped.
func (p *packet) refuse(v Verdict) Verdict {
	wire.Parse(p.frame.Bytes(), &p.Headers)
	return v
}

// findENI looks up the ENI of every packet in b and keeps those that have one
// on this card.
func (w *worker) findENI(b *burst) {
	hits := w.view.enis.LookupBurst(&b.enis, b.n, &b.at)
	kept := 0
	for i := range b.n {
		p := &b.packets[i]
		if hits&(1<<i) == 0 {
			w.finish(p, w.unknownENI(p, &b.enis[i]))
			continue
		}
		p.guest = &w.guests[*w.view.enis.At(b.at[i])]
		w.fast.memo.keep(b.enis[i], p.guest)
		if p.EtherType != wire.EtherTypeIPv4 || p.Tagged {
			w.finish(p, p.foreign())
			continue
		}
		if v := p.congestion(); v != next {
			w.finish(p, v)
			continue
		}
		w.keyIn(p, &b.keys[kept])
		if kept != i {
			b.packets[kept] = *p
		}
		kept++
	}
	b.n = kept
}

// unknownENI says what of a packet's inner destination is unknown.
func (w *worker) unknownENI(p *packet, k *vpc.ENIKey) Verdict {
	if _, ok := w.view.vtep(p.peer); !ok {
		return UnknownVTEP
	}
	if w.view.policy.Region.VPC(uint32(k.Hi)) == nil {
		return UnknownVNI
	}
	if p.ethernet().Dst().IsMulticast() {
		return GroupAddress
	}
	return UnknownMAC
}

// foreign says why a VPC, which carries untagged IPv4, does not carry p.
func (p *packet) foreign() Verdict {
	switch {
	case p.Tagged:
		return VLANDenied
	case p.EtherType == wire.EtherTypeIPv6:
		return IPv6Denied
	}
	return EtherTypeDenied
}

// congestion takes over what the underlay said on the tunnel's header, as a
// tunnel's end must (RFC 6040 section 4.2).
func (p *packet) congestion() Verdict {
	if p.outer == wire.NotECT {
		return next
	}
	ip := wire.IPv4(p.frame.Bytes()[p.L3:])
	inner := ip.ECN()
	left, ok := inner.Leave(p.outer)
	switch {
	case !ok:
		return CongestionDrop
	case left != inner:
		ip.SetECN(left)
	}
	return next
}
