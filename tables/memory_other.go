//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly) || race

package tables

import "fmt"

// most is more than any heap has. A larger make would end the program, so allocate refuses it.
const most = 1 << 40

// allocate takes memory from the heap. The collector does not scan a []byte, and the race detector watches it.
func allocate(size uintptr) (memory, error) {
	if size > most {
		return memory{}, fmt.Errorf("table of %d MB: the system gives no memory", size>>20)
	}
	b := make([]byte, size+64)
	return memory{aligned(b, 64), b}, nil
}

// release leaves the memory to the collector.
func (m memory) release() {}
