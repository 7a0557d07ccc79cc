package oracle

import "nitrocard/nic/vpc/ec2"

// isEgressOnly tells whether a route leads to an egress-only internet gateway.
func isEgressOnly(r ec2.Route) bool { return r.EgressOnlyInternetGatewayId != "" }

// opened tells whether an ENI asked for what comes in by its egress-only internet gateway:
// "v6 only, one a VPC, auto-tracked; nothing is opened from outside."
func (w *World) opened(e *ec2.NetworkInterface, p Packet) answer {
	d := In
	if p.Quoted != nil {
		p, d = *p.Quoted, Out
	}
	f, ok := flowOf(e, d, p)
	c := w.find(f)
	switch {
	case !ok || c == nil:
		return no
	case c.began == In || c.turned || c.tracked != yes:
		return both(unknown, c.lives(w.Now)) // it began when the route led elsewhere, or may have
	case p.isSYN():
		return both(unknown, c.lives(w.Now)) // another connection, or one that both ends open at once
	}
	return c.lives(w.Now)
}
