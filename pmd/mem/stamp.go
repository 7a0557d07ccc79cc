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
// table may be filled after the source was made.
func (s Stamp) Table(at int, table []uint16) Stamp {
	s.to, s.table = at, table
	return s
}

// die is a stamp cut for one buffer: where it writes, and what its template
// holds there, are found once. Sums that a stamp does not have are pressed
// into waste, which costs less than to ask.
type die struct {
	times, base   uint32
	field         *[4]byte
	first, second sum
	waste         [2]byte

	table []uint16
	start uint32   // the flow of the table that the source's flow 0 is
	to    *[2]byte // where an entry is written, which second covers
}

// sum is a checksum that covers the field.
type sum struct {
	at   *[2]byte
	rest uint32 // its complement, without the field
}

// cut makes the die of a buffer that holds template, nil for the zero Stamp.
func (s Stamp) cut(frame, template []byte) *die {
	if s.times == 0 {
		return nil
	}
	d := &die{times: s.times}
	d.first.at, d.second.at = &d.waste, &d.waste
	d.field = (*[4]byte)(frame[s.at:])
	d.base = binary.BigEndian.Uint32(template[s.at:])
	old := ^d.base>>16 + ^d.base&0xffff
	for i, at := range s.sums {
		c := sum{(*[2]byte)(frame[at:]), uint32(^binary.BigEndian.Uint16(template[at:])) + old}
		*[]*sum{&d.second, &d.first}[len(s.sums)-1-i] = c
	}
	d.base += s.first * s.times
	if s.table != nil {
		d.table, d.start, d.to = s.table, s.first, (*[2]byte)(frame[s.to:])
	}
	return d
}

// press stamps the die's buffer, into which its template was just copied.
func (d *die) press(flow uint32) {
	now := d.base + flow*d.times
	binary.BigEndian.PutUint32(d.field[:], now)
	now = now>>16 + now&0xffff
	d.first.press(now)
	if d.table != nil {
		entry := d.table[d.start+flow]
		binary.BigEndian.PutUint16(d.to[:], entry)
		now += uint32(entry)
	}
	d.second.press(now)
}

func (c *sum) press(field uint32) {
	s := c.rest + field
	s = s>>16 + s&0xffff
	binary.BigEndian.PutUint16(c.at[:], ^uint16(s>>16+s))
}
