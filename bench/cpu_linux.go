package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuClock is what threadTime measures.
const cpuClock = "CPU time of the worker's thread"

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		panic("bench: this kernel has no clock of a thread's CPU time") // since Linux 2.6.12
	}
	return time.Duration(t.Nano())
}
