package wire

import "encoding/binary"

// IPv4 is a packet from its header's first byte (RFC 791 section 3.1):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|Version|  IHL  |Type of Service|          Total Length         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|         Identification        |0|D|M|     Fragment Offset     |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Time to Live |    Protocol   |         Header Checksum       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                         Source Address                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Destination Address                      |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Options, IHL - 5 words                     |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type IPv4 []byte

// HeaderLen is the header's length in bytes, options included.
func (b IPv4) HeaderLen() int { return int(b[0]&0x0f) * 4 }

// TotalLen is the packet's length in bytes, header included.
func (b IPv4) TotalLen() int { return int(binary.BigEndian.Uint16(b[2:4])) }

// ID is the identification, which all fragments of a packet share.
func (b IPv4) ID() uint16 { return binary.BigEndian.Uint16(b[4:6]) }

// MoreFragments tells whether another fragment of the packet follows.
func (b IPv4) MoreFragments() bool { return b[6]&0x20 != 0 }

// FragmentOffset is this fragment's place in the packet's payload, in bytes.
func (b IPv4) FragmentOffset() int { return int(binary.BigEndian.Uint16(b[6:8])&0x1fff) * 8 }

// Proto is the protocol of the payload.
func (b IPv4) Proto() uint8 { return b[9] }

// Checksum is the header's checksum.
func (b IPv4) Checksum() uint16 { return binary.BigEndian.Uint16(b[10:12]) }

// Src is the address that the packet claims to come from.
func (b IPv4) Src() uint32 { return binary.BigEndian.Uint32(b[12:16]) }

// Dst is the address that the packet is for.
func (b IPv4) Dst() uint32 { return binary.BigEndian.Uint32(b[16:20]) }

// SetTotalLen writes the packet's length in bytes, header included.
func (b IPv4) SetTotalLen(n int) { binary.BigEndian.PutUint16(b[2:4], uint16(n)) }

// SetID writes the identification.
func (b IPv4) SetID(id uint16) { binary.BigEndian.PutUint16(b[4:6], id) }

// SetChecksum writes the header's checksum.
func (b IPv4) SetChecksum(sum uint16) { binary.BigEndian.PutUint16(b[10:12], sum) }

// SetSrc writes the source address alone. RewriteSrc updates checksums too.
func (b IPv4) SetSrc(addr uint32) { binary.BigEndian.PutUint32(b[12:16], addr) }

// SetDst writes the destination address alone. RewriteDst updates checksums too.
func (b IPv4) SetDst(addr uint32) { binary.BigEndian.PutUint32(b[16:20], addr) }

// parseIPv4 reads the packet b, which begins at h.L3, and its transport header.
func parseIPv4(b []byte, h *Headers) Fault {
	if len(b) < IPv4Len {
		return FaultIPv4Truncated
	}
	p := (*[IPv4Len]byte)(b)
	headerLen := IPv4Len
	if p[0] != 0x45 {
		var f Fault
		if headerLen, f = headerLength(b); f != NoFault {
			return f
		}
	}
	total := int(binary.BigEndian.Uint16(p[2:]))
	if total < headerLen {
		return FaultIPv4LengthShort
	}
	if total > len(b) {
		return FaultIPv4LengthBeyond
	}
	if !headerSumRight(p, b[IPv4Len:headerLen]) {
		return FaultIPv4Checksum
	}
	h.ID = uint32(binary.BigEndian.Uint16(p[4:]))
	h.Proto = p[9]
	h.Src = AddrFrom4(binary.BigEndian.Uint32(p[12:]))
	h.Dst = AddrFrom4(binary.BigEndian.Uint32(p[16:]))
	h.L4 = h.L3 + uint16(headerLen)
	h.End = h.L3 + uint16(total)
	if frag := binary.BigEndian.Uint16(p[6:]) & (moreFragments | fragmentOffset); frag != 0 {
		if f := parseFragment(frag, total, headerLen, h); f != NoFault || h.Frag == LaterFragment {
			return f
		}
	}
	return parseTransport(b[headerLen:total], h)
}

// headerLength is the length of the header at the start of b, with options.
func headerLength(b []byte) (int, Fault) {
	n := IPv4(b).HeaderLen()
	switch {
	case b[0]>>4 != 4:
		return 0, FaultIPv4Version
	case n < IPv4Len:
		return 0, FaultIPv4HeaderLength
	case n > len(b):
		return 0, FaultIPv4Truncated
	}
	return n, NoFault
}

// headerSumRight tells whether a header's checksum is right: whether 0xffff
// divides the sum of the header's 16-bit words. The sum of the 32-bit words has
// the same remainder, because 1<<16 has the remainder 1, and so has the sum in the
// other byte order. The compiler turns the remainder into one multiplication.
func headerSumRight(p *[IPv4Len]byte, options []byte) bool {
	sum := uint64(binary.LittleEndian.Uint32(p[0:])) +
		uint64(binary.LittleEndian.Uint32(p[4:])) +
		uint64(binary.LittleEndian.Uint32(p[8:])) +
		uint64(binary.LittleEndian.Uint32(p[12:])) +
		uint64(binary.LittleEndian.Uint32(p[16:]))
	for ; len(options) >= 4; options = options[4:] {
		sum += uint64(binary.LittleEndian.Uint32(options))
	}
	return sum%0xffff == 0
}

// Bits of the header's word of flags and fragment offset.
const (
	moreFragments  = 0x2000
	fragmentOffset = 0x1fff
)

// parseFragment judges a fragment by its word of flags and offset, and by the lengths of its
// packet and of the header.
func parseFragment(word uint16, total, header int, h *Headers) Fault {
	offset := int(word & fragmentOffset)
	h.Frag = FirstFragment
	if offset != 0 {
		h.Frag = LaterFragment
	}
	switch {
	case offset == 0:
		return NoFault
	case offset*8+total > 0xffff:
		return FaultFragmentOverrun
	case offset == 1 && h.Proto == ProtoTCP:
		return FaultFragmentTiny // its data could overwrite the first fragment's flags (RFC 3128)
	}
	return fragmentLength(total-header, word&moreFragments != 0)
}

// fragmentLength judges how many bytes of payload a fragment has, of which others follow if
// more is set. A host would cut them to a multiple of 8 or drop the fragment (RFC 791 section
// 3.2), and see another place of the next fragment than the card.
func fragmentLength(n int, more bool) Fault {
	if n == 0 || more && n%8 != 0 {
		return FaultFragmentLength
	}
	return NoFault
}
