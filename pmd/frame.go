package pmd

import "unsafe"

// Frame is one Ethernet frame in memory that a driver lent:
//
//	mem   |<-- headroom -->|<--- frame --->|<-- tailroom -->|
//	0                      off             off+n
//
// Taking a tunnel off and putting one on move off, never bytes.
//
// It holds an address rather than a slice because Bytes is asked several times
// for each packet, and to cut a slice costs four times the instructions. Lend,
// Pull, Push and Trim, the only ones that move its ends, keep them within the
// memory.
type Frame struct {
	mem    unsafe.Pointer
	off, n uint32

	// Ref is the driver's own handle for this memory, such as an mbuf. The
	// card carries it and never reads it.
	Ref uintptr
}

// Where a Frame's parts are, for assembly that goes through a burst: its
// memory's address at 0, then offset and length, 32 bits each.
const (
	FrameSize = unsafe.Sizeof(Frame{})
	FrameOff  = unsafe.Offsetof(Frame{}.off)
	FrameLen  = unsafe.Offsetof(Frame{}.n)
)

// Lend points f at the n bytes of frame that start at off in mem. It is for
// drivers; off+n must lie within mem.
func (f *Frame) Lend(mem []byte, off, n int) {
	_ = mem[off : off+n]
	f.mem = unsafe.Pointer(unsafe.SliceData(mem))
	f.off, f.n, f.Ref = uint32(off), uint32(n), 0
}

// Bytes is the frame, first byte of the Ethernet header first. It is valid
// as long as the frame is lent.
func (f *Frame) Bytes() []byte {
	return (*[1 << 30]byte)(unsafe.Add(f.mem, f.off))[:f.n:f.n]
}

// Len is the frame's length in bytes.
func (f *Frame) Len() int { return int(f.n) }

// Offset is where the frame starts in the driver's memory. A driver that
// takes a frame over writes it back to its own descriptor.
func (f *Frame) Offset() int { return int(f.off) }

// Pull takes n bytes off the front. If there are no more, the frame is empty
// and stays where it is: its address must lie within the memory.
func (f *Frame) Pull(n int) {
	if uint32(n) >= f.n {
		f.n = 0
		return
	}
	f.off += uint32(n)
	f.n -= uint32(n)
}

// Push puts n bytes on the front and returns the whole frame, or nil if the
// headroom is too short. What the new bytes hold is undefined.
func (f *Frame) Push(n int) []byte {
	if uint32(n) > f.off {
		return nil
	}
	f.off -= uint32(n)
	f.n += uint32(n)
	return f.Bytes()
}

// Trim cuts the frame to its first n bytes.
func (f *Frame) Trim(n int) {
	if uint32(n) < f.n {
		f.n = uint32(n)
	}
}
