package gso

import (
	"encoding/binary"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// Whole tells whether a frame that lacks what h says may be lent as merged
// (pmd.Merging), with so many payload bytes in each segment. It is one then: its
// checksum is complemented. tunneled is MayMerge's.
func Whole(frame []byte, h *Header, tunneled bool) (segment int, ok bool) {
	if h.kind != tcp4 || h.flags&needsSum == 0 || h.offset != tcpSum {
		return 0, false
	}
	may := func() bool { return pmd.MayMerge(frame, h.start, h.size, tunneled) }
	if !may() && !(tunneled && withoutOuterSum(frame, may)) {
		return 0, false
	}
	complement(frame[h.start+tcpSum:])
	return h.size, true
}

// withoutOuterSum clears the checksum of the outer datagram, which a merged frame does not
// have: it is unfinished, as each segment needs its own. If fits is false then, the checksum
// is as it was, and so is the answer.
func withoutOuterSum(frame []byte, fits func() bool) bool {
	if len(frame) < pmd.OuterHead {
		return false
	}
	sum := frame[outerUDP+udpSum:][:2]
	left := [2]byte(sum)
	clear(sum)
	ok := fits()
	if !ok {
		copy(sum, left[:])
	}
	return ok
}

// PutWhole writes the header for a merged frame that is sent whole, and turns its
// checksum back.
func PutWhole(b []byte, f *pmd.Frame) {
	frame := f.Bytes()
	tcp, payload := f.Headers()
	complement(frame[tcp+tcpSum:])
	b[0], b[1] = needsSum, tcp4
	if wire.TCP(frame[tcp:]).Flags()&wire.TCPCwr != 0 {
		b[1] |= ecn
	}
	binary.NativeEndian.PutUint16(b[2:], uint16(payload))
	binary.NativeEndian.PutUint16(b[4:], uint16(f.Segment()))
	binary.NativeEndian.PutUint16(b[6:], uint16(tcp))
	binary.NativeEndian.PutUint16(b[8:], tcpSum)
}

func complement(sum []byte) { sum[0], sum[1] = ^sum[0], ^sum[1] }
