package nat

import (
	"nitrocard/nic/pipeline"
	"nitrocard/nic/siit"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// quoted translates frame i, an ICMP error, and the packet that the error quotes, by the
// connection of that packet (RFC 5508 section 4, RFC 6146 section 3.5.2). An error about no
// connection is dropped, and so is one to anybody but the sender of the packet: no router sends
// such an error, and it would tell others of the connection in the gateway's name.
func (a *Appliance) quoted(i int, inward bool) pipeline.Verdict {
	f, h := &a.frames[i], &a.headers[i]
	q, ok := wire.Embedded(f.Bytes(), h)
	if !ok || h.Type == wire.ICMPRedirect && h.EtherType == wire.EtherTypeIPv4 || q.Frag == wire.LaterFragment {
		return pipeline.NATUnknown
	}
	if q.IsICMP() && !asks(&q, !inward) {
		return pipeline.NATUnknown // neither a query of the inside nor an answer to one
	}
	k := a.gateway.backOf(&q, inward)
	at, ok := a.gateway.ways.Find(&k)
	if !ok {
		return pipeline.NATUnknown
	}
	s, _, ok := a.gateway.ways.At(at).To()
	switch {
	case !ok, h.Dst != q.Src, !inward && h.EtherType == wire.EtherTypeIPv6 && !a.gateway.isOf(at, q.Dst):
		return pipeline.NATUnknown
	case inward:
		ok = errorIn(f, h, &q, s)
	default:
		ok = a.errorOut(f, h, &q, s)
	}
	if !ok {
		return pipeline.NATFamily
	}
	a.send(i, inward)
	return pipeline.Sent
}

// errorIn gives an error from outside, and the packet that it quotes, the address and port of
// the host inside; false: the error has no form in the host's family.
func errorIn(f *pmd.Frame, h, q *wire.Headers, s socket) bool {
	if s.Addr.Is4() {
		wire.RewriteEmbeddedSrcPort(f.Bytes(), h, q, s.Port)
		wire.RewriteEmbeddedSrc(f.Bytes(), h, q, s.Addr)
		wire.RewriteDst(f.Bytes(), h, s.Addr)
		return true
	}
	e := siit.ICMPError{Headers: h, Quote: q,
		To: siit.Ends{Src: h.Src.Converted(), Dst: s.Addr}, QuoteTo: siit.Ends{Src: s.Addr, Dst: q.Dst.Converted()}}
	if !siit.ErrorTo6(f, &e) {
		return false
	}
	quote, ok := wire.Embedded(f.Bytes(), h)
	if ok {
		wire.RewriteEmbeddedSrcPort(f.Bytes(), h, &quote, s.Port)
	}
	return ok
}

// errorOut gives an error from inside, and the packet that it quotes, an address and port of the
// gateway; false: the error has no form in IPv4.
func (a *Appliance) errorOut(f *pmd.Frame, h, q *wire.Headers, s socket) bool {
	if h.EtherType == wire.EtherTypeIPv4 {
		wire.RewriteEmbeddedDstPort(f.Bytes(), h, q, s.Port)
		wire.RewriteEmbeddedDst(f.Bytes(), h, q, s.Addr)
		wire.RewriteSrc(f.Bytes(), h, s.Addr)
		return true
	}
	a.id++
	e := siit.ICMPError{Headers: h, Quote: q,
		To: siit.Ends{Src: s.Addr, Dst: embedded(h.Dst)}, QuoteTo: siit.Ends{Src: embedded(q.Src), Dst: s.Addr}}
	if !siit.ErrorTo4(f, &e, a.id) {
		return false
	}
	quote, ok := wire.Embedded(f.Bytes(), h)
	if ok {
		wire.RewriteEmbeddedDstPort(f.Bytes(), h, &quote, s.Port)
	}
	return ok
}

// backOf is the key of the packets that go the other way than q, which an error that goes
// inward, or outward, quotes.
func (t *table) backOf(q *wire.Headers, inward bool) Key {
	k := Key{Src: q.Dst.As4(), Dst: q.Src.As4(), SrcPort: q.DstPort, DstPort: q.SrcPort, Kind: kindOf(q)}
	if q.EtherType == wire.EtherTypeIPv6 {
		t.from6(&k, q.Dst, q.Src)
	}
	switch {
	case !q.IsICMP():
	case inward:
		k.SrcPort = query(q)
	default:
		k.DstPort = query(q)
	}
	return k
}
