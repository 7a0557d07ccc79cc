package gso

import "encoding/binary"

// HeaderLen is the length of a Header in memory.
const HeaderLen = 10

// Header is Linux's struct virtio_net_hdr (linux/virtio_net.h), in the byte
// order of the machine:
//
//	 0        1        2          4         6           8          10
//	+--------+--------+----------+---------+-----------+-----------+
//	| flags  |  type  |  hdrLen  |  size   | sum start |sum offset |
//	+--------+--------+----------+---------+-----------+-----------+
//
// hdrLen is a hint that differs between kernels; it is not read.
type Header struct {
	flags, kind uint8
	size        int // payload bytes of each segment
	start       int // first byte that the checksum covers: the transport header
	offset      int // of the checksum, from start
}

const needsSum = 1 // flags

// What kind of frame was merged, without the bit for ECN.
const (
	plain = 0
	tcp4  = 1
	tcp6  = 4
	udpL4 = 5
	ecn   = 0x80
)

// Read reads a header. b must hold HeaderLen bytes.
func Read(b []byte) Header {
	_ = b[HeaderLen-1]
	return Header{
		flags:  b[0],
		kind:   b[1] &^ ecn,
		size:   int(binary.NativeEndian.Uint16(b[4:])),
		start:  int(binary.NativeEndian.Uint16(b[6:])),
		offset: int(binary.NativeEndian.Uint16(b[8:])),
	}
}

// Finished tells whether nothing is missing from the frame.
func (h *Header) Finished() bool { return h.flags&needsSum == 0 && h.kind == plain }

// Merged tells whether the frame stands for several.
func (h *Header) Merged() bool { return h.kind != plain }

// Shift tells the header that n bytes were put into the frame before the
// transport header.
func (h *Header) Shift(n int) {
	if h.start > 0 {
		h.start += n
	}
}

// Stream is the header of a merged TCP stream with size bytes of payload in each
// segment, whose TCP header is at offset start. A start of 0 says that nobody
// knows: the TCP header is looked for.
func Stream(start, size int) Header { return Header{kind: tcp4, start: start, size: size} }

// PutPlain writes the header of a frame that lacks nothing. The hint hdrLen
// asks the kernel to keep as many of its bytes together.
func PutPlain(b []byte, hdrLen int) {
	clear(b[:HeaderLen])
	binary.NativeEndian.PutUint16(b[2:], uint16(hdrLen))
}

// put writes the header. hdrLen is PutPlain's.
func (h *Header) put(b []byte, hdrLen int) {
	PutPlain(b, hdrLen)
	b[0], b[1] = h.flags, h.kind
	binary.NativeEndian.PutUint16(b[4:], uint16(h.size))
	binary.NativeEndian.PutUint16(b[6:], uint16(h.start))
	binary.NativeEndian.PutUint16(b[8:], uint16(h.offset))
}
