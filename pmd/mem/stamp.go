package mem

import "encoding/binary"

// Stamp writes what tells the flows of a Source apart. The zero Stamp writes
// nothing.
type Stamp struct {
	at    int
	sums  []int
	times uint32
	first uint32

	table []uint16 // by flow; nil: none
	to    int      // where an entry is written
}

// Field returns a stamp that adds the flow's number to the four bytes at
// offset at, an address or a pair of ports, and brings the internet checksums
// at the offsets sums, at most two, which cover that field, up to date (RFC
// 1624). All offsets must be even, counted from the start of what the
// checksum covers.
func Field(at int, sums ...int) Stamp { return Stamp{at: at, sums: sums[:min(len(sums), 2)], times: 1} }

// Times is the stamp that adds n times the flow's number.
func (s Stamp) Times(n uint32) Stamp {
	s.times *= n
	return s
}

// From is the stamp that counts flows from n on: a source's flow 0 is flow n of
// all that several sources share.
func (s Stamp) From(n int) Stamp {
	s.first = uint32(n)
	return s
}

// Table is the stamp that also writes the flow's entry of a table to the two bytes at offset
// at, which are 0 in the template and which the last of the stamp's checksums covers. The
// table may be filled after the source was made. Stamps of one source have the same table, if they have one.
func (s Stamp) Table(at int, table []uint16) Stamp {
	s.to, s.table = at, table
	return s
}

// die is a stamp cut for one buffer: where it writes, and what its template
// holds there, are found once. Sums that a stamp does not have are pressed
// into waste, which costs less than to ask. A die is one cache line, because a
// source has one for each buffer.
type die struct {
	times, base   uint32
	rests         [2]uint32 // the complements of the sums, without the field
	first, second *[2]byte  // sums that cover the field
	field         *[4]byte
	to            *[2]byte // where an entry of the table is written, which second covers; nil: the stamp has no table
	waste         [2]byte
}

// cut makes the die of a buffer that holds template, nil for the zero Stamp.
func (s Stamp) cut(frame, template []byte) *die {
	if s.times == 0 {
		return nil
	}
	d := &die{times: s.times}
	d.first, d.second = &d.waste, &d.waste
	d.field = (*[4]byte)(frame[s.at:])
	d.base = binary.BigEndian.Uint32(template[s.at:])
	old := ^d.base>>16 + ^d.base&0xffff
	for i, at := range s.sums {
		last := len(s.sums) - 1 - i
		*[]**[2]byte{&d.second, &d.first}[last] = (*[2]byte)(frame[at:])
		d.rests[1-last] = uint32(^binary.BigEndian.Uint16(template[at:])) + old
	}
	d.base += s.first * s.times
	if s.table != nil {
		d.to = (*[2]byte)(frame[s.to:])
	}
	return d
}

// press stamps the die's buffer, into which its template was just copied, with a flow
// of the source's, whose entry is that in table.
func (d *die) press(flow uint32, table []uint16) {
	now := d.base + flow*d.times
	binary.BigEndian.PutUint32(d.field[:], now)
	now = now>>16 + now&0xffff
	pressSum(d.first, d.rests[0]+now)
	if d.to != nil {
		entry := table[flow]
		binary.BigEndian.PutUint16(d.to[:], entry)
		now += uint32(entry)
	}
	pressSum(d.second, d.rests[1]+now)
}

// pressSum writes the checksum of what has the sum s.
func pressSum(at *[2]byte, s uint32) {
	s = s>>16 + s&0xffff
	binary.BigEndian.PutUint16(at[:], ^uint16(s>>16+s))
}
