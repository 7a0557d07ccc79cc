//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package tables

// allocate takes plain memory, which the collector does not scan either: it holds no pointers.
func allocate(size uintptr) (memory, error) {
	b := make([]byte, size+64)
	return memory{aligned(b, 64), b}, nil
}

func (m memory) release() {}
