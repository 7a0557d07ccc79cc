package wire

import "encoding/binary"

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
