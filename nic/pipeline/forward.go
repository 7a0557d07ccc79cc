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
		public, _ := p.guest.eni.Published(p.Src)
		wire.RewriteSrc(p.frame.Bytes(), &p.Headers, public)
		p.translateQuote()
	}
	return w.encap(p, to)
}

// address writes the inner MAC addresses. The source is the router of the receiver's
// subnet if the packet crosses between subnets, and else stays the guest's own: by the
// source the receiver's card knows which packets meet its subnet's network ACL.
func (p *packet) address(dst, src wire.MAC) {
	frame := p.frame.Bytes()
	copy(frame[0:6], dst[:])
	if p.exit.routed() {
		copy(frame[6:12], src[:])
	}
}
