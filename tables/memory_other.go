//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly) || race

package tables

import "fmt"

// most is more than any heap has; a larger block would end the program.
const most = 1 << 40

// allocate takes plain memory, which the collector does not scan either: it holds no pointers. The race detector sees it.
func allocate(size uintptr) (memory, error) {
	if size > most {
		return memory{}, fmt.Errorf("table of %d MB: the system gives no memory", size>>20)
	}
	b := make([]byte, size+64)
	return memory{aligned(b, 64), b}, nil
}

func (m memory) release() {}
