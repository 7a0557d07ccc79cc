package pipeline

import (
	"encoding/binary"
	"math/bits"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// encap puts the tunnel's headers, prebuilt but for lengths, MACs and source
// port, before the frame.
func (w *Worker) encap(p *packet, to *vpc.Station) Verdict {
	w.enclose(p.frame, to, w.underlay.hops[to.VTEP].mac.Load(), entropy(&p.key))
	p.to = w.uplink
	return Sent
}

// enclose puts a frame into a tunnel of the underlay's family.
func (w *Worker) enclose(f *pmd.Frame, to *vpc.Station, mac uint64, source uint16) {
	if w.underlay.over6 {
		w.wrap6(f, to, mac, source)
		return
	}
	w.wrap(f.Push(wire.OuterLen), to, mac, source)
}

// wrap6 is wrap over IPv6. The source port stands in the flow label, too, by which routers
// spread IPv6 over links (RFC 6438). The pieces of a merged frame get checksums of their own
// when it is cut.
func (w *Worker) wrap6(f *pmd.Frame, to *vpc.Station, mac uint64, source uint16) {
	frame := f.Push(wire.OuterLen6)
	outer := (*[wire.OuterLen6]byte)(frame)
	*outer = w.underlay.tunnels6[to.VTEP]
	*(*[4]byte)(outer[wire.OuterLen6-4:]) = to.VNI
	binary.LittleEndian.PutUint64(outer[:], mac|w.underlay.source)
	binary.LittleEndian.PutUint32(outer[8:], w.underlay.sourceRest)
	ip := outer[wire.EthernetLen:]
	ip[1] = innerECN((*[4]byte)(frame[wire.OuterLen6+wire.EthernetLen-2:])) << 4
	binary.BigEndian.PutUint16(ip[2:], source)
	wire.UDP(ip[wire.IPv6Len:]).SetSrcPort(source)
	if !f.Merged() {
		wire.FinishOuter6(frame)
	}
}

// wrap writes the tunnel's headers to the start of frame, for the hop of that MAC. The
// packet inside is untagged IP, because a VPC carries nothing else.
//
// The inner packet's congestion mark is copied to the outer header, so that the underlay
// may mark a packet instead of dropping it (RFC 6040 section 4.1). The inner DSCP is not
// copied, because a guest must not choose among the underlay's classes (RFC 2983 section
// 3.1, the pipe model).
func (w *Worker) wrap(frame []byte, to *vpc.Station, mac uint64, source uint16) {
	outer := (*[wire.OuterLen]byte)(frame)
	*outer = w.underlay.tunnels[to.VTEP].outer
	*(*[4]byte)(outer[wire.OuterLen-4:]) = to.VNI
	binary.LittleEndian.PutUint64(outer[:], mac|w.underlay.source)
	binary.LittleEndian.PutUint32(outer[8:], w.underlay.sourceRest)
	ip := wire.IPv4(outer[wire.EthernetLen:])
	ecn, total := innerECN((*[4]byte)(frame[wire.OuterLen+wire.EthernetLen-2:])), len(frame)-wire.EthernetLen
	ip[1] = ecn
	ip.SetTotalLen(total)
	sum := uint32(^ip.Checksum()) + uint32(total) + uint32(ecn) // both were 0 in the sum so far
	ip.SetChecksum(^uint16(sum + sum>>16))
	udp := wire.UDP(ip[wire.IPv4Len:])
	udp.SetSrcPort(source)
	udp.SetLength(total - wire.IPv4Len)
}

// entropy is the outer source port of a connection's packets (RFC 7348 section 5). All
// packets of a connection have the same port, so that the underlay keeps them in order.
// The ports of many connections spread over the dynamic range, so that the underlay
// spreads connections over its links.
func entropy(k *flow.Key) uint16 {
	a := uint64(k.Remote)<<32 | uint64(k.Local)
	b := uint64(k.Who)<<32 | uint64(k.RemotePort)<<16 | uint64(k.LocalPort) // a and b: k's two words in memory
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd1b54a32d192ed03)
	return 0xc000 | uint16(hi^lo)
}

// innerECN is the congestion mark of the IP packet before whose first two bytes its
// EtherType stands:
//
//	IPv4  08 00 45 |DSCP|ECN|
//	IPv6  86 dd 6 |class 4|class 4|label|
func innerECN(b *[4]byte) byte {
	if b[0] == wire.EtherTypeIPv6>>8 {
		return b[3] >> 4 & wire.ECNMask
	}
	return b[3] & wire.ECNMask
}
