package seat

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Seats are CPUs for threads that poll and never rest, the last ones of the
// process: the first is where most interrupts go. Where CPUs are left, all
// other threads of the process are kept to those: Go's collector, whoever
// answers the control socket, DPDK's own. On a poller's CPU each would take a
// slice of some milliseconds at a time.
//
// Where there are fewer CPUs than seats, no thread is pinned.
type Seats struct {
	all   []*Seat
	had   affinity         // the process's
	rest  affinity         // for other threads: what is left, or all if nothing is
	was   map[int]affinity // by thread, of those there were before
	procs int              // GOMAXPROCS before
	end   chan struct{}
	done  sync.WaitGroup
}

// Seat is that of one thread. But for tid it belongs to who sits on it.
type Seat struct {
	seats *Seats
	cpu   int          // -1: the thread is not pinned
	tid   atomic.Int32 // of the thread; 0: nobody sits here
	since int64        // when it yielded last
}

// tidyEvery is how soon a thread that strays onto a seat's CPU is sent away.
const tidyEvery = 250 * time.Millisecond

// NewSeats makes n. It changes where the threads of the process run, and how
// many, until End, so a process has it once at a time.
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
		// until all those that began meanwhile have been seen
	}
	s.done.Go(s.watch)
	return s
}

// Of is seat number i.
func (s *Seats) Of(i int) *Seat { return s.all[i] }

// End gives all threads the CPUs again that they had. Nobody sits any more.
func (s *Seats) End() {
	close(s.end)
	s.done.Wait()
	if s.all[0].cpu >= 0 {
		s.giveBack()
	}
	runtime.GOMAXPROCS(s.procs)
}

// watch sends threads away that stray onto a seat's CPU: some of DPDK's choose
// their CPUs by themselves, and one that Go starts while a poller yields
// begins on the poller's.
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

// processors is how many goroutines may run at a time beside n that never rest
// (GOMAXPROCS), at least as many as before. A quarter of them is the
// collector's. Where a quarter is far from a whole number, which is with 3 and
// with 6, it takes parts of all of them, the pollers' included: gaps of 2 ms
// instead of 0.2 at p99.99.
func processors(n, before int) int {
	procs := max(before, n+3)
	if procs == 6 {
		procs++
	}
	return procs
}

// yieldEvery is well under the 10 ms after which Go's time slices end.
const yieldEvery = int64(5 * time.Millisecond)

// Yield is called once a turn by who sits, at the time now. It spares him
// the end of Go's time slices. Go puts a goroutine that is locked to its
// thread to sleep then, and has another thread, on another CPU, wake it up:
// 60 to 80 µs if that CPU is idle, milliseconds if it is not. A goroutine that
// is not locked, and that yields by itself, is scheduled again at once by the
// thread it is on: p99.99 of an idle poller is then that of a C loop.
//
// Now and then another thread is faster, and takes the seat: who is tied to a
// thread by more than Sit does not yield.
func (s *Seat) Yield(now int64) {
	if s != nil && now-s.since >= yieldEvery {
		s.yield(now)
	}
}

func (s *Seat) yield(now int64) {
	s.since = now
	runtime.UnlockOSThread()
	runtime.Gosched()
	runtime.LockOSThread()
	s.follow()
}
