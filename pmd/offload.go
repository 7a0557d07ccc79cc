package pmd

// Offloader is a port whose device may be asked to do something with frames
// before the card sees them. Its methods may be called by anyone at any time,
// and may take long.
//
// No rule changes which frames arrive or what is in them: a card that offers
// rules to a device and one that does not answer the same frames alike.
type Offloader interface {
	// Offer has the device take a rule on. Where it does not, nothing has
	// changed, and the error says why. withdraw ends the rule; Close ends those
	// that are left.
	Offer(r Rule) (withdraw func() error, err error)
}

// Rule is one rule for a device. The zero rule has frames of any VXLAN tunnel
// (RFC 7348) spread over the port's queues by what is in the tunnel.
type Rule struct {
	// Mark, if not zero, is a number that the device notes beside each frame
	// of one flow, which the rest of the rule describes. The frame is spread
	// as any other.
	Mark uint32

	From, To uint32 // tunnel ends, addresses in host byte order
	VNI      uint32 // of the tunnel

	Src, Dst         uint32 // in the tunnel, addresses in host byte order
	SrcPort, DstPort uint16
	Proto            uint8 // TCP or UDP
}
