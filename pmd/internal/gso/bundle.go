package gso

import (
	"encoding/binary"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

const outerUDP = pmd.OuterHead - wire.UDPLen // where outer headers have that of UDP

// PutBundle writes the header for a bundle (pmd.Cutter.Bundle) of so many packets. The
// checksum of UDP, which each datagram needs for itself, is left to the kernel.
func PutBundle(b, bundle []byte, size, packets int) {
	PutPlain(b, pmd.OuterHead)
	if packets == 1 {
		return
	}
	ip, udp := wire.IPv4(bundle[wire.EthernetLen:]), bundle[outerUDP:]
	partial := wire.PseudoSum(wire.AddrFrom4(ip.Src()), wire.AddrFrom4(ip.Dst()), wire.ProtoUDP, len(udp))
	binary.BigEndian.PutUint16(udp[udpSum:], ^wire.Sum(nil, partial))
	b[0], b[1] = needsSum, udpL4
	binary.NativeEndian.PutUint16(b[4:], uint16(size))
	binary.NativeEndian.PutUint16(b[6:], outerUDP)
	binary.NativeEndian.PutUint16(b[8:], udpSum)
}

// Join makes a bundle a merged frame again, as j says, if h says that frame is a bundle.
// If it is false, the frame is as it was.
func Join(j *pmd.Joiner, frame []byte, h *Header) (merged []byte, segment int, ok bool) {
	if h.kind != udpL4 || h.flags&needsSum == 0 || h.start != outerUDP || h.offset != udpSum {
		return nil, 0, false
	}
	ok = withoutOuterSum(frame, func() bool {
		merged, segment, ok = j.Join(frame, h.size)
		return ok
	})
	return merged, segment, ok
}
