package seat

import (
	"time"

	"golang.org/x/sys/unix"
)

// shortSlice is how long a thread runs before the kernel looks who is next, where others
// wait: the shortest that Linux takes. A thread has its share of the CPU all the same, in
// shorter pieces, and is let on the CPU sooner when it wakes up (EEVDF, Linux 6.12; older
// kernels pass the wish over).
const shortSlice = 100 * time.Microsecond

// setSlice is a wish for a thread. A slice of 0 is the kernel's own.
func setSlice(tid int, slice time.Duration) {
	attr, err := unix.SchedGetAttr(tid, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL && attr.Policy != unix.SCHED_BATCH {
		return // the thread has ended, or its times are not shared
	}
	if attr.Runtime == uint64(slice) {
		return
	}
	attr.Runtime = uint64(slice)
	_ = unix.SchedSetAttr(tid, attr, 0) // refused: as before
}
