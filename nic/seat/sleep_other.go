//go:build !unix

package seat

import "time"

// Sleeper sleeps for a moment, because this system has no poll(2) to wait for ports.
type Sleeper struct{}

// NewSleeper never fails.
func NewSleeper() (*Sleeper, error) { return &Sleeper{}, nil }

// Close does nothing.
func (s *Sleeper) Close() {}

// Sleep waits a millisecond.
func (s *Sleeper) Sleep([]int, time.Duration) { time.Sleep(time.Millisecond) }

// Wake does nothing, because Sleep ends soon.
func (s *Sleeper) Wake() {}
