package pipeline

import (
	"math/bits"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// Nearly every packet at the edge is plain (wire.Plain) and passes. Such packets take this way, a
// burst at once, so that the waits for memory overlap: first the keys of all plain frames, then
// one look-up for all, then each frame is rewritten. The same table serves both directions: for
// a packet from the internet it is asked about the destination, and for one from a server about
// the source, whose entry tells whether the server may send it. Whatever else there is to say
// about a packet, edgeInbound and edgeOutbound say: what this way refuses they judge, and what
// it passes they would (TestTheFastEdgeAsTheSlow).

// edgeBurst is the plain packets of a burst at the edge.
type edgeBurst struct {
	n     int
	keys  [tables.Burst]wire.Addr
	at    [tables.Burst]uint32
	frame [tables.Burst]uint8  // index of the packet's frame
	port  [tables.Burst]uint16 // source port of the tunnel to come
	from  [tables.Burst]uint32 // tunnel end that sent the packet
	vni   [tables.Burst]uint32 // its VNI, as the first four bytes of a Station
	six   uint64               // bit i: packet i is IPv6
}

// add adds a packet by its key.
func (b *edgeBurst) add(frame int, key wire.Addr) (i int) {
	i = b.n & (tables.Burst - 1)
	b.keys[i], b.frame[i] = key, uint8(frame)
	b.n++
	return i
}

// watched tells whether every packet takes the slow way: an observer is shown packets, and merged
// frames are no plain ones.
func (w *Worker) watched() bool { return w.observe != nil || w.rx.Merged != 0 || w.fast.shut }

// fastToServers wraps the plain packets of a burst from the internet. Bit i of rest says that
// frames[i] is left.
func (w *Worker) fastToServers(frames []pmd.Frame) (rest uint64) {
	rest = ^uint64(0) >> (pmd.MaxBurst - len(frames))
	if w.watched() {
		return rest
	}
	e, b := w.setup.edge, &w.edge
	b.n = 0
	for i := range frames {
		w.gatherInbound(i, frames[i].Bytes())
	}
	var sent uint64
	for hits := e.single.LookupBurst(&b.keys, b.n, &b.at); hits != 0; hits &= hits - 1 {
		i := bits.TrailingZeros64(hits) & (tables.Burst - 1)
		f, to := &frames[b.frame[i]&(pmd.MaxBurst-1)], e.single.At(b.at[i])
		mac := w.underlay.hops[to.VTEP].mac.Load()
		if mac == unresolved || f.Offset() < w.underlay.overhead || !w.uplink.carries(f.Len()+w.underlay.overhead) {
			continue
		}
		head := f.Bytes()
		wire.Spend(head[wire.EthernetLen:], hopsInside)
		*(*[12]byte)(head) = to.stations()
		w.enclose(f, &to.Station, mac, b.port[i])
		sent |= 1 << b.frame[i]
	}
	w.uplink.putAll(w, frames, sent)
	return rest &^ sent
}

// gatherInbound adds frame i of a burst from the internet, if it is plain, for the edge, has hops
// enough, and its source is near none of the ranges that are spoofed.
func (w *Worker) gatherInbound(i int, frame []byte) {
	e, b := w.setup.edge, &w.edge
	if p := wire.PlainPacket(frame); p != nil {
		src, dst := wire.AddrFrom4(p.Src()), wire.AddrFrom4(p.Dst())
		if p.DstBits() == e.link.bits && p.TTL() > hopsInside && !e.ours.mayHave(src) {
			k := b.add(i, dst)
			b.port[k] = entropyOf(&wire.Tuple{Src: src, Dst: dst, SrcPort: p.SrcPort(), DstPort: p.DstPort(), Proto: p.Proto()})
		}
		return
	}
	if p := wire.PlainPacket6(frame); p != nil && p.HopLimit() > hopsInside && wire.Ethernet(frame).DstBits() == e.link.bits {
		if src, dst := p.Src(), p.Dst(); !e.ours.mayHave(src) {
			k := b.add(i, dst)
			b.port[k] = entropyOf(&wire.Tuple{Src: src, Dst: dst, SrcPort: p.SrcPort(), DstPort: p.DstPort(), Proto: p.Proto()})
		}
	}
}

// fastToInternet sends on the plain packets of a burst from the underlay. Bit i of rest says that
// frames[i] is left.
func (w *Worker) fastToInternet(frames []pmd.Frame) (rest uint64) {
	rest = ^uint64(0) >> (pmd.MaxBurst - len(frames))
	if w.watched() {
		return rest
	}
	e, b := w.setup.edge, &w.edge
	b.n, b.six = 0, 0
	for i := range frames {
		w.gatherOutbound(i, frames[i].Bytes())
	}
	gateways := [2]uint64{e.link.gateways[0].mac.Load(), e.link.gateways[1].mac.Load()}
	var sent uint64
	for hits := e.single.LookupBurst(&b.keys, b.n, &b.at); hits != 0; hits &= hits - 1 {
		i := bits.TrailingZeros64(hits) & (tables.Burst - 1)
		f, from := &frames[b.frame[i]&(pmd.MaxBurst-1)], e.single.At(b.at[i])
		mac := gateways[b.six>>i&1]
		if w.underlay.addrs[from.VTEP] != b.from[i] || from.vniWord() != b.vni[i] || mac == unresolved || !w.internet.carries(f.Len()-wire.OuterLen) {
			continue
		}
		f.Pull(wire.OuterLen)
		head := f.Bytes()
		wire.Spend(head[wire.EthernetLen:], hopsInside)
		e.link.address(head, mac)
		sent |= 1 << b.frame[i]
	}
	w.internet.putAll(w, frames, sent)
	return rest &^ sent
}

// gatherOutbound adds frame i of a burst from the underlay, if it is a plain tunnel to the edge
// without a congestion mark, has hops enough, and its destination is near none of the region's
// own addresses and those that are no internet's.
func (w *Worker) gatherOutbound(i int, frame []byte) {
	e, b := w.setup.edge, &w.edge
	t := wire.PlainTunnel(frame)
	var src, dst wire.Addr
	six := uint64(0)
	if t != nil {
		p := t.Inner()
		src, dst = wire.AddrFrom4(p.Src()), wire.AddrFrom4(p.Dst())
		if p.TTL() <= hopsInside {
			return
		}
	} else {
		var p *wire.Plain6
		if t, p = wire.PlainTunnel6(frame); t == nil || p.HopLimit() <= hopsInside {
			return
		}
		src, dst, six = p.Src(), p.Dst(), 1
	}
	switch to := t.Target(); {
	case wire.AddrFrom4(t.Dst()) != w.underlay.card.VTEP, t.Station() != w.underlay.macBits, t.ECN() != wire.NotECT:
	case t.InnerStation() != e.macBits, e.ours.mayHave(dst), e.link.owns(dst):
	default:
		k := b.add(i, src)
		b.from[k], b.vni[k] = t.Src(), uint32(to.Lo)
		b.six |= six << k
	}
}
