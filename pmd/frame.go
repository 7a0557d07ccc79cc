package pmd

import "unsafe"

// Frame is one Ethernet frame in memory that a driver lent:
//
//	mem   |<-- headroom -->|<--- frame --->|<-- tailroom -->|
//	0                      off             off+n
//
// To take a tunnel off, or put one on, moves off and copies no bytes.
//
// A Frame holds an address instead of a slice, because Bytes is called several times for
// each packet, and to cut a slice costs four times the instructions. Only Lend, Pull, Push
// and Trim move a frame's ends, and they keep the ends within the memory.
//
// A merged frame stands for several packets of one TCP stream; see Merging.
type Frame struct {
	mem     unsafe.Pointer
	off     uint16
	segment uint16 // payload bytes of each segment of a merged frame; 0: the frame is one packet
	n       uint32

	// Ref is the driver's own handle for this memory, such as an mbuf. The
	// card carries it and never reads it.
	Ref uintptr
}

// The size of a Frame and the offsets of its fields, for assembly. The address of the
// memory is at offset 0; off has 16 bits, and n has 32.
const (
	FrameSize = unsafe.Sizeof(Frame{})
	FrameOff  = unsafe.Offsetof(Frame{}.off)
	FrameLen  = unsafe.Offsetof(Frame{}.n)
)

// Lend makes f the n bytes that start at off in mem, for drivers. Lend panics if off+n lies
// beyond mem, or off beyond 64 KB.
func (f *Frame) Lend(mem []byte, off, n int) {
	_ = mem[off : off+n]
	_ = [1 << 16]struct{}{}[off]
	f.mem = unsafe.Pointer(unsafe.SliceData(mem))
	f.off, f.segment, f.n, f.Ref = uint16(off), 0, uint32(n), 0
}

// Bytes is the frame from the Ethernet header on. The slice is valid while the frame is
// lent.
func (f *Frame) Bytes() []byte {
	return (*[1 << 30]byte)(unsafe.Add(f.mem, f.off))[:f.n:f.n]
}

// Len is the frame's length in bytes.
func (f *Frame) Len() int { return int(f.n) }

// Offset is where the frame starts in the driver's memory. A driver that takes a frame over
// writes the offset back to its own descriptor.
func (f *Frame) Offset() int { return int(f.off) }

// Pull takes n bytes off the front. If the frame has no more than n, the frame becomes empty
// and its offset stays, because the offset must lie within the memory.
func (f *Frame) Pull(n int) {
	if uint32(n) >= f.n {
		f.n = 0
		return
	}
	f.off += uint16(n)
	f.n -= uint32(n)
}

// Push puts n bytes on the front and returns the whole frame, or nil if the headroom is too
// short. The content of the new bytes is undefined.
func (f *Frame) Push(n int) []byte {
	if n > int(f.off) {
		return nil
	}
	f.off -= uint16(n)
	f.n += uint32(n)
	return f.Bytes()
}

// Trim cuts the frame to its first n bytes.
func (f *Frame) Trim(n int) {
	if uint32(n) < f.n {
		f.n = uint32(n)
	}
}
