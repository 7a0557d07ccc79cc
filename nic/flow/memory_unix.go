//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package flow

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newCold maps n zeroed records outside the collector's heap.
func newCold(n int) ([]cold, error) {
	size := n * int(unsafe.Sizeof(cold{}))
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("cold records of %d MB: the system gives no memory: %w", size>>20, err)
	}
	return unsafe.Slice((*cold)(unsafe.Pointer(unsafe.SliceData(b))), n), nil
}

// freeCold gives back what newCold mapped.
func freeCold(c []cold) {
	if c != nil {
		p := unsafe.Pointer(unsafe.SliceData(c))
		_ = unix.MunmapPtr(p, uintptr(len(c))*unsafe.Sizeof(cold{})) // fails only for memory that is not mapped
	}
}
