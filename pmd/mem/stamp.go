package mem

import "encoding/binary"

// Stamp writes what tells the flows of a Source apart. The zero Stamp writes
// nothing.
type Stamp struct {
	at    int
	sums  []int
	times uint32
}

// Field returns a stamp that adds the flow's number to the four bytes at
// offset at, an address or a pair of ports, and brings the internet checksums
// at the offsets sums, which cover that field, up to date (RFC 1624). All
// offsets must be even, counted from the start of what the checksum covers.
func Field(at int, sums ...int) Stamp { return Stamp{at, sums, 1} }

// Times is the stamp that adds n times the flow's number.
func (s Stamp) Times(n uint32) Stamp {
	s.times *= n
	return s
}

// put stamps frame, a copy of template. What it changes it reads from the
// template: the copy is still on its way through the store buffer.
func (s *Stamp) put(frame, template []byte, flow uint32) {
	old := binary.BigEndian.Uint32(template[s.at:])
	now := old + flow*s.times
	binary.BigEndian.PutUint32(frame[s.at:], now)
	change := uint64(^old) + uint64(now)
	change = change>>32 + change&0xffffffff
	change = change>>16 + change&0xffff
	for _, at := range s.sums {
		sum := uint64(^binary.BigEndian.Uint16(template[at:])) + change
		sum = sum>>16 + sum&0xffff
		binary.BigEndian.PutUint16(frame[at:], ^uint16(sum>>16+sum))
	}
}
