package pipeline

import (
	"math/bits"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// parse gathers in b frames that a guest sent, those that rest has a bit for.
func (w *Worker) parse(b *burst, g *guest, frames []pmd.Frame, rest uint64) {
	b.n, b.looked = 0, 0
	for ; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest) & (pmd.MaxBurst - 1)
		p := &b.packets[b.n]
		p.begin(&frames[i], wire.Out)
		p.guest = g
		if w.fast.plain&(1<<i) != 0 {
			(*wire.Plain)(p.frame.Bytes()).Describe(&p.Headers)
			w.adopted(b, i)
			continue
		}
		if fault := wire.Parse(p.frame.Bytes(), &p.Headers); fault != wire.NoFault {
			w.finish(p, Malformed(fault))
			continue
		}
		p.untag()
		w.keyOut(p, &b.keys[b.n])
		b.n++
	}
}

// dhcpServer is the port that DHCP clients send to (RFC 2131 section 4.1).
const dhcpServer = 67

// antispoof holds a guest to its own addresses. The MAC was compared before.
func (w *Worker) antispoof(p *packet) Verdict {
	if p.EtherType == wire.EtherTypeARP && !p.Tagged {
		return next
	}
	return judgeSent(p.guest.eni, &p.Headers)
}

// judgeSent judges what the guest of an ENI sends: a VPC carries untagged IPv4, and the
// source must pass the source/destination check.
func judgeSent(e *vpc.OwnENI, h *wire.Headers) Verdict {
	switch {
	case h.EtherType != wire.EtherTypeIPv4 || h.Tagged:
		return foreign(h)
	case h.Src == unspecified && h.Proto == wire.ProtoUDP && h.DstPort == dhcpServer:
		return LocalServiceAbsent // a guest that asks for its address has none to send from
	case !e.Passes(h.Src):
		return SpoofedAddress
	}
	return next
}
