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
	if packets == 1 {
		PutPlain(b, pmd.OuterHead)
		return
	}
	ip, udp := wire.IPv4(bundle[wire.EthernetLen:]), bundle[outerUDP:]
	partial := wire.PseudoSum(wire.AddrFrom4(ip.Src()), wire.AddrFrom4(ip.Dst()), wire.ProtoUDP, len(udp))
	binary.BigEndian.PutUint16(udp[udpSum:], ^wire.Sum(nil, partial))
	h := Header{flags: needsSum, kind: udpL4, size: size, start: outerUDP, offset: udpSum}
	h.put(b, pmd.OuterHead)
}

// Join makes a bundle a merged frame again, as j says, if h says that frame is a bundle.
// If it is false, the frame is as it was.
func Join(j *pmd.Joiner, frame []byte, h *Header) (merged []byte, segment int, ok bool) {
	if h.kind != udpL4 || h.flags&needsSum == 0 || h.start != outerUDP || h.offset != udpSum || len(frame) < pmd.OuterHead {
		return nil, 0, false
	}
	sum := swapOuterSum(frame, [2]byte{})
	if merged, segment, ok = j.Join(frame, h.size); !ok {
		swapOuterSum(frame, sum)
	}
	return merged, segment, ok
}
