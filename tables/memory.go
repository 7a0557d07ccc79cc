package tables

import "unsafe"

// memory is zeroed memory outside the collector's heap; on systems without mmap, a block of the heap. base begins a cache
// line.
type memory struct {
	base  unsafe.Pointer
	bytes []byte // the whole block, which has base in it
}

// size returns the length of the whole block in bytes.
func (m memory) size() int { return len(m.bytes) }

// aligned returns the first address in b that is a multiple of align. align is a power of two.
func aligned(b []byte, align uintptr) unsafe.Pointer {
	p := unsafe.Pointer(unsafe.SliceData(b))
	return unsafe.Add(p, -uintptr(p)&(align-1))
}
