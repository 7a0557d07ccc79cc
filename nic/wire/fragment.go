package wire

import "encoding/binary"

// Place is where a fragment's payload is in its packet's: the bytes From to To, To not
// included. More tells that others follow.
type Place struct {
	From, To int
	More     bool
}

// Place is the place of the fragment in frame, which h describes.
func (h *Headers) Place(frame []byte) Place {
	if h.EtherType == EtherTypeIPv6 {
		return h.place6(IPv6(frame[h.L3:h.End]))
	}
	ip := IPv4(frame[h.L3:])
	from := ip.FragmentOffset()
	return Place{from, from + int(h.End) - int(h.L4), ip.MoreFragments()}
}

// place6 is Place for the IPv6 packet b: extension headers behind the fragment header count as
// payload.
func (h *Headers) place6(b IPv6) Place {
	next, at, word := b.NextHeader(), IPv6Len, uint16(0)
	for {
		length := 8
		if next != extFragment {
			length += int(b[at+1]) * 8
		} else if word = binary.BigEndian.Uint16(b[at+2:]) &^ 6; word != 0 {
			break
		}
		next, at = b[at], at+length
	}
	from := int(word &^ 7)
	return Place{from, from + len(b) - at - 8, word&1 != 0}
}

// DontFragment tells whether the sender forbids to fragment the packet.
func (b IPv4) DontFragment() bool { return b[6]&(dontFragment>>8) != 0 }

// Fragment makes the header that of a fragment (RFC 791 section 2.3): the packet is b, its
// payload begins at so many bytes of the payload of the packet that is fragmented, and more
// tells that others of that packet follow. What is fragmented may be a fragment, too.
func (b IPv4) Fragment(at int, more bool) {
	word := binary.BigEndian.Uint16(b[6:8]) + uint16(at/8)
	if more {
		word |= moreFragments
	}
	binary.BigEndian.PutUint16(b[6:8], word)
	if at > 0 {
		b.blankOptions()
	}
	b.SetTotalLen(len(b))
	b.SetChecksum(0)
	b.SetChecksum(Sum(b[:b.HeaderLen()], 0))
}

// Kinds of options, and the bit that has an option stand in every fragment (RFC 791 section
// 3.1).
const (
	optionEnd    = 0
	optionNoOp   = 1
	optionCopied = 0x80
)

// blankOptions writes over the options that only the first fragment has.
func (b IPv4) blankOptions() {
	for o := b[IPv4Len:b.HeaderLen()]; len(o) > 0 && o[0] != optionEnd; {
		n := 1
		if o[0] != optionNoOp {
			if len(o) < 2 || o[1] < 2 || int(o[1]) > len(o) {
				return // no option ends here: whoever reads the options sees the same
			}
			n = int(o[1])
		}
		if o[0]&optionCopied == 0 {
			for i := range n {
				o[i] = optionNoOp
			}
		}
		o = o[n:]
	}
}
