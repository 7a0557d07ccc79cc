package gso

import (
	"encoding/binary"
	"hash/crc32"

	"nitrocard/nic/wire"
)

// sctpSum is where SCTP has its checksum, which is a CRC (RFC 9260 section
// 6.8). No protocol with an internet checksum has it there. Chunks follow.
const sctpSum, sctpLen = 8, 12

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum completes the checksum that h says is missing. The frame holds that of
// the pseudo-header in its place already. It is false if h does not fit the
// frame.
//
// A checksum over a tunnel that the frame is in is right already: the sender
// knew what the finished frame would add up to (Linux calls it local
// checksum offload).
func Sum(frame []byte, h *Header) bool {
	at := h.start + h.offset
	if h.offset == sctpSum {
		return sumSCTP(frame, h.start)
	}
	if at+2 > len(frame) {
		return false
	}
	wire.PutSum(frame[at:at+2], wire.Sum(frame[h.start:], 0))
	return true
}

func sumSCTP(frame []byte, start int) bool {
	if start+sctpSum+4 > len(frame) {
		return false
	}
	field := frame[start+sctpSum:][:4]
	clear(field)
	binary.LittleEndian.PutUint32(field, crc32.Checksum(frame[start:], castagnoli))
	return true
}
