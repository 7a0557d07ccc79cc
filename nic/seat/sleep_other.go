//go:build !unix

package seat

import "time"

// Sleeper waits where there is no poll(2): blindly, and briefly.
type Sleeper struct{}

// NewSleeper never fails.
func NewSleeper() (*Sleeper, error) { return &Sleeper{}, nil }

// Close does nothing.
func (s *Sleeper) Close() {}

// Sleep waits a millisecond.
func (s *Sleeper) Sleep([]int, time.Duration) { time.Sleep(time.Millisecond) }

// Wake does nothing: the sleeper wakes soon.
func (s *Sleeper) Wake() {}
