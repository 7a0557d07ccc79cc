package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// publicAccess holds a packet from the internet to VPC Block Public Access of the ENI's
// subnet (vpc.BlockMode). The stage comes after the security groups, because the groups
// find out which connection a packet belongs to.
func (w *Worker) publicAccess(p *packet) Verdict {
	block := p.guest.eni.Subnet.Block
	if block != vpc.BlockNothing && w.fromEdge(p) && block.Blocks(p.dir, w.guestBegan(p)) {
		return BlockPublicAccess
	}
	return next
}

// guestBegan tells whether p, which the groups let pass, belongs to a connection that
// p's guest began.
func (w *Worker) guestBegan(p *packet) bool {
	switch {
	case p.asked:
		return p.initiator == wire.Out
	case p.related:
		w.flows.Lock()
		defer w.flows.Unlock()
		return w.flows.Conn(p.at).Status().Initiator() == wire.Out
	}
	return p.was.Initiator() == wire.Out
}
