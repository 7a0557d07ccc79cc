package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// fits tells whether a packet can leave: the next station's MAC is known, the frame has
// room for the tunnel, and the port is there, up, and carries a frame of this length.
// fits comes before anything of the packet is rewritten, so that a packet that does not
// fit can be quoted to its sender. After fits only the port itself can refuse the
// packet. For a packet to a neighbor on this card, the receiver's stages ask.
//
// A port and a hop change while connections last, so fits is asked for each packet of a
// known connection, too.
func (w *Worker) fits(p *packet) Verdict {
	if p.dir == wire.In {
		return w.queues[p.guest.number].fits(p.frame.Longest())
	}
	if _, here := p.exit.neighbor(); here {
		return next
	}
	return w.fitsTunnel(p, w.setup.Policy.Region.Station(p.exit.station()))
}

// fitsTunnel is fits for a packet to a station beyond a tunnel.
func (w *Worker) fitsTunnel(p *packet, to *vpc.Station) Verdict {
	switch {
	case w.underlay.hops[to.VTEP].mac.Load() == unresolved:
		return UnderlayUnresolved
	case p.frame.Offset() < wire.OuterLen:
		return NoHeadroom
	}
	return w.uplink.fits(p.frame.Longest() + wire.OuterLen)
}

// fits tells why a frame of so many bytes cannot leave by q; next if carries is true.
func (q *Queue) fits(bytes int) Verdict {
	switch {
	case q == nil || q.tx == nil:
		return NoPort
	case bytes > q.longest:
		return TooLong
	case q.down.Load():
		return PortDown
	}
	return next
}
