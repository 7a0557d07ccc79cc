package pcap

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// blocks reads a pcapng file block by block. One that is damaged is an error
// with its place in the file, before anything of it is believed.
//
//	type u32, length u32, body padded to 4 bytes, length u32
//
// A section header's first word after the length tells the byte order of all
// that follow until the next one.
type blocks struct {
	in    *bufio.Reader
	order binary.ByteOrder // of the section
	at    int64            // bytes read of the file
	block                  // read last
}

// block is one block of a pcapng file.
type block struct {
	kind  kind
	start int64  // where it starts in the file
	body  []byte // valid until the next one is read; empty if its kind is not read
}

// kind is what a block is. Other kinds are skipped.
type kind uint32

const (
	sectionHeader  kind = 0x0a0d0d0a
	interfaceBlock kind = 1
	oldPacket      kind = 2
	simplePacket   kind = 3
	enhancedPacket kind = 6
)

// least is how many bytes the fixed part of a body has.
var least = map[kind]int{sectionHeader: 16, interfaceBlock: 8, oldPacket: 20, simplePacket: 4, enhancedPacket: 20}

const (
	frameLen     = 12 // of a block, around its body
	orderMagic   = 0x1a2b3c4d
	longestBlock = 1 << 20 // of those that are read: the longest packet, and options for every taste
)

// next reads the next block, or is io.EOF where the file is whole.
func (b *blocks) next() error {
	b.block = block{start: b.at, body: b.body[:0]}
	head, err := b.in.Peek(frameLen)
	switch {
	case len(head) == 0 && err == io.EOF:
		return io.EOF
	case err != nil:
		b.at += int64(len(head))
		return b.cut(err)
	}
	if string(head[:4]) == pcapngMagic {
		if err := b.section(head[8:]); err != nil {
			return err
		}
	}
	b.kind = kind(b.order.Uint32(head))
	return b.read(b.order.Uint32(head[4:]))
}

// section learns the byte order of a section.
func (b *blocks) section(magic []byte) error {
	switch uint32(orderMagic) {
	case binary.LittleEndian.Uint32(magic):
		b.order = binary.LittleEndian
	case binary.BigEndian.Uint32(magic):
		b.order = binary.BigEndian
	default:
		return b.damaged("a section starts with its byte order, 1a2b3c4d, not with %x", magic)
	}
	return nil
}

// read reads a block of that length.
func (b *blocks) read(length uint32) error {
	fixed, known := least[b.kind]
	switch {
	case length < uint32(frameLen+fixed):
		return b.damaged("its length is %d bytes, and it has at least %d", length, frameLen+fixed)
	case length%4 != 0:
		return b.damaged("its length is %d bytes, which is no multiple of 4", length)
	case known && length > longestBlock:
		return b.damaged("its length is %d bytes; no more than %d are believed", length, longestBlock)
	}
	if err := b.skip(8); err != nil {
		return err
	}
	if size := int(length - frameLen); !known {
		if err := b.skip(size); err != nil {
			return err
		}
	} else if err := b.fill(size); err != nil {
		return err
	}
	tail, err := b.in.Peek(4)
	if err != nil {
		b.at += int64(len(tail))
		return b.cut(err)
	}
	if again := b.order.Uint32(tail); again != length {
		return b.damaged("its length is %d bytes at its start, and %d at its end", length, again)
	}
	return b.skip(4)
}

// fill reads the body.
func (b *blocks) fill(size int) error {
	if cap(b.body) < size {
		b.body = make([]byte, size)
	}
	b.body = b.body[:size]
	n, err := io.ReadFull(b.in, b.body)
	b.at += int64(n)
	return b.cut(err)
}

func (b *blocks) skip(size int) error {
	n, err := b.in.Discard(size)
	b.at += int64(n)
	return b.cut(err)
}

// cut is an error of reading, for people if it was the end.
func (b *blocks) cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends at byte %d, within the block that starts at byte %d", b.at, b.start)
	}
	return err
}

// damaged is an error in the block.
func (b *blocks) damaged(format string, what ...any) error {
	return fmt.Errorf("the block that starts at byte %d, %v, is damaged: %s", b.start, b.kind, fmt.Sprintf(format, what...))
}

// String is the kind in a sentence.
func (k kind) String() string {
	switch k {
	case 0, sectionHeader:
		return "a section header"
	case interfaceBlock:
		return "an interface"
	case oldPacket, simplePacket, enhancedPacket:
		return "a packet"
	}
	return fmt.Sprintf("of type %d", uint32(k))
}
