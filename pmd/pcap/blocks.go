package pcap

import (
	"encoding/binary"
	"fmt"
	"io"
)

// blocks passes a pcapng file on and follows its blocks, because pcapgo takes
// the end of a file within one for a good end. Of another file it knows
// nothing.
//
//	type u32, length u32, …, length u32
//
// A section header's first word after the length tells the byte order of all
// that follow until the next one.
type blocks struct {
	in    io.Reader
	order binary.ByteOrder
	head  [12]byte // of the block under way
	n     int      // bytes of head that are there
	left  int64    // bytes of the block after them
	start int64    // where the block starts in the file
	at    int64    // what was passed on
	lost  bool     // it is no pcapng, or damaged: pcapgo knows better
}

func (b *blocks) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.follow(p[:n])
	return n, err
}

func (b *blocks) follow(p []byte) {
	for len(p) > 0 && !b.lost {
		if b.n == len(b.head) {
			n := min(b.left, int64(len(p)))
			b.left, b.at, p = b.left-n, b.at+n, p[n:]
		} else {
			if b.n == 0 {
				b.start = b.at
			}
			n := copy(b.head[b.n:], p)
			b.n, b.at, p = b.n+n, b.at+int64(n), p[n:]
			if b.n < len(b.head) {
				return
			}
			b.begin()
		}
		if b.left == 0 {
			b.n = 0
		}
	}
}

// begin reads the head of a block.
func (b *blocks) begin() {
	if string(b.head[:4]) == pcapngMagic {
		b.order = binary.LittleEndian
		if b.head[8] == 0x1a {
			b.order = binary.BigEndian
		}
	}
	if b.order == nil {
		b.lost = true
		return
	}
	b.left = int64(b.order.Uint32(b.head[4:])) - int64(len(b.head))
	b.lost = b.left < 0
}

// cut is an error if the file ended within a block.
func (b *blocks) cut() error {
	if b.lost && b.order != nil {
		return fmt.Errorf("the block that starts at byte %d is damaged: no block is shorter than 12 bytes", b.start)
	}
	if b.lost || b.n == 0 {
		return nil
	}
	return fmt.Errorf("the file ends at byte %d, within the block that starts at byte %d", b.at, b.start)
}
