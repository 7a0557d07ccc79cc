package pipeline

import (
	"nitrocard/nic/wire"
)

// findRelated tells whether p is an ICMP error about a packet of a known
// connection. It passes then without a rule of its own, as every stateful
// filter lets it: path MTU discovery depends on it (RFC 4890, and RFC 5508
// section 4 for what a NAT owes to it).
func (w *Worker) findRelated(p *packet) bool {
	if !p.IsICMPError() || p.Type == wire.ICMPRedirect {
		return false // a redirect is no news of a connection, and turns a guest's routes
	}
	quote, ok := wire.Embedded(p.frame.Bytes(), &p.Headers)
	if !ok {
		return false
	}
	q := &w.quoted
	q.begin(p.frame, p.dir^1)
	q.Headers, q.guest = quote, p.guest
	if p.dir == wire.In {
		q.Src = p.guest.privateOf(q.Src)
		w.keyOut(q, &q.key)
	} else {
		w.keyIn(q, &q.key)
	}
	if q.key.Local != p.key.Local || p.dir == wire.Out && q.key.Remote != p.key.Remote {
		return false // an error is for whom it quotes: to another it could carry what the groups deny
	}
	at, epoch, s := w.flows.Find(&q.key)
	if epoch == 0 || w.outdated(epoch, s) {
		return false
	}
	p.related, p.at = true, at
	return true
}

// translateQuote translates the packet that p quotes, if p is an ICMP error, as
// that packet was on its own way: what the guest sent with its private source,
// the internet saw with the public one. Whether p passed by a connection or by a
// rule, and how much it quotes, is all the same (RFC 3022 section 4.3, RFC 5508
// section 4.2).
func (p *packet) translateQuote() {
	frame := p.frame.Bytes()
	q, ok := wire.Quote(frame, &p.Headers)
	switch {
	case !ok:
	case p.dir == wire.In:
		wire.RewriteEmbeddedSrc(frame, &p.Headers, &q, p.guest.privateOf(q.Src))
	default:
		if public := p.guest.eni.PublicOf(q.Dst); !public.IsZero() {
			wire.RewriteEmbeddedDst(frame, &p.Headers, &q, public)
		}
	}
}
