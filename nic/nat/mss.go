package nat

import (
	"encoding/binary"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// maxMSS is the longest segment that a SYN through a gateway may ask for: a packet through a
// NAT gateway has 8,500 bytes at most (VPC user guide, "NAT gateway basics").
const maxMSS = uint16(vpc.AcrossMTU) - wire.IPv4Len - wire.TCPLen

// maxMSS6 is maxMSS where the host inside has IPv6.
const maxMSS6 = uint16(vpc.AcrossMTU) - wire.IPv6Len - wire.TCPLen

// clamp lowers the maximum segment size that a SYN asks for to the longest one (RFC 9293 section
// 3.7.1), and keeps its checksum as right as it was. segment is TCP's header with its options.
//
//	|kind 2|length 4|  MSS  |
func clamp(segment wire.TCP, longest uint16) {
	for at := wire.TCPLen; at < segment.HeaderLen() && segment[at] != 0; {
		n := 1
		if segment[at] != 1 {
			if at+1 >= segment.HeaderLen() || segment[at+1] < 2 {
				return
			}
			n = int(segment[at+1])
		}
		if segment[at] == 2 && n == 4 && at+4 <= segment.HeaderLen() {
			lower(segment, at+2, longest)
		}
		at += n
	}
}

// lower writes the longest size at an offset, if what stands there is more. An option may begin
// at an odd offset, where each of its bytes is in another half of the checksum's words.
func lower(segment wire.TCP, at int, longest uint16) {
	had := binary.BigEndian.Uint16(segment[at:])
	if had <= longest {
		return
	}
	binary.BigEndian.PutUint16(segment[at:], longest)
	before, after := had, longest
	if at%2 != 0 {
		before, after = before<<8|before>>8, after<<8|after>>8
	}
	sum := segment[16:18]
	binary.BigEndian.PutUint16(sum, wire.Update16(binary.BigEndian.Uint16(sum), before, after))
}
