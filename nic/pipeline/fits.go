package pipeline

import (
	"nitrocard/nic/wire"
)

// fits asks whether a packet can leave by its way: the next station is known, the
// frame has room for the tunnel, and the port is there, up, and carries a frame of
// this length. Nothing of the packet was rewritten yet, so a packet that does not fit
// can be quoted to its sender; nothing can fail afterwards but the port itself. A
// packet to a neighbor on this card is asked at its delivery.
//
// A port and a hop change while connections last, so fits asks anew for each packet of
// a known connection, too.
func (w *Worker) fits(p *packet) Verdict {
	if p.dir == wire.In {
		return w.queues[p.guest.number].fits(p.frame.Len())
	}
	if _, here := p.exit.neighbor(); here {
		return next
	}
	switch to := w.view.Policy.Region.Station(p.exit.station()); {
	case w.underlay.hops[to.VTEP].mac.Load() == unresolved:
		return UnderlayUnresolved
	case p.frame.Offset() < wire.OuterLen:
		return NoHeadroom
	}
	return w.uplink.fits(p.frame.Len() + wire.OuterLen)
}

// fits tells why a frame of so many bytes cannot leave by q. It is next where carries
// is true.
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
