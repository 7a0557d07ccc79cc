package pcap

import (
	"bufio"
	"fmt"
	"math/bits"
	"time"
)

// pcapng reads the packets of a pcapng file (draft-ietf-opsawg-pcapng).
type pcapng struct {
	blocks
	interfaces []capturer // of the section
}

// capturer is an interface of the file: who captured packets.
type capturer struct {
	link   link
	wrong  error  // why its packets hold no frames; told when one comes
	snap   uint32 // bytes of a packet that it kept; 0: all
	second uint64 // units of its time in a second
	offset int64  // seconds that its time starts after 1970
}

// Options of an interface.
const (
	optionEnd        = 0
	optionResolution = 9
	optionFCS        = 13
	optionOffset     = 14
)

// optionFlags of a packet tells in bits 5 to 8 how many bytes of frame check
// sequence it has.
const optionFlags = 2

func newPcapng(in *bufio.Reader) (*pcapng, error) {
	p := &pcapng{blocks: blocks{in: in}}
	err := p.next()
	if err == nil {
		err = p.begin()
	}
	return p, unreadable(err)
}

// read is the next packet, or io.EOF where the file is whole.
func (p *pcapng) read() (Packet, error) {
	for {
		if err := p.next(); err != nil {
			return Packet{}, err
		}
		var err error
		switch p.kind {
		case sectionHeader:
			err = p.begin()
		case interfaceBlock:
			err = p.introduce()
		case simplePacket:
			return p.simple()
		case oldPacket, enhancedPacket:
			return p.packet()
		}
		if err != nil {
			return Packet{}, err
		}
	}
}

// begin starts a section:
//
//	byte order u32, major u16, minor u16, length of the section u64, options
func (p *pcapng) begin() error {
	major, minor := p.order.Uint16(p.body[4:]), p.order.Uint16(p.body[6:])
	if major != 1 || minor != 0 && minor != 2 {
		return p.damaged("its version is %d.%d; 1.0 and 1.2 are known", major, minor)
	}
	p.interfaces = p.interfaces[:0]
	return p.options(p.body[16:], nil)
}

// introduce takes in an interface:
//
//	link type u16, reserved u16, snap length u32, options
func (p *pcapng) introduce() error {
	c := capturer{snap: p.order.Uint32(p.body[4:]), second: 1e6}
	c.link, c.wrong = linkOf(p.order.Uint16(p.body))
	err := p.options(p.body[8:], func(code uint16, value []byte) error {
		switch {
		case code == optionResolution && len(value) == 1:
			return p.resolution(&c, value[0])
		case code == optionFCS && len(value) == 1:
			c.link.fcs = sequence(value[0])
		case code == optionOffset && len(value) == 8:
			c.offset = int64(p.order.Uint64(value))
		case code == optionResolution || code == optionOffset:
			return p.damaged("its option %d has %d bytes", code, len(value))
		}
		return nil
	})
	p.interfaces = append(p.interfaces, c)
	return err
}

// sequence is the length of a frame check sequence in bytes. The format says
// that the option has bits, and writers also write bytes.
func sequence(n byte) int {
	if n < 8 {
		return int(n)
	}
	return int(n / 8)
}

// resolution is one second in units of 10^-n, or of 2^-n if the highest bit is
// set.
func (p *pcapng) resolution(c *capturer, n byte) error {
	if power := n & 0x7f; n > 0x7f && power < 64 {
		c.second = 1 << power
		return nil
	} else if n > 19 {
		return p.damaged("its times are in units of %d^-%d s; 10^-19 and 2^-63 are the smallest known", 10-8*(n>>7), power)
	}
	c.second = 1
	for range n {
		c.second *= 10
	}
	return nil
}

