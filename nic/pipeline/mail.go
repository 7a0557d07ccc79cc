package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// smtp is the port of mail servers (RFC 5321 section 4.5.4.2).
const smtp = 25

// mail keeps a guest from sending to TCP port 25 of the internet.
func (w *Worker) mail(p *packet) Verdict {
	if p.Proto != wire.ProtoTCP || p.key.RemotePort != smtp || p.Frag == wire.LaterFragment {
		return next
	}
	return judgeMail(w.setup.Policy, p.guest.eni, p.Dst)
}

// judgeMail judges what goes to TCP port 25 of an address. EC2 blocks it towards public IPv4
// addresses and towards IPv6, unless an account asks for it, and lets it pass to the VPC's
// primary block and to private addresses: RFC 1918, 6598 and 4193 (EC2 User Guide,
// restriction on email sent using port 25). Which packets of a connection that comes from a
// client's port 25 pass AWS does not document; here the answers are blocked, too.
func judgeMail(policy *vpc.Policy, e *vpc.OwnENI, dst wire.Addr) Verdict {
	switch {
	case policy.Region.Port25Open(), dst.IsPrivate(), e.InPrimaryBlock(dst):
		return next
	}
	return Port25Blocked
}
