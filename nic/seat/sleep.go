//go:build unix

package seat

import (
	"time"

	"golang.org/x/sys/unix"
)

// Sleeper puts an idle poller to sleep until one of its ports has a frame, or another
// thread wakes it through a pipe.
type Sleeper struct {
	pipe [2]int
	fds  []unix.PollFd
}

// NewSleeper takes two descriptors until Close.
func NewSleeper() (*Sleeper, error) {
	s := &Sleeper{}
	if err := unix.Pipe(s.pipe[:]); err != nil {
		return nil, err
	}
	for _, fd := range s.pipe {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Close gives the descriptors back. No thread may be in Sleep or Wake.
func (s *Sleeper) Close() {
	unix.Close(s.pipe[0])
	unix.Close(s.pipe[1])
}

// Sleep waits until one of the descriptors fds can be read, somebody calls Wake,
// or the time is over.
func (s *Sleeper) Sleep(fds []int, most time.Duration) {
	s.fds = append(s.fds[:0], unix.PollFd{Fd: int32(s.pipe[0]), Events: unix.POLLIN})
	for _, fd := range fds {
		s.fds = append(s.fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	unix.Poll(s.fds, int(most/time.Millisecond))
	var drain [64]byte
	for s.fds[0].Revents != 0 {
		if n, err := unix.Read(s.pipe[0], drain[:]); n < len(drain) || err != nil {
			break
		}
	}
}

// Wake ends the Sleep under way, or the next one at once.
func (s *Sleeper) Wake() { unix.Write(s.pipe[1], []byte{0}) }
