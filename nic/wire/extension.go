package wire

import "encoding/binary"

// Extension headers that stand between an IPv6 header and the payload (RFC 8200 section
// 4). Any other number is the payload's protocol; so AH and ESP are protocols, which a
// rule may name.
const (
	extHopByHop    = 0
	extRouting     = 43
	extFragment    = 44
	extDestination = 60
)

// maxExtensions bounds the walk over extension headers, which a hostile sender could
// make as long as the packet. Each of the four kinds may stand once, and destination
// options twice (RFC 8200 section 4.1); a few more are let through.
const maxExtensions = 8

// walkExtensions passes over the extension headers of the IPv6 packet b, whose payload's
// protocol it writes to h. at is where the payload begins; in a later fragment, where the
// fragment's part of the payload begins.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Next Header  | 8-byte units  | 6 bytes of options or more …  |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func walkExtensions(b []byte, h *Headers) (at int, f Fault) {
	at, h.Proto = IPv6Len, IPv6(b).NextHeader()
	for range maxExtensions + 1 { // the last time finds the payload
		length := 0
		switch h.Proto {
		default:
			return at, NoFault
		case extFragment:
			length = 8
		case extHopByHop, extRouting, extDestination:
			if len(b) > at+1 {
				length = 8 + int(b[at+1])*8
			}
		}
		if length == 0 || len(b) < at+length {
			return at, h.cut(FaultIPv6Extension)
		}
		if h.Proto == extFragment {
			if h.Frag == FirstFragment {
				return at, FaultFragmentTiny // whose own fragments have the rest of the headers
			}
			f = parseFragment6(b[at:], h)
		}
		h.Proto, at = b[at], at+length
		if f != NoFault || h.Frag == LaterFragment {
			return at, f
		}
	}
	return at, FaultIPv6Extensions
}

// parseFragment6 reads the fragment header at the start of b, which ends where the packet
// does (RFC 8200 section 4.5). A packet that is its own only fragment counts as whole (RFC
// 6946).
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Next Header  |   Reserved    |      Fragment Offset    |Res|M|
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                         Identification                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func parseFragment6(b []byte, h *Headers) Fault {
	word := binary.BigEndian.Uint16(b[2:])
	offset := int(word &^ 7)
	switch {
	case offset == 0 && word&1 == 0:
		return NoFault
	case offset == 0:
		h.Frag = FirstFragment
	default:
		h.Frag = LaterFragment
	}
	h.ID = binary.BigEndian.Uint32(b[4:])
	switch {
	case offset+len(b)-8 > 0xffff:
		return FaultFragmentOverrun
	case offset == 8 && b[0] == ProtoTCP:
		return FaultFragmentTiny // as parseFragment has it
	case offset == 0:
		return NoFault
	}
	return fragmentLength(len(b)-8, word&1 != 0)
}
