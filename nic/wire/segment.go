package wire

// What a segment of a merged packet has of its own. A merged packet is a TCP segment that
// stands for several, as a sender's kernel hands it to a device that cuts it.

// Segment makes the header that of a segment of a merged packet: at is the offset of the
// segment's payload in the merged one, and last tells that none follows. The checksum is
// left. CWR is said by the first segment alone (RFC 3168 section 6.1.2), FIN and PSH by
// the last.
func (b TCP) Segment(at int, last bool) {
	flags := b.Flags()
	if at > 0 {
		flags &^= TCPCwr
	}
	if !last {
		flags &^= TCPFin | TCPPsh
	}
	b.SetFlags(flags)
	b.SetSeq(b.Seq() + uint32(at))
}

// Segment makes the header that of the packet with the segment of a number, from 0 on: the
// packet is b, and each has an identification of its own.
func (b IPv4) Segment(number uint16) {
	b.SetTotalLen(len(b))
	b.SetID(b.ID() + number)
	b.SetChecksum(0)
	b.SetChecksum(Sum(b[:b.HeaderLen()], 0))
}

// PutSum writes a checksum of TCP or UDP, which is never written as 0: see udpSum.
func PutSum(field []byte, sum uint16) {
	sum = udpSum(sum)
	field[0], field[1] = byte(sum>>8), byte(sum)
}
