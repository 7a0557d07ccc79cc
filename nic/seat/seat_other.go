//go:build !linux

package seat

import "runtime"

// affinity is nothing where threads cannot be pinned.
type affinity struct{}

// choose finds no CPUs there.
func (s *Seats) choose(int) []int { return nil }

func (s *Seats) tidy(bool) bool { return false }

func (s *Seats) giveBack() {}

// Sit binds the calling goroutine to its thread; the CPU is -1, none. The
// thread ends with the goroutine, which calls Leave before.
func (s *Seat) Sit() int {
	runtime.LockOSThread() // and never unlocked, but to yield
	return s.cpu
}

// Leave ends Sit.
func (s *Seat) Leave() {}

func (s *Seat) follow() {}
