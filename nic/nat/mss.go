package nat

import (
	"encoding/binary"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// maxMSS is the longest segment that a SYN through a gateway may ask for: a packet through a
// NAT gateway has 8,500 bytes at most (VPC user guide, "NAT gateway basics").
const maxMSS = uint16(vpc.AcrossMTU) - wire.IPv4Len - wire.TCPLen

// clamp lowers the maximum segment size that a SYN asks for (RFC 9293 section 3.7.1), and keeps
// its checksum as right as it was. segment is TCP's header with its options.
//
//	|kind 2|length 4|  MSS  |
func clamp(segment wire.TCP) {
	for at := wire.TCPLen; at < segment.HeaderLen() && segment[at] != 0; {
		n := 1
		if segment[at] != 1 {
			if at+1 >= segment.HeaderLen() || segment[at+1] < 2 {
				return
			}
			n = int(segment[at+1])
		}
		if segment[at] == 2 && n == 4 && at+4 <= segment.HeaderLen() {
			lower(segment, at+2)
		}
		at += n
	}
}

// lower writes maxMSS at an offset, if what stands there is more. An option may begin at an
// odd offset, where each of its bytes is in another half of the checksum's words.
func lower(segment wire.TCP, at int) {
	had := binary.BigEndian.Uint16(segment[at:])
	if had <= maxMSS {
		return
	}
	binary.BigEndian.PutUint16(segment[at:], maxMSS)
	before, after := had, maxMSS
	if at%2 != 0 {
		before, after = before<<8|before>>8, after<<8|after>>8
	}
	sum := segment[16:18]
	binary.BigEndian.PutUint16(sum, wire.Update16(binary.BigEndian.Uint16(sum), before, after))
}
