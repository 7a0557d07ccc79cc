package mem

import "encoding/binary"

// Stamp turns a fresh copy of a template into the frame of one flow. It must
// not keep the frame.
type Stamp func(frame []byte, flow uint32)

// Field returns a stamp that adds the flow's number to the four bytes at
// offset at, an address or a pair of ports, and brings the internet checksums
// at the offsets sums, which cover that field, up to date (RFC 1624). All
// offsets must be even, counted from the start of what the checksum covers.
func Field(at int, sums ...int) Stamp {
	return func(frame []byte, flow uint32) {
		field := frame[at : at+4]
		old := binary.BigEndian.Uint32(field)
		now := old + flow
		binary.BigEndian.PutUint32(field, now)
		delta := (^old)>>16 + (^old)&0xffff + now>>16 + now&0xffff
		for _, at := range sums {
			word := frame[at : at+2]
			s := uint32(^binary.BigEndian.Uint16(word)) + delta
			s = s>>16 + s&0xffff
			binary.BigEndian.PutUint16(word, ^uint16(s>>16+s))
		}
	}
}
