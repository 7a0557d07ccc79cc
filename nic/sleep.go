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
// over. Nobody waits for the worker meanwhile.
func (w *worker) sleep() {
	timeout := nap
	s := w.sleeper
	s.fds = append(s.fds[:0], unix.PollFd{Fd: int32(s.pipe[0]), Events: unix.POLLIN})
	for i := range w.polls {
		q := &w.polls[i]
		if p, ok := q.port.(pmd.Waiter); ok && !q.down.Load() {
			s.fds = append(s.fds, unix.PollFd{Fd: int32(p.Fd()), Events: unix.POLLIN})
		} else if q.port != nil && !ok {
			timeout = napBlind
		}
	}
	w.leave()
	defer w.card.gate.enter(w.number)
	unix.Poll(s.fds, timeout)
	var drain [64]byte
	for s.fds[0].Revents != 0 {
		if n, err := unix.Read(s.pipe[0], drain[:]); n < len(drain) || err != nil {
			break
		}
	}
}

// wake ends the worker's sleep, or keeps it from the next one.
func (w *worker) wake() { unix.Write(w.sleeper.pipe[1], []byte{0}) }
