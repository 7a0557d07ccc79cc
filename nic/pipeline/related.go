package pipeline

import (
	"nitrocard/nic/wire"
)

// findRelated tells whether p, an ICMP error, is about a packet of a known connection.
// Such an error passes without a rule of its own, as in every stateful filter, because
// path MTU discovery depends on the error (RFC 4890; RFC 5508 section 4 for a NAT).
func (w *Worker) findRelated(p *packet) bool {
	if p.Type == wire.ICMPRedirect {
		return false // a redirect tells nothing of a connection, and would change the guest's routes
	}
	quote, ok := wire.Embedded(p.frame.Bytes(), &p.Headers)
	if !ok {
		return false
	}
	q := &w.quoted
	q.begin(p.frame, p.dir^1)
	q.Headers, q.guest = quote, p.guest
	if p.dir == wire.In {
		q.Src = w.privateFor(p, q.Src)
		w.keyOut(q, &q.key)
	} else {
		w.keyIn(q, &q.key)
	}
	if q.pair.Local != p.pair.Local || p.dir == wire.Out && q.pair.Remote != p.pair.Remote {
		return false // an error must go to the sender of the quoted packet; to another it could carry what the groups deny
	}
	at, epoch, s := w.flows.Find(&q.key)
	if epoch == 0 || !w.flows.Has(at, &q.pair) {
		return false
	}
	if w.outdated(epoch, s) {
		if _, v := judgeGroups(q.guest.eni, q.query(s.Initiator())); v != next {
			return false // the next packet of the flow will be cut, too
		}
	}
	p.related, p.at = true, at
	return true
}

// translateQuote translates the packet that p, an ICMP error, quotes: the guest knows
// the quoted packet by the private address, the internet by the public one (RFC 3022
// section 4.3, RFC 5508 section 4.2). translateQuote does so whether a connection or a
// rule let p pass, however much p quotes. A p that is no ICMP error stays as it is.
func (p *packet) translateQuote() {
	frame := p.frame.Bytes()
	q, ok := wire.Quote(frame, &p.Headers)
	switch {
	case !ok, !q.Src.Is4(): // IPv6 is not translated
	case p.dir == wire.In:
		wire.RewriteEmbeddedSrc(frame, &p.Headers, &q, p.guest.privateOf(q.Src))
	default:
		if public, _ := p.guest.eni.Published(q.Dst); !public.IsZero() {
			wire.RewriteEmbeddedDst(frame, &p.Headers, &q, public)
		}
	}
}
