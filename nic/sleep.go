//go:build unix

package nic

import (
	"golang.org/x/sys/unix"

	"nitrocard/pmd"
)

// sleeper is what an idle worker sleeps on: its ports, and a pipe that wakes
// it for work from elsewhere.
type sleeper struct {
	pipe [2]int
	fds  []unix.PollFd
}

// nap is how long an idle worker sleeps at most, in ms; some ports cannot
// wake it, and connections age meanwhile.
const nap, napBlind = 50, 1

func newSleeper() (*sleeper, error) {
	s := &sleeper{}
	if err := unix.Pipe(s.pipe[:]); err != nil {
		return nil, err
	}
	for _, fd := range s.pipe {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *sleeper) close() {
	unix.Close(s.pipe[0])
	unix.Close(s.pipe[1])
}

// sleep waits until a frame arrives, someone wakes the worker, or the nap is
// over.
func (w *worker) sleep() {
	w.sleeping.Store(true)
	defer w.sleeping.Store(false)
	if w.call.Load() != nil {
		return
	}
	timeout := nap
	s := w.sleeper
	s.fds = append(s.fds[:0], unix.PollFd{Fd: int32(s.pipe[0]), Events: unix.POLLIN})
	for _, slot := range w.view.slots {
		if p, ok := slot.port.(pmd.Waiter); ok && !slot.down.Load() {
			s.fds = append(s.fds, unix.PollFd{Fd: int32(p.Fd()), Events: unix.POLLIN})
		} else if slot.port != nil && !ok {
			timeout = napBlind
		}
	}
	unix.Poll(s.fds, timeout)
	var drain [64]byte
	for s.fds[0].Revents != 0 {
		if n, err := unix.Read(s.pipe[0], drain[:]); n < len(drain) || err != nil {
			break
		}
	}
}

// wake ends the worker's sleep.
func (w *worker) wake() {
	if w.sleeping.Load() {
		unix.Write(w.sleeper.pipe[1], []byte{0})
	}
}
