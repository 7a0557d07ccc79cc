//go:build !unix

package nic

import "time"

// sleeper waits where there is no poll(2): blindly, and briefly.
type sleeper struct{}

func newSleeper() (*sleeper, error) { return &sleeper{}, nil }

func (s *sleeper) close() {}

func (w *worker) sleep() {
	w.leave()
	defer w.card.gate.enter(w.number)
	time.Sleep(time.Millisecond)
}

func (w *worker) wake() {}
