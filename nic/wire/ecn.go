package wire

// ECN is what a packet says about congestion: the two lowest bits of IPv4's
// second byte (RFC 3168 section 5). The other six are the DSCP.
type ECN uint8

const (
	NotECT ECN = iota // its ends do not understand marks: congestion drops it
	ECT1              // they do (RFC 9331)
	ECT0              // they do
	CE                // a router on the way was congested

	// ECNMask is where ECN is in its byte.
	ECNMask = 3
)

// Leave is what a packet of a tunnel says when the tunnel's header, which says
// outer, is taken off (RFC 6040 section 4.2, figure 4). ok is false for one whose
// ends would not understand that the tunnel's way was congested: it is to be
// dropped.
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

// ECN is what the packet says about congestion.
func (b IPv4) ECN() ECN { return ECN(b[1] & ECNMask) }

// SetECN writes what the packet says about congestion, and keeps the header's
// checksum as right as it was.
func (b IPv4) SetECN(e ECN) {
	was := uint16(b[1])
	b[1] = b[1]&^ECNMask | byte(e)
	b.SetChecksum(Update16(b.Checksum(), was, uint16(b[1])))
}
