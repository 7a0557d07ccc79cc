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

// Seat is one polling thread's. All fields but tid belong to the goroutine that sits.
type Seat struct {
	seats *Seats
	cpu   int          // -1: the thread is not pinned
	tid   atomic.Int32 // of the thread; 0: nobody sits here
	since int64        // when the goroutine yielded last, in ns
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
		seat := &Seat{seats: s, cpu: -1}
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

// watch sends threads away from the seats' CPUs: some of DPDK's threads choose their CPUs
// by themselves, and a thread that Go starts while a poller yields begins on the poller's
// CPU.
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

// processors is GOMAXPROCS for a process with n pollers: how many goroutines may run at a
// time, at least as many as before.
//
// Go's collector uses a quarter of GOMAXPROCS. For 3 and 6 a quarter is far from a whole
// number of threads, and the collector then takes time slices of every thread, the
// pollers' included: gaps of 2 ms instead of 0.2 at p99.99. So the result is neither.
func processors(n, before int) int {
	procs := max(before, n+3)
	if procs == 6 {
		procs++
	}
	return procs
}

// yieldEvery is well under the 10 ms after which Go ends a goroutine's time slice.
const yieldEvery = int64(5 * time.Millisecond)

// Yield keeps Go from ending the time slice of the goroutine that sits, which calls Yield
// once a turn; now is the time in ns. At the end of a time slice Go puts a goroutine that
// is locked to its thread to sleep, and has another thread on another CPU wake it up: 60
// to 80 µs if that CPU is idle, milliseconds if not. So Yield unlocks the goroutine and
// yields before the slice ends: the same thread then goes on with the goroutine at once,
// and p99.99 of an idle poller is that of a C loop.
//
// Now and then another thread goes on with the goroutine, and becomes the one that is
// pinned to the seat's CPU. A goroutine that needs its thread for more than Sit, such as
// for a driver's state, must not call Yield.
func (s *Seat) Yield(now int64) {
	if s != nil && now-s.since >= yieldEvery {
		s.yield(now)
	}
}

// yield is Yield when the time has come.
func (s *Seat) yield(now int64) {
	s.since = now
	runtime.UnlockOSThread()
	runtime.Gosched()
	runtime.LockOSThread()
	s.follow()
}
