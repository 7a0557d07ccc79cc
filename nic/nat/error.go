package nat

import (
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// quoted translates frame i, an ICMP error, and the packet that the error quotes, by the
// connection of that packet (RFC 5508 section 4). An error about no connection is dropped.
func (a *Appliance) quoted(i int, inward bool) pipeline.Verdict {
	frame, h := a.frames[i].Bytes(), &a.headers[i]
	q, ok := wire.Embedded(frame, h)
	if !ok || h.Type == wire.ICMPRedirect || q.Frag == wire.LaterFragment {
		return pipeline.NATUnknown
	}
	k := backOf(&q, inward)
	at, ok := a.gateway.ways.Find(&k)
	if !ok {
		return pipeline.NATUnknown
	}
	addr, port, _, ok := a.gateway.ways.At(at).to()
	switch {
	case !ok, inward && h.Dst != q.Src:
		return pipeline.NATUnknown
	case inward:
		wire.RewriteEmbeddedSrcPort(frame, h, &q, port)
		wire.RewriteEmbeddedSrc(frame, h, &q, addr)
		wire.RewriteDst(frame, h, addr)
	default:
		wire.RewriteEmbeddedDstPort(frame, h, &q, port)
		wire.RewriteEmbeddedDst(frame, h, &q, addr)
		wire.RewriteSrc(frame, h, addr)
	}
	a.send(i, inward)
	return pipeline.Sent
}

// backOf is the key of the packets that go the other way than q, which an error that goes
// inward, or outward, quotes.
func backOf(q *wire.Headers, inward bool) Key {
	k := Key{Src: q.Dst, Dst: q.Src, SrcPort: q.DstPort, DstPort: q.SrcPort, Kind: uint32(q.Proto)}
	if q.Proto != wire.ProtoICMP {
		return k
	}
	if query := uint16(wire.ICMPQuery(q.Type)); inward {
		k.SrcPort = query
	} else {
		k.DstPort = query
	}
	return k
}
