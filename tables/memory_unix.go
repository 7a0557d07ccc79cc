//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !race

package tables

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a huge page on amd64 and, with 4 KB pages, arm64.
const hugePage = 2 << 20

// allocate maps size bytes. Memory of a huge page or more begins on a huge page.
func allocate(size uintptr) (memory, error) {
	align := uintptr(64)
	if size >= hugePage {
		align = hugePage
		size += hugePage
	}
	b, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return memory{}, fmt.Errorf("table of %d MB: the system gives no memory: %w", size>>20, err)
	}
	if align == hugePage {
		adviseHuge(b)
	}
	return memory{aligned(b, align), b}, nil
}

// release gives the memory back to the system. The zero memory has none.
func (m memory) release() {
	if m.bytes != nil {
		_ = unix.Munmap(m.bytes) // fails only for memory that is not mapped
	}
}
