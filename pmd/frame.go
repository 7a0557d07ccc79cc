package pmd

// Frame is one Ethernet frame in memory that a driver lent:
//
//	mem   |<-- headroom -->|<--- frame --->|<-- tailroom -->|
//	                       off             off+n
//
// Taking a tunnel off and putting one on move off, never bytes.
type Frame struct {
	mem []byte
	off uint32
	n   uint32

	// Ref is the driver's own handle for this memory, such as an mbuf. The
	// card carries it and never reads it.
	Ref uintptr
}

// Lend points f at the n bytes of frame that start at off in mem. It is for
// drivers; off+n must lie within mem.
func (f *Frame) Lend(mem []byte, off, n int) {
	_ = mem[off : off+n]
	f.mem, f.off, f.n, f.Ref = mem, uint32(off), uint32(n), 0
}

// Bytes is the frame, first byte of the Ethernet header first. It is valid
// as long as the frame is lent.
func (f *Frame) Bytes() []byte { return f.mem[f.off : f.off+f.n] }

// Len is the frame's length in bytes.
func (f *Frame) Len() int { return int(f.n) }

// Offset is where the frame starts in the driver's memory. A driver that
// takes a frame over writes it back to its own descriptor.
func (f *Frame) Offset() int { return int(f.off) }

// Pull takes n bytes, at most Len, off the front.
func (f *Frame) Pull(n int) {
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
	return f.mem[f.off : f.off+f.n]
}

// Trim cuts the frame to its first n bytes.
func (f *Frame) Trim(n int) {
	if uint32(n) < f.n {
		f.n = uint32(n)
	}
}
