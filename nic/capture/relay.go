package capture

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Tally is what a relay passed on.
type Tally struct {
	Packets uint64
	Lost    uint64 // packets that found no room at the card, as far as it told
}

// Blocks of pcapng, as far as a relay looks at them.
const (
	blockStatistics = 5
	blockPacket     = 6
	optionDrops     = 5       // isb_ifdrop
	longestBlock    = 1 << 20 // of our own writer: the longest packet and its comment
)

// Relay copies a stream, block by block, until it ends, ctx does, or so many packets are passed on; 0
// are all. So a file that is ended at any time ends with a whole block. each is called after each
// packet; nil is nobody. It is an error if the stream ends within a block.
func Relay(ctx context.Context, to io.Writer, from io.Reader, most uint64, each func(Tally)) (t Tally, err error) {
	in := bufio.NewReaderSize(from, 64<<10)
	lost := map[uint32]uint64{}
	var block []byte
	for ctx.Err() == nil {
		block, err = nextBlock(in, block[:0])
		switch {
		case ctx.Err() != nil:
			return t, nil
		case err == io.EOF:
			return t, nil
		case err != nil:
			return t, err
		}
		if _, err := to.Write(block); err != nil {
			return t, err
		}
		switch binary.LittleEndian.Uint32(block) {
		case blockStatistics:
			if n, told := dropsIn(block); told {
				lost[binary.LittleEndian.Uint32(block[8:])] = n
				t.Lost = 0
				for _, n := range lost {
					t.Lost += n
				}
			}
		case blockPacket:
			if t.Packets++; each != nil {
				each(t)
			}
			if t.Packets == most {
				return t, nil
			}
		}
	}
	return t, nil
}

// nextBlock reads a block:
//
//	type u32, length u32, body, length u32
func nextBlock(in *bufio.Reader, block []byte) ([]byte, error) {
	head, err := in.Peek(8)
	switch {
	case len(head) == 0 && err != nil:
		return block, err
	case err != nil:
		return block, io.ErrUnexpectedEOF
	}
	n := binary.LittleEndian.Uint32(head[4:])
	if n < 12 || n%4 != 0 || n > longestBlock {
		return block, fmt.Errorf("a block of %d bytes is none of a card's", n)
	}
	if cap(block) < int(n) {
		block = make([]byte, n)
	}
	block = block[:n]
	_, err = io.ReadFull(in, block)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return block, err
}

// dropsIn is the isb_ifdrop of statistics:
//
//	type u32, length u32, interface u32, time u64, options: code u16, length u16, value
func dropsIn(block []byte) (n uint64, told bool) {
	for o := block[min(20, len(block)-4) : len(block)-4]; len(o) >= 4; {
		code, size := binary.LittleEndian.Uint16(o), int(binary.LittleEndian.Uint16(o[2:]))
		padded := 4 + (size+3)&^3
		switch {
		case code == 0 || padded > len(o):
			return 0, false
		case code == optionDrops && size == 8:
			return binary.LittleEndian.Uint64(o[4:]), true
		}
		o = o[padded:]
	}
	return 0, false
}
