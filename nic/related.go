package nic

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// findRelated tells whether p is an ICMP error about a packet of a known
// connection. It passes then without a rule of its own, as every stateful
// filter lets it: path MTU discovery depends on it (RFC 4890, and RFC 5508
// section 4 for what a NAT owes to it).
func (w *worker) findRelated(p *packet) bool {
	if !p.IsICMPError() || p.Type == wire.ICMPRedirect {
		return false // a redirect is no news of a connection, and turns a guest's routes
	}
	quote, ok := wire.Embedded(p.frame.Bytes(), &p.Headers)
	if !ok {
		return false
	}
	q := &w.quoted
	q.reset()
	q.Headers, q.dir = quote, p.dir^1
	q.guest = p.guest
	if p.dir == vpc.In {
		q.Src = p.guest.privateOf(q.Src)
		w.keyOut(q, &q.key)
	} else {
		w.keyIn(q, &q.key)
	}
	if q.key.Local != p.key.Local || p.dir == vpc.Out && q.key.Remote != p.key.Remote {
		return false // an error is for whom it quotes: to another it could carry what the groups deny
	}
	w.flows.Lock()
	defer w.flows.Unlock()
	at, known := w.flows.Lookup(&q.key)
	if !known || w.outdated(w.flows.Conn(at)) {
		return false
	}
	p.related, p.at = true, at
	return true
}

// rewriteQuote gives the packet that an ICMP error quotes the address that
// the error itself got: what the guest sent with its private source, the
// internet saw with the public one (RFC 5508 section 4).
func (w *worker) rewriteQuote(p *packet, local uint32) {
	quote, ok := wire.Embedded(p.frame.Bytes(), &p.Headers)
	switch {
	case !ok:
	case p.dir == vpc.In:
		wire.RewriteEmbeddedSrc(p.frame.Bytes(), &p.Headers, &quote, local)
	default:
		wire.RewriteEmbeddedDst(p.frame.Bytes(), &p.Headers, &quote, local)
	}
}
