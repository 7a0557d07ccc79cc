package wire

import "encoding/binary"

// Tuple is what a filter asks about a packet: addresses, ports and protocol, all
// in host byte order.
type Tuple struct {
	Src, Dst Addr
	// SrcPort and DstPort are the ports of TCP and UDP. Of an ICMP query and its
	// answer both are the identifier, so that the two are one conversation. Of any
	// other packet, and of later fragments, both are 0.
	SrcPort, DstPort uint16
	Proto            uint8
}

// Frag says which part of an IP packet a frame holds.
type Frag uint8

const (
	Whole         Frag = iota // the whole packet, or no IP packet
	FirstFragment             // the first fragment, with the transport header
	LaterFragment             // a later fragment, without
)

// Headers is Parse's description of a frame. Offsets count from the frame's first
// byte; the package comment draws L3, L4 and End.
type Headers struct {
	Tuple
	Flags      uint8  // TCP's flags
	Frag       Frag   // the part of the IP packet that the frame holds
	Type, Code uint8  // ICMP's type and code
	Tagged     bool   // whether a tag names a VLAN; a tag for a priority alone names none
	EtherType  uint16 // the EtherType after all VLAN tags; below 1536 it is IEEE 802.3's length
	L3         uint16 // offset of the header that EtherType names
	L4         uint16 // offset of the IP packet's payload, behind extension headers; 0 without an IP packet
	End        uint16 // offset of the IP packet's end, where padding begins; without an IP packet the frame's end
	ID         uint32 // the packet's identification, which its fragments share; of IPv6 only fragments have one
}

// Parse judges a frame and describes the frame in h. Parse reads IPv4 and IPv6 with the
// transport headers of TCP, UDP and ICMP, judges ARP, and names any other
// EtherType without a look at what follows. After a fault h holds the headers
// before the fault, or zero.
func Parse(frame []byte, h *Headers) Fault {
	if plainPacket(frame, h) {
		return NoFault
	}
	return parseAny(frame, h)
}

// parseAny is Parse without the short way for plain frames.
func parseAny(frame []byte, h *Headers) Fault {
	*h = Headers{}
	if len(frame) < EthernetLen {
		return FaultEthernetTruncated
	}
	if len(frame) > 0xffff {
		return FaultFrameOversize
	}
	h.L3, h.End = EthernetLen, uint16(len(frame))
	h.EtherType = binary.BigEndian.Uint16(frame[12:])
	if isTag(h.EtherType) {
		if f := parseTags(frame, h); f != NoFault {
			return f
		}
	}
	switch h.EtherType {
	case EtherTypeIPv4:
		return parseIPv4(frame[h.L3:], h)
	case EtherTypeIPv6:
		return parseIPv6(frame[h.L3:], h)
	case EtherTypeARP:
		return checkARP(frame[h.L3:])
	}
	return NoFault
}

// cut is the fault of a transport header that ends too early: f, but
// FaultFragmentTiny in a first fragment, whose sender left the rest of the header
// for a later fragment.
func (h *Headers) cut(f Fault) Fault {
	if h.Frag == FirstFragment {
		return FaultFragmentTiny
	}
	return f
}

// parseTransport reads the transport header at the start of b, the payload of an IP packet
// that is whole, or of a first fragment.
func parseTransport(b []byte, h *Headers) (f Fault) {
	switch {
	case h.Proto == ProtoTCP:
		f = parseTCP(b, h)
	case h.Proto == ProtoUDP:
		f = parseUDP(b, h)
	case h.IsICMP():
		f = parseICMP(b, h)
	}
	if f == NoFault && h.Frag == FirstFragment {
		f = fragmentLength(len(b), true)
	}
	return f
}
