package pipeline

import "nitrocard/nic/wire"

// forward sends a guest's packet that fits by p.exit, which the connection or route
// gave: to a neighbor on this card or into a tunnel.
func (w *Worker) forward(p *packet) Verdict {
	if eni, ok := p.exit.neighbor(); ok {
		n := &w.guests[eni]
		p.address(n.mac, n.router)
		return again
	}
	to := w.setup.Policy.Region.Station(p.exit.station())
	p.address(to.Dst, to.Src)
	if p.exit.translated() {
		wire.RewriteSrc(p.frame.Bytes(), &p.Headers, p.guest.eni.PublicOf(p.Src))
		p.translateQuote()
	}
	return w.encap(p, to)
}

// address writes the inner MAC addresses of a packet that passes the router. A packet
// that the guest sent straight to a neighbor keeps its own.
func (p *packet) address(dst, src wire.MAC) {
	if p.exit.routed() {
		frame := p.frame.Bytes()
		copy(frame[0:6], dst[:])
		copy(frame[6:12], src[:])
	}
}
