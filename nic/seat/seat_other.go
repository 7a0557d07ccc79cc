//go:build !linux

package seat

import "runtime"

// affinity is empty, because threads cannot be pinned on this system.
type affinity struct{}

// choose finds no CPUs.
func (s *Seats) choose(int) []int { return nil }

// tidy moves no thread.
func (s *Seats) tidy(bool) bool { return false }

// giveBack moves no thread.
func (s *Seats) giveBack() {}

// Sit locks the calling goroutine to its thread; the CPU is -1, none. Call Leave before
// the goroutine ends; the thread ends with the goroutine.
func (s *Seat) Sit() int {
	runtime.LockOSThread() // and nobody unlocks
	return s.cpu
}

// Leave ends Sit.
func (s *Seat) Leave() {}
