package tables

import "unsafe"

// memory is zeroed memory outside the collector's heap, or a plain block on systems without mmap. base is on a cache line.
type memory struct {
	base  unsafe.Pointer
	bytes []byte // all of it, base included
}

func (m memory) size() int { return len(m.bytes) }

// aligned returns the first address in b that is a multiple of align, a power of two.
func aligned(b []byte, align uintptr) unsafe.Pointer {
	p := unsafe.Pointer(unsafe.SliceData(b))
	return unsafe.Add(p, -uintptr(p)&(align-1))
}
