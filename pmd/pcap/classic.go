package pcap

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// classic reads the packets of a pcap file (draft-ietf-opsawg-pcap). A header
// begins it, and then packets follow:
//
//	magic u32, major u16, minor u16, reserved u64, snap length u32, link type u32
//	seconds u32, fraction u32, captured u32, length u32, data
//
// The magic number tells the byte order, and whether times are in microseconds or
// in nanoseconds. The snap length is not held to: writers that cut nothing often
// state one that is too small.
type classic struct {
	in     *bufio.Reader
	order  binary.ByteOrder
	unit   int64 // nanoseconds that the fraction counts
	link   link
	record [recordLen]byte
	body   []byte
	number int // of the packet read last, from 1
}

const (
	micros, nanos = 0xa1b2c3d4, 0xa1b23c4d
	headerLen     = 24
	recordLen     = 16
)

func newClassic(in *bufio.Reader) (*classic, error) {
	var head [headerLen]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, unreadable(err)
	}
	c := &classic{in: in}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head[:]) {
		case micros:
			c.order, c.unit = order, 1000
		case nanos:
			c.order, c.unit = order, 1
		}
	}
	if c.order == nil {
		return nil, unreadable(fmt.Errorf("it starts with %x", head[:4]))
	}
	if major, minor := c.order.Uint16(head[4:]), c.order.Uint16(head[6:]); major != 2 || minor != 4 {
		return nil, unreadable(fmt.Errorf("its version is %d.%d, and 2.4 is known", major, minor))
	}
	return c, c.carries(c.order.Uint32(head[20:]))
}

// carries takes in the word of the link type. Its highest bits may tell how long
// the frame check sequence is, in units of two bytes.
func (c *classic) carries(word uint32) (err error) {
	const told = 1 << 26
	if c.link, err = linkOf(uint16(word)); err == nil && word&told != 0 {
		c.link.fcs = int(word>>28) * 2
	}
	return err
}

// read is the next packet, or io.EOF where one could start.
func (c *classic) read() (Packet, error) {
	if _, err := c.in.Peek(1); err == io.EOF {
		return Packet{}, io.EOF
	}
	c.number++
	p, err := c.packet()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends within it")
	}
	if err != nil {
		return Packet{}, fmt.Errorf("packet %d: %w", c.number, err)
	}
	return p, nil
}

func (c *classic) packet() (p Packet, err error) {
	record := c.record[:]
	if _, err := io.ReadFull(c.in, record); err != nil {
		return p, err
	}
	captured := c.order.Uint32(record[8:])
	if captured > longest {
		return p, fmt.Errorf("it has captured %d bytes; no more than %d are believed", captured, longest)
	}
	if cap(c.body) < int(captured) {
		c.body = make([]byte, captured)
	}
	p.Frame, p.Length = c.body[:captured], int(c.order.Uint32(record[12:]))
	p.Time = time.Unix(int64(c.order.Uint32(record)), int64(c.order.Uint32(record[4:]))*c.unit).UTC()
	if _, err := io.ReadFull(c.in, p.Frame); err != nil {
		return p, err
	}
	return p, c.link.frame(&p)
}
