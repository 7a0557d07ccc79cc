package seat

import (
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// affinity is a set of CPUs.
type affinity = unix.CPUSet

// choose finds CPUs for n seats, nil if there are too few.
func (s *Seats) choose(n int) (cpus []int) {
	if unix.SchedGetaffinity(0, &s.had) != nil {
		return nil
	}
	s.rest = s.had
	left := s.had.Count()
	if n > left || left == 1 {
		return nil
	}
	for cpu := 0; left > 0; cpu++ {
		if s.had.IsSet(cpu) {
			if left <= n {
				cpus = append(cpus, cpu)
				s.rest.Clear(cpu)
			}
			left--
		}
	}
	if s.rest.Count() == 0 {
		s.rest = s.had
	}
	return cpus
}

// tidy puts each thread of the process on the CPUs of its place, with a short slice, and
// tells whether one moved. With note, tidy first notes the CPUs that each thread had.
func (s *Seats) tidy(note bool) (moved bool) {
	for _, tid := range threads() {
		var has affinity
		if unix.SchedGetaffinity(tid, &has) != nil {
			continue // the thread has ended
		}
		if note {
			s.was[tid] = has
		}
		setSlice(tid, shortSlice)
		if want := s.place(tid, has); want != has && unix.SchedSetaffinity(tid, &want) == nil {
			moved = true
		}
	}
	return moved
}

// place is the CPUs where a thread belongs. A thread that somebody else had pinned to a
// seat's CPU, before there were seats, stays there.
func (s *Seats) place(tid int, has affinity) affinity {
	for _, seat := range s.all {
		if int(seat.tid.Load()) == tid {
			return only(seat.cpu)
		}
	}
	left := has
	for _, seat := range s.all {
		left.Clear(seat.cpu)
	}
	if left.Count() > 0 {
		return left
	}
	if old, known := s.was[tid]; known {
		return old
	}
	return s.rest
}

// giveBack gives the threads the CPUs back that they had before tidy. A thread that begins
// meanwhile inherits the CPUs of the thread that made it, so giveBack looks again until it
// finds no new thread.
func (s *Seats) giveBack() {
	seen := map[int]bool{}
	for again := true; again; {
		again = false
		for _, tid := range threads() {
			if !seen[tid] && s.restore(tid) {
				again = true
			}
			seen[tid] = true
		}
	}
}

// restore gives a thread the CPUs that it had before tidy, and the kernel's own slice, and tells whether that moved
// the thread. A thread that began after NewSeats, and is kept from the seats or strayed
// onto one, gets the process's CPUs.
func (s *Seats) restore(tid int) bool {
	var has affinity
	if unix.SchedGetaffinity(tid, &has) != nil {
		return false // the thread has ended
	}
	setSlice(tid, 0)
	old, known := s.was[tid]
	if !known && s.place(tid, has) == s.rest {
		old, known = s.had, true
	}
	return known && old != has && unix.SchedSetaffinity(tid, &old) == nil
}

// Sit locks the calling goroutine to its thread and pins the thread to the seat's CPU,
// which Sit returns: -1 if the seat has none. Call Leave before the goroutine ends; the
// thread ends with the goroutine.
func (s *Seat) Sit() (cpu int) {
	runtime.LockOSThread() // and nobody unlocks
	if s.cpu >= 0 {
		s.tid.Store(int32(unix.Gettid()))
		set := only(s.cpu)
		unix.SchedSetaffinity(0, &set)
	}
	return s.cpu
}

// Leave ends Sit.
func (s *Seat) Leave() { s.tid.Store(0) }

// only is the set of one CPU.
func only(cpu int) (set affinity) {
	set.Set(cpu)
	return set
}

// threads are the IDs of this process's threads.
func threads() (tids []int) {
	dir, err := os.Open("/proc/self/task")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if tid, err := strconv.Atoi(name); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids
}
