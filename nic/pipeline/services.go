package pipeline

import "nitrocard/nic/wire"

// localServices answers packets for services of the card itself. A packet to a link-local
// address goes no further than here, because no route leads there (VPC guide, route
// tables).
func (w *Worker) localServices(p *packet) Verdict {
	if p.EtherType == wire.EtherTypeARP {
		return w.arp(p)
	}
	if p.IsND() {
		return w.neighborDiscovery(p)
	}
	if isLinkLocalService(p.Dst) {
		return LocalServiceAbsent
	}
	return next
}

// isLinkLocalService tells whether an address is one of those that EC2 keeps for its
// services: 169.254.0.0/16, and fd00:ec2::/32 (VPC guide, route tables).
func isLinkLocalService(addr wire.Addr) bool {
	if addr.Is4() {
		return addr.As4()>>16 == 169<<8|254
	}
	hi, _ := addr.Words()
	return hi>>32 == 0xfd000ec2
}
