package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// antispoof holds a guest to its own addresses. outbound has compared the MAC.
func (w *Worker) antispoof(p *packet) Verdict {
	if (p.EtherType == wire.EtherTypeARP || p.IsND()) && !p.Tagged {
		return next // localServices judges what these say
	}
	return judgeSent(p.guest.eni, &p.Headers)
}

// judgeSent judges what the guest of an ENI sends: a VPC carries untagged IP, and the
// source must pass the source/destination check.
func judgeSent(e *vpc.OwnENI, h *wire.Headers) Verdict {
	switch {
	case !carried(h):
		return foreign(h)
	case h.Src == unspecified && h.Dst == broadcast && h.Proto == wire.ProtoUDP && h.DstPort == PortDHCP:
		return next // a guest that asks DHCP for an address has none to send from
	case h.Src.IsLinkLocal6() && h.Dst == dhcpAgents && h.Proto == wire.ProtoUDP && h.DstPort == PortDHCPv6:
		return next
	case (h.Src.IsLinkLocal6() || h.Src.IsZero()) && h.Dst.IsGroup():
		return GroupAddress // such as what an interface that comes up says of its groups
	case !e.Passes(h.Src):
		return SpoofedAddress
	case martian(h.Src):
		return Martian // which a guest without the check may send, and no receiver on this card asks about
	}
	return next
}
