package seat

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Seats are CPUs for threads that poll and never rest. Seats takes the last CPUs of the
// process, because most interrupts go to the first. All other threads of the process, such
// as Go's collector, the control socket's and DPDK's own, are kept to the CPUs that are
// left, if any are: on a poller's CPU each would take some milliseconds at a time.
//
// The goroutine of a poller stays locked to its thread, so the thread runs nothing else:
// Go runs no other goroutine and no collector on a locked thread, and a thread that a
// locked one needs is cloned from another, whose CPUs the new thread inherits. The price
// is paid at the end of a time slice, every 10 ms, and when Go stops the world. Go then
// puts the goroutine to sleep, and a thread on another CPU wakes it up: after 100 µs if
// that CPU is idle, later if the CPU is busy. A poller that unlocks for a moment before its
// slice ends, and lets other goroutines run, has no gap while the process is idle. But under
// load every second yield gave the poller's thread and CPU to another goroutine, and the
// poller came back on another thread, with 30 % more gaps above 0.1 ms.
//
// Two things let the other thread come soon. The process has so many of Go's processors
// that one is idle, and the poller's goroutine waits in no queue (see processors). And all
// threads have short slices, so that the kernel lets a thread that wakes up on the CPU
// before those that calculate there (see shortSlice).
//
// If there are fewer CPUs than seats, no thread is pinned.
type Seats struct {
	all   []*Seat
	had   affinity         // the CPUs that the process may use
	rest  affinity         // the CPUs for other threads: those without a seat, or had if every CPU has one
	was   map[int]affinity // by thread, of the threads before NewSeats
	procs int              // GOMAXPROCS before
	end   chan struct{}
	done  sync.WaitGroup
}

// Seat is one polling thread's.
type Seat struct {
	cpu int          // -1: the thread is not pinned
	tid atomic.Int32 // of the thread; 0: nobody sits here
}

// tidyEvery is how often watch looks for threads on a seat's CPU.
const tidyEvery = 250 * time.Millisecond

// NewSeats makes n seats. Until End, they decide on which CPUs all threads of the process
// run, and how many goroutines run at a time, so a process may have one Seats at a time.
func NewSeats(n int) *Seats {
	s := &Seats{was: map[int]affinity{}, procs: runtime.GOMAXPROCS(0), end: make(chan struct{})}
	runtime.GOMAXPROCS(processors(n, s.procs))
	cpus := s.choose(n)
	for i := range n {
		seat := &Seat{cpu: -1}
		if cpus != nil {
			seat.cpu = cpus[i]
		}
		s.all = append(s.all, seat)
	}
	if cpus == nil {
		return s
	}
	s.tidy(true)
	for s.tidy(false) {
		// again, until no thread has begun meanwhile
	}
	s.done.Go(s.watch)
	return s
}

// Of is seat number i.
func (s *Seats) Of(i int) *Seat { return s.all[i] }

// End gives all threads the CPUs back that they had. Every seat has been left.
func (s *Seats) End() {
	close(s.end)
	s.done.Wait()
	if s.all[0].cpu >= 0 {
		s.giveBack()
	}
	runtime.GOMAXPROCS(s.procs)
}

// watch sends threads away from the seats' CPUs, because some of DPDK's threads choose
// their CPUs by themselves.
func (s *Seats) watch() {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.end:
			return
		case <-tick.C:
			s.tidy(false)
		}
	}
}

// spare is how many goroutines may run beside the pollers: more than usually want to.
const spare = 7

// processors is GOMAXPROCS for a process with n pollers: how many goroutines may run at a
// time, at least as many as before. A goroutine whose slice is over waits behind all that
// want to run and may not, and a poller's would.
//
// Go's collector uses a quarter of GOMAXPROCS. For 3 and 6 a quarter is far from a whole
// number of threads, and the collector then takes time slices of every thread that is not
// locked, such as those that wake pollers up. Here it is seldom far.
func processors(n, before int) int { return max(before, n+spare) }
