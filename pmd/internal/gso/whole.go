package gso

import (
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
	var sum [2]byte
	inTunnel := h.start >= leastInTunnel && len(frame) >= pmd.OuterHead
	if inTunnel {
		sum = swapOuterSum(frame, sum)
	}
	if !pmd.MayMerge(frame, h.start, h.size, tunneled) {
		if inTunnel {
			swapOuterSum(frame, sum)
		}
		return 0, false
	}
	complement(frame[h.start+tcpSum:])
	return h.size, true
}

// leastInTunnel is where TCP's header begins at the earliest in outer headers; outside of a
// tunnel it begins before.
const leastInTunnel = wire.OuterLen + wire.EthernetLen + wire.IPv4Len

// swapOuterSum writes the checksum of the outer datagram, and returns what was there. A merged
// frame has none: what a sender left there is unfinished, as each segment needs its own.
func swapOuterSum(frame []byte, sum [2]byte) (was [2]byte) {
	field := frame[outerUDP+udpSum:][:2]
	was = [2]byte(field)
	copy(field, sum[:])
	return was
}

// PutWhole writes the header for a merged frame that is sent whole, and turns its
// checksum back.
func PutWhole(b []byte, f *pmd.Frame) {
	frame := f.Bytes()
	tcp, payload := f.Headers()
	complement(frame[tcp+tcpSum:])
	h := Header{flags: needsSum, kind: tcp4, size: f.Segment(), start: tcp, offset: tcpSum}
	h.put(b, payload)
	if wire.TCP(frame[tcp:]).Flags()&wire.TCPCwr != 0 {
		b[1] |= ecn
	}
}

func complement(sum []byte) { sum[0], sum[1] = ^sum[0], ^sum[1] }
