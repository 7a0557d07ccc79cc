package pipeline

import (
	"encoding/binary"
	"math/bits"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// encap puts the tunnel's headers, prebuilt but for lengths, MACs and source
// port, before the frame.
func (w *Worker) encap(p *packet, to *vpc.Station) Verdict {
	hop := &w.underlay.hops[to.VTEP]
	w.wrap(p.frame.Push(wire.OuterLen), to, hop.mac.Load(), entropy(&p.key))
	p.to = w.uplink
	return Sent
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
