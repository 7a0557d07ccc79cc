package pipeline

import "nitrocard/nic/wire"

// A packet makes two hops between the internet and a guest: the edge, and the gateway of the
// VPC, which stands for all that lies between. Only the edge shows itself, and only towards the
// internet: it tells whoever sent a packet with too few hops for it (RFC 1812 section 5.3.1), at
// most as often as others are told an MTU. Behind it a trace goes dark, as AWS's do.
const hopsInside = 2

// hops judges whether a packet has hops enough.
func (w *Worker) hops(p *packet) Verdict {
	switch n := p.hopsLeft(); {
	case n > hopsInside:
		return next
	case n > 1 || p.dir == wire.Out || !w.mayTellExpired(p):
		return TimeExceededUntold
	}
	return TimeExceeded
}

// hopsLeft is the packet's TTL, or hop limit.
func (p *packet) hopsLeft() uint8 {
	ip := p.frame.Bytes()[p.L3:]
	if p.EtherType == wire.EtherTypeIPv6 {
		return wire.IPv6(ip).HopLimit()
	}
	return wire.IPv4(ip).TTL()
}

// spend takes hopsInside off the packet's TTL.
func (p *packet) spend() { wire.Spend(p.frame.Bytes()[p.L3:], hopsInside) }

// mayTellExpired tells whether the sender of a packet from the internet is told that its hops
// ended: about no error and no later fragment (RFC 1122 section 3.2.2).
func (w *Worker) mayTellExpired(p *packet) bool {
	own := w.setup.edge.link.own[familyOf(p.Dst)]
	switch {
	case own.IsZero(), p.IsICMPError(), p.Frag == wire.LaterFragment, !p.Src.IsUnicast(), p.ethernet().Src().IsMulticast():
		return false
	case p.frame.Merged(), p.frame.Offset() < wire.ErrorLen6: // a trace has no streams
		return false
	}
	return w.mayTell(strangers)
}

// tellExpired makes p, whose hops ended here, the answer that says so, and sends the answer back.
func (w *Worker) tellExpired(p *packet) {
	l, sender, more := w.setup.edge.link, p.ethernet().Src(), wire.ErrorLen4
	if p.EtherType == wire.EtherTypeIPv6 {
		more = wire.ErrorLen6
	}
	p.frame.Push(more)
	p.frame.Trim(wire.TimeExceeded(p.frame.Bytes(), &p.Headers, l.own[familyOf(p.Dst)]))
	p.ethernet().SetDst(sender)
	p.ethernet().SetSrc(l.mac)
	w.answer(p)
}
