package nftables

import (
	"fmt"
	"net/netip"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// The two sides.
const guest, far = 0, 1

// talk is a flow, as its two ends know it.
type talk struct {
	*family
	from             int // the side that began
	proto            uint8
	src, dst         netip.Addr
	srcPort, dstPort uint16 // of ICMP the identification, and the type
	answered, agreed bool   // TCP: SYN+ACK was sent, and the ACK of that
}

// traffic chooses packets.
type traffic struct {
	dice
	talks []*talk
}

// next is a packet and the side that sends it: the first one of a flow, one that goes on, an
// answer, or an error about what the side got.
func (g *traffic) next() (from int, p wiretest.Packet, what string) {
	if len(g.talks) == 0 || g.IntN(3) == 0 {
		g.talks = append(g.talks, g.begin())
	}
	t := g.talks[len(g.talks)-1-min(g.IntN(len(g.talks)), g.IntN(len(g.talks)))]
	switch n := g.IntN(10); {
	case n < 4:
		return t.from, t.there(), fmt.Sprintf("%+v goes on", *t)
	case n < 9:
		return 1 - t.from, t.back(), fmt.Sprintf("%+v is answered", *t)
	}
	return 1 - t.from, t.complain(one(g.dice, []uint8{1, 3, 4})), fmt.Sprintf("an error about %+v", *t)
}

// begin is a new flow.
func (g *traffic) begin() *talk {
	f := one(g.dice, families)
	t := &talk{family: f, from: g.IntN(2), proto: one(g.dice, []uint8{wire.ProtoTCP, wire.ProtoTCP, wire.ProtoUDP, wire.ProtoUDP, wire.ProtoICMP, 99}),
		src: f.guest, dst: one(g.dice, f.beyond), srcPort: uint16(40000 + g.IntN(4)), dstPort: one(g.dice, []uint16{80, 443, 5000})}
	if t.from == far {
		t.src, t.dst = t.dst, t.src
	}
	if t.proto == wire.ProtoICMP {
		t.dstPort = one(g.dice, f.queries)
	}
	return t
}

// there is what the side that began sends next.
func (t *talk) there() wiretest.Packet {
	src, dst := netip.AddrPortFrom(t.src, t.srcPort).String(), netip.AddrPortFrom(t.dst, t.dstPort).String()
	switch t.proto {
	case wire.ProtoTCP:
		if t.answered {
			t.agreed = true
			return wiretest.TCP(src, dst).Flags(wire.TCPAck).Seq(101, 501)
		}
		return wiretest.TCP(src, dst).Flags(wire.TCPSyn).Seq(100, 0)
	case wire.ProtoUDP:
		return wiretest.UDP(src, dst).Payload("question")
	case wire.ProtoICMP:
		return wiretest.Query(t.src.String(), t.dst.String(), uint8(t.dstPort), t.srcPort)
	}
	return wiretest.IP(t.src.String(), t.dst.String(), t.proto).Payload("question")
}

// back is an answer.
func (t *talk) back() wiretest.Packet {
	src, dst := netip.AddrPortFrom(t.dst, t.dstPort).String(), netip.AddrPortFrom(t.src, t.srcPort).String()
	switch t.proto {
	case wire.ProtoTCP:
		t.answered = true
		if t.agreed {
			return wiretest.TCP(src, dst).Flags(wire.TCPAck).Seq(501, 101)
		}
		return wiretest.TCP(src, dst).Flags(wire.TCPSyn|wire.TCPAck).Seq(500, 101)
	case wire.ProtoUDP:
		return wiretest.UDP(src, dst).Payload("answer")
	case wire.ProtoICMP:
		return wiretest.Query(t.dst.String(), t.src.String(), t.replies[t.dstPort], t.srcPort)
	}
	return wiretest.IP(t.dst.String(), t.src.String(), t.proto).Payload("answer")
}

// complain is an ICMP error of the receiver about what the side that began sent.
func (t *talk) complain(code uint8) wiretest.Packet {
	before := *t
	return wiretest.ICMPError(t.unreachable, code, t.dst.String(), before.there().Bytes())
}
