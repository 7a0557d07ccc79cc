package wire

// ECN is a packet's congestion mark: the two lowest bits of IPv4's second byte and of
// IPv6's traffic class (RFC 3168 section 5). The other six bits are the DSCP.
type ECN uint8

const (
	NotECT ECN = iota // the ends know no marks: a congested router drops the packet
	ECT1              // the ends know marks (RFC 9331)
	ECT0              // the ends know marks
	CE                // a router on the way was congested

	// ECNMask is the bits of the mark in IPv4's second byte, and in IPv6's traffic class.
	ECNMask = 3
)

// Leave is the mark of a packet that leaves a tunnel whose own header is marked
// outer (RFC 6040 section 4.2, figure 4). ok is false if the caller must drop the
// packet: the tunnel's way was congested and the packet's ends know no marks.
//
//	          outer
//	inner     Not-ECT   ECT(0)    ECT(1)    CE
//	Not-ECT   Not-ECT   Not-ECT   Not-ECT   drop
//	ECT(0)    ECT(0)    ECT(0)    ECT(1)    CE
//	ECT(1)    ECT(1)    ECT(1)    ECT(1)    CE
//	CE        CE        CE        CE        CE
func (inner ECN) Leave(outer ECN) (left ECN, ok bool) {
	switch {
	case outer == CE:
		return CE, inner != NotECT
	case outer == ECT1 && inner == ECT0:
		return ECT1, true
	}
	return inner, true
}

// ECN is the congestion mark of the IP packet in frame, which h describes.
func (h *Headers) ECN(frame []byte) ECN {
	if h.EtherType == EtherTypeIPv6 {
		return IPv6(frame[h.L3:]).ECN()
	}
	return IPv4(frame[h.L3:]).ECN()
}

// SetECN writes the congestion mark of the IP packet in frame, which h describes. A wrong
// checksum stays wrong.
func (h *Headers) SetECN(frame []byte, e ECN) {
	if h.EtherType == EtherTypeIPv6 {
		IPv6(frame[h.L3:]).SetECN(e)
	} else {
		IPv4(frame[h.L3:]).SetECN(e)
	}
}

// ECN is the packet's congestion mark.
func (b IPv4) ECN() ECN { return ECN(b[1] & ECNMask) }

// SetECN writes the congestion mark and updates the header's checksum. A wrong
// checksum stays wrong.
func (b IPv4) SetECN(e ECN) {
	was := uint16(b[1])
	b[1] = b[1]&^ECNMask | byte(e)
	b.SetChecksum(Update16(b.Checksum(), was, uint16(b[1])))
}
