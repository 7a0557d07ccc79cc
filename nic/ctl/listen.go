package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// mode lets the socket's owner and group in, and nobody else.
const mode = 0o660

// mostPath is how many bytes the path of a Unix socket can have.
const mostPath = len(syscall.RawSockaddrUnix{}.Path) - 1

var errLong = fmt.Errorf("the path is too long: a socket's has at most %d bytes", mostPath)

// socket is a listener at a path, which it takes away with itself.
type socket struct {
	*net.UnixListener
	path string
	own  fs.FileInfo // what we put at path
}

// Listen binds a Unix socket at path, over one that a dead card left behind.
// Closing the listener removes it. While another card answers there, it is an
// error.
//
// The socket is bound in a folder that only we can enter, gets its mode there
// and is then renamed to its place, so that nobody can connect while it still
// has the mode of the process's umask. A lock beside it, which is gone when Listen
// returns, keeps two cards that start at once from replacing each other's socket.
func Listen(path string) (net.Listener, error) {
	if len(path) > mostPath {
		return nil, fmt.Errorf("socket %s: %w", path, errLong)
	}
	if err := trusted(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	starting, err := hold(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	defer starting.release()
	if err := vacant(path); err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	s, err := bind(path)
	if err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	return s, nil
}

// vacant is nil if nothing is at path, or a socket that nobody serves.
func vacant(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("something that is not a socket is there already")
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	if err == nil {
		conn.Close()
	}
	return errors.New("another card answers there already; give this one a socket of its own")
}

// bind makes the socket and moves it to path, over a stale one.
func bind(path string) (*socket, error) {
	private, err := os.MkdirTemp(filepath.Dir(path), ".n")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(private)
	birth := filepath.Join(private, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: birth, Net: "unix"})
	if err != nil {
		return nil, err
	}
	s := &socket{UnixListener: l, path: path}
	if err := s.place(birth); err != nil {
		l.Close()
		return nil, err
	}
	return s, nil
}

func (s *socket) place(birth string) (err error) {
	if err := os.Chmod(birth, mode); err != nil {
		return err
	}
	if s.own, err = os.Lstat(birth); err != nil {
		return err
	}
	return os.Rename(birth, s.path)
}

// Close ends the listener and removes the socket, unless another's has taken
// its place.
func (s *socket) Close() error {
	if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.own) {
		os.Remove(s.path)
	}
	return s.UnixListener.Close()
}
