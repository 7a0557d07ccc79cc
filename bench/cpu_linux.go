package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuClock is what threadTime measures.
const cpuClock = "CPU time of the worker's thread"

// processTime is the CPU time of all threads of this process, those that ended
// included.
func processTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		panic("bench: this kernel does not tell the CPU time of a process")
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		panic("bench: this kernel has no clock of a thread's CPU time") // since Linux 2.6.12
	}
	return time.Duration(t.Nano())
}
