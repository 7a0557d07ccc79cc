package wire

import "encoding/binary"

// Tuple is what a filter asks about a packet: host byte order throughout.
type Tuple struct {
	Src, Dst uint32
	// SrcPort and DstPort are TCP's and UDP's. Both are the identifier of an
	// ICMP query, so that request and reply are one conversation, and 0 for
	// everything else and for later fragments.
	SrcPort, DstPort uint16
	Proto            uint8
}

// Frag says which part of an IPv4 packet a frame holds.
type Frag uint8

// A whole packet, its first fragment with the transport header, or a later
// one without.
const (
	Whole Frag = iota
	FirstFragment
	LaterFragment
)

// Headers is what Parse found in a frame. Offsets count from the frame's
// first byte.
type Headers struct {
	Tuple
	Flags      uint8  // of TCP
	Frag       Frag   // Whole if it is not IPv4
	Type, Code uint8  // of ICMP
	Tagged     bool   // as of a VLAN, by at least one tag; a tag for a priority alone is none
	EtherType  uint16 // after all VLAN tags; below 1536 it is IEEE 802.3's length
	VLAN       uint16 // ID in the outermost tag that names a VLAN, 0 without one
	L3         uint16 // what the EtherType speaks of
	L4         uint16 // what follows the IPv4 header; 0 if it is not IPv4
	End        uint16 // end of the IPv4 packet; padding follows. The frame's end if it is not IPv4
	ID         uint16 // of the IPv4 packet, shared by its fragments
}

// Parse judges a frame and describes it in h. IPv4 is read up to the
// transport header of TCP, UDP and ICMP, ARP is judged, and other EtherTypes
// are named and left alone. After a fault h holds what was read before it, or
// zero.
func Parse(frame []byte, h *Headers) Fault {
	if plainPacket(frame, h) {
		return NoFault
	}
	return parseAny(frame, h)
}

// parseAny is Parse for every frame.
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
	case EtherTypeARP:
		return checkARP(frame[h.L3:])
	}
	return NoFault
}

// cut is the fault of a transport header that is not all there: f, or that of
// a first fragment whose sender left the rest for a later one.
func (h *Headers) cut(f Fault) Fault {
	if h.Frag == FirstFragment {
		return FaultFragmentTiny
	}
	return f
}
