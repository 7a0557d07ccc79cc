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
// at the offsets sums, at most two, which cover that field, up to date (RFC
// 1624). All offsets must be even, counted from the start of what the
// checksum covers.
func Field(at int, sums ...int) Stamp { return Stamp{at, sums[:min(len(sums), 2)], 1} }

// Times is the stamp that adds n times the flow's number.
func (s Stamp) Times(n uint32) Stamp {
	s.times *= n
	return s
}

// die is a stamp cut for one template: what the template holds where the
// stamp writes is read once.
type die struct {
	at, times, field uint32
	sums             int
	first, second    sum
}

// sum is a checksum that covers the field.
type sum struct {
	at   uint32
	rest uint32 // its complement, without the field
}

// cut makes the die of a template.
func (s Stamp) cut(template []byte) die {
	d := die{at: uint32(s.at), times: s.times, sums: len(s.sums)}
	if s.times == 0 {
		return d
	}
	d.field = binary.BigEndian.Uint32(template[s.at:])
	old := ^d.field>>16 + ^d.field&0xffff
	for i, at := range s.sums {
		c := sum{uint32(at), uint32(^binary.BigEndian.Uint16(template[at:])) + old}
		*[]*sum{&d.first, &d.second}[i] = c
	}
	return d
}

// press stamps a frame that holds the die's template.
func (d *die) press(frame []byte, flow uint32) {
	now := d.field + flow*d.times
	binary.BigEndian.PutUint32(frame[d.at:], now)
	now = now>>16 + now&0xffff
	if d.sums > 0 {
		d.first.press(frame, now)
	}
	if d.sums > 1 {
		d.second.press(frame, now)
	}
}

func (c *sum) press(frame []byte, field uint32) {
	s := c.rest + field
	s = s>>16 + s&0xffff
	binary.BigEndian.PutUint16(frame[c.at:], ^uint16(s>>16+s))
}
