package oracle

import (
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// optionLists are options of IPv4 (RFC 791 section 3.1): padding, a timestamp, a record of the route, and a security label
// that each fragment has.
var optionLists = []string{"\x01\x01\x01\x00", "\x44\x08\x05\x00\x00\x00\x00\x00", "\x07\x07\x04\x00\x00\x00\x00\x00", "\x82\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"}

// stack gives some packets extension headers, or options.
func (g *generator) stack(p *Packet) {
	switch {
	case g.oneIn(12):
	case g.oneIn(4):
		p.Headers, p.Options = headers{}, ""
		return
	default:
		return
	}
	p.Headers, p.Options = headers{}, ""
	if p.Src.Is4() {
		p.Options = one(g.dice, optionLists)
		return
	}
	n := g.upTo(1, 3)
	if g.oneIn(3) {
		n = g.upTo(mostExtensions-1, mostExtensions+1)
	}
	for range n {
		e := extension{number: one(g.dice, []uint8{hopByHop, routing, destination}), units: uint8(g.upTo(1, 3))}
		if e.number == routing && g.oneIn(3) {
			e.left = 1
		}
		p.Headers = p.Headers.with(e)
	}
}

// withHeader is a packet with an extension header behind those that it has.
func withHeader(p wiretest.Packet, e extension) wiretest.Packet {
	if e.number == routing {
		return p.Routing(int(e.units)*8, e.left)
	}
	return p.Extension(e.number, int(e.units)*8)
}

// headersIn are the extension headers of a packet of IPv6, where they end, and what they have behind them.
func headersIn(b []byte) (end int, proto uint8, h headers) {
	end, proto = wire.IPv6Len, b[6]
	for (proto == hopByHop || proto == routing || proto == destination) && h.n < len(h.list) && len(b) > end+64 {
		e := extension{number: proto, units: b[end+1] + 1}
		if proto == routing {
			e.left = b[end+3]
		}
		proto, end, h = b[end], end+int(e.units)*8, h.with(e)
	}
	return end, proto, h
}
