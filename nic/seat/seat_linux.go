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

// tidy puts each thread of the process where it belongs, and tells whether one
// was elsewhere. It may note where each was before.
func (s *Seats) tidy(note bool) (moved bool) {
	for _, tid := range threads() {
		var has affinity
		if unix.SchedGetaffinity(tid, &has) != nil {
			continue // it has ended
		}
		if note {
			s.was[tid] = has
		}
		if want := s.place(tid, has); want != has && unix.SchedSetaffinity(tid, &want) == nil {
			moved = true
		}
	}
	return moved
}

// place is where a thread belongs. One that was kept to a seat's CPU by
// somebody else, before there were seats, stays there.
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

// giveBack undoes what tidy did. A thread that begins meanwhile begins where
// the one is that it comes from: giveBack looks again until it meets no such
// thread.
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

// restore gives a thread the CPUs that it had, and tells whether they were
// others. One that began meanwhile, and is kept from the seats or strayed onto
// one, gets what the process had.
func (s *Seats) restore(tid int) bool {
	var has affinity
	if unix.SchedGetaffinity(tid, &has) != nil {
		return false // it has ended
	}
	old, known := s.was[tid]
	if !known && s.place(tid, has) == s.rest {
		old, known = s.had, true
	}
	return known && old != has && unix.SchedSetaffinity(tid, &old) == nil
}

// Sit binds the calling goroutine to its thread, and the thread to the seat's
// CPU, which it returns: -1 if to none. The thread ends with the goroutine,
// which calls Leave before.
func (s *Seat) Sit() (cpu int) {
	runtime.LockOSThread() // and never unlocked, but to yield
	s.follow()
	return s.cpu
}

// Leave ends Sit.
func (s *Seat) Leave() { s.tid.Store(0) }

// follow gives the seat to the thread that the goroutine is on now.
func (s *Seat) follow() {
	if s.cpu < 0 {
		return
	}
	tid := unix.Gettid()
	old := int(s.tid.Load())
	if tid == old {
		return
	}
	s.tid.Store(int32(tid))
	set := only(s.cpu)
	unix.SchedSetaffinity(tid, &set)
	if old != 0 {
		unix.SchedSetaffinity(old, &s.seats.rest)
	}
}

// only is one CPU.
func only(cpu int) (set affinity) {
	set.Set(cpu)
	return set
}

// threads are those of this process.
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
