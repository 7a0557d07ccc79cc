package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// fits tells whether a packet can leave: the next station's MAC is known, the frame has
// room for the tunnel, the way carries a packet of this length or the packet may be
// fragmented, and the port is there, up, and carries a frame of this length.
// fits comes before anything of the packet is rewritten, so that a packet that does not
// fit can be quoted to its sender. After fits only the port itself can refuse the
// packet. For a packet to a neighbor on this card, the receiver's stages ask.
//
// A port and a hop change while connections last, so fits is asked for each packet of a
// known connection, too.
func (w *Worker) fits(p *packet) Verdict {
	if p.dir == wire.In {
		return w.fitsGuest(p)
	}
	mtu := w.mtuOf(p.exit)
	if p.longest() > int(vpc.AcrossMTU) && p.guest.leavesRegion(p.Dst) {
		mtu = min(mtu, vpc.AcrossMTU)
	}
	if p.longest() > int(mtu) {
		if v := w.tooBig(p, mtu); v != next {
			return v
		}
	}
	if _, here := p.exit.neighbor(); here {
		return next
	}
	return w.fitsTunnel(p, w.setup.Policy.Region.Station(p.exit.station()))
}

// mtuOf is that of the way to an exit.
func (w *Worker) mtuOf(x exit) vpc.MTU {
	if eni, here := x.neighbor(); here {
		return w.guests[eni].mtu
	}
	return w.setup.Policy.Region.Station(x.station()).MTU
}

// fitsTunnel is fits for a packet to a station beyond a tunnel.
func (w *Worker) fitsTunnel(p *packet, to *vpc.Station) Verdict {
	switch {
	case w.underlay.hops[to.VTEP].mac.Load() == unresolved:
		return UnderlayUnresolved
	case p.frame.Offset() < w.underlay.overhead:
		return NoHeadroom
	}
	return w.uplink.fits(p.leaves() + wire.EthernetLen + w.underlay.overhead)
}

// fitsGuest is fits for a packet to a guest. A packet that is longer than the guest's port
// takes leaves by it as one that is longer than its way's MTU.
func (w *Worker) fitsGuest(p *packet) Verdict {
	q := w.queues[p.guest.number]
	if p.egress != nil {
		p.mtu = p.egress.mtu
	}
	if v := q.fits(p.leaves() + wire.EthernetLen); v != TooLong {
		return v
	}
	return w.tooBig(p, vpc.MTU(int(q.longest)-wire.EthernetLen))
}

// longest is how many bytes the longest IP packet has that p stands for.
func (p *packet) longest() int {
	if p.frame.Merged() {
		return p.frame.Longest() - int(p.L3)
	}
	return p.size()
}

// leaves is longest for a p that may leave in fragments.
func (p *packet) leaves() int {
	if p.mtu != 0 {
		return min(p.longest(), int(p.mtu))
	}
	return p.longest()
}

// fits tells why a frame of so many bytes cannot leave by q; next if carries is true.
func (q *Queue) fits(bytes int) Verdict {
	switch {
	case q == nil || q.tx == nil:
		return NoPort
	case bytes > int(q.longest):
		return TooLong
	case q.down.Load():
		return PortDown
	}
	return next
}