// options walks options to their end, and tells take of each:
//
//	code u16, length u16, value padded to 4 bytes
func (p *pcapng) options(list []byte, take func(code uint16, value []byte) error) error {
	for len(list) > 0 {
		code, size := p.order.Uint16(list), int(p.order.Uint16(list[2:])) // there are 4: bodies are padded
		if code == optionEnd {
			return nil
		}
		padded := (size + 3) &^ 3
		if list = list[4:]; padded > len(list) {
			return p.damaged("its option %d has %d bytes, and the block holds %d more", code, size, len(list))
		}
		if take != nil {
			if err := take(code, list[:size]); err != nil {
				return err
			}
		}
		list = list[padded:]
	}
	return nil
}

// packet is one of these, new and old:
//
//	interface u32,            time u32 u32, captured u32, length u32, data, options
//	interface u16, drops u16, time u32 u32, captured u32, length u32, data, options
func (p *pcapng) packet() (Packet, error) {
	n := p.order.Uint32(p.body)
	if p.kind == oldPacket {
		n = uint32(p.order.Uint16(p.body))
	}
	ticks := uint64(p.order.Uint32(p.body[4:]))<<32 | uint64(p.order.Uint32(p.body[8:]))
	captured, length := p.order.Uint32(p.body[12:]), p.order.Uint32(p.body[16:])
	c, err := p.capturer(n)
	if err != nil {
		return Packet{}, err
	}
	frame, err := p.frame(p.body[20:], captured)
	if err != nil {
		return Packet{}, err
	}
	l := c.link
	err = p.options(p.body[20+(len(frame)+3)&^3:], func(code uint16, value []byte) error {
		if code == optionFlags && len(value) == 4 && p.kind == enhancedPacket {
			if n := p.order.Uint32(value) >> 5 & 0xf; n > 0 {
				l.fcs = int(n)
			}
		}
		return nil
	})
	if err != nil {
		return Packet{}, err
	}
	return p.opened(&l, Packet{Time: c.time(ticks), Frame: frame, Length: int(length)})
}

// opened is a packet of which the frame is taken out.
func (p *pcapng) opened(l *link, packet Packet) (Packet, error) {
	if err := l.frame(&packet); err != nil {
		return Packet{}, fmt.Errorf("the block that starts at byte %d, %v: %w", p.start, p.block.kind, err)
	}
	return packet, nil
}

// simple is a packet of the first interface, without time:
//
//	length u32, data
func (p *pcapng) simple() (Packet, error) {
	c, err := p.capturer(0)
	if err != nil {
		return Packet{}, err
	}
	length := p.order.Uint32(p.body)
	captured := length
	if c.snap > 0 {
		captured = min(length, c.snap)
	}
	frame, err := p.frame(p.body[4:], captured)
	if err != nil {
		return Packet{}, err
	}
	return p.opened(&c.link, Packet{Frame: frame, Length: int(length)})
}

// frame is what was captured of a packet, out of the rest of the block.
func (p *pcapng) frame(data []byte, captured uint32) ([]byte, error) {
	switch {
	case uint64(captured) > uint64(len(data)):
		return nil, p.damaged("it has captured %d bytes, and the block holds %d", captured, len(data))
	case captured > longest:
		return nil, p.damaged("it has captured %d bytes; no more than %d are believed", captured, longest)
	}
	return data[:captured], nil
}

// capturer is the interface with that number, if its frames are Ethernet's.
func (p *pcapng) capturer(n uint32) (*capturer, error) {
	if uint64(n) >= uint64(len(p.interfaces)) {
		return nil, p.damaged("it is from interface %d, counted from 0, and the section has %d so far", n, len(p.interfaces))
	}
	c := &p.interfaces[n]
	return c, c.wrong
}

// time is the time that ticks are.
func (c *capturer) time(ticks uint64) time.Time {
	hi, lo := bits.Mul64(ticks%c.second, 1e9)
	ns, _ := bits.Div64(hi, lo, c.second)
	return time.Unix(int64(ticks/c.second)+c.offset, int64(ns))
}
