package pcap

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// mend finishes the checksums of a frame that its sender left to the hardware
// below, the inner one of a tunnel first. It tells whether there were any.
//
// A capture on the sender's own link holds such frames as they were before the
// hardware: with the pseudo-header's sum, not complemented, where the checksum
// belongs. Nothing else in the file says so. A frame that was damaged on its
// way has that very sum once in 65,536 times, which is why only captures are
// mended, and no frame from a wire.
func mend(frame []byte) bool {
	var h wire.Headers
	if wire.Parse(frame, &h) != wire.NoFault || h.L4 == 0 || h.Frag != wire.Whole {
		return false
	}
	segment := frame[h.L4:h.End]
	at := 0
	switch h.Proto {
	case wire.ProtoTCP:
		at = 16
	case wire.ProtoUDP:
		at, segment = 6, segment[:wire.UDP(segment).Length()]
	default:
		return false
	}
	const toInner = wire.UDPLen + wire.VXLANLen
	inner := h.Proto == wire.ProtoUDP && h.DstPort == wire.PortVXLAN && len(segment) > toInner && mend(segment[toInner:])
	return finish(segment, at, wire.PseudoSum(h.Src, h.Dst, h.Proto, len(segment))) || inner
}

// finish puts the checksum of segment in its place, if what is there is
// the pseudo-header's sum alone, and not right by chance.
func finish(segment []byte, at int, pseudo uint32) bool {
	field := segment[at:][:2]
	if binary.BigEndian.Uint16(field) != ^wire.Sum(nil, pseudo) || wire.Sum(segment, pseudo) == 0 {
		return false
	}
	sum := wire.Sum(segment, 0) // the pseudo-header is in it already
	if sum == 0 {
		sum = 0xffff // 0 would say that a datagram has none
	}
	binary.BigEndian.PutUint16(field, sum)
	return true
}
