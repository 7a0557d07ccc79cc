package pipeline

import "nitrocard/nic/wire"

// localServices answers packets for services of the card itself. A packet to a link-local
// address goes no further than here, because no route leads there (VPC guide, route
// tables).
func (w *Worker) localServices(p *packet) Verdict {
	if p.EtherType == wire.EtherTypeARP {
		return w.arp(p)
	}
	if p.Dst.As4()>>16 == 169<<8|254 {
		return LocalServiceAbsent
	}
	return next
}
