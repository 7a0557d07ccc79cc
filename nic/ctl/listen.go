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

// mode lets the socket's owner and group connect, and no other user.
const mode = 0o660

// mostPath is how many bytes the path of a Unix socket can have.
const mostPath = len(syscall.RawSockaddrUnix{}.Path) - 1

var errLong = fmt.Errorf("the path is too long: a socket's has at most %d bytes", mostPath)

// socket is a listener whose Close also removes the socket from its path.
type socket struct {
	*net.UnixListener
	path string
	own  fs.FileInfo // of the socket that this listener put at path
}

// Listen binds a Unix socket at path, in the place of a socket that a dead card left. To
// close the listener removes the socket. If another card answers at path, Listen is an
// error. The socket's folder may belong to owners, too: users that a card becomes.
//
// Listen binds the socket in a folder that only this user can enter, sets the mode there,
// and then renames the socket to its place, so that no stranger can connect while the
// socket still has the mode of the process's umask. A lock beside the socket, which Listen
// removes at its end, keeps two cards that start at once from replacing each other's
// socket.
func Listen(path string, owners ...int) (net.Listener, error) {
	if len(path) > mostPath {
		return nil, fmt.Errorf("socket %s: %w", path, errLong)
	}
	if err := trusted(filepath.Dir(path), owners); err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	starting, err := hold(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	defer starting.release()
	if err := Vacant(path); err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	s, err := bind(path)
	if err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	return s, nil
}

// Vacant is an error unless path is free, or has a socket that no process serves.
func Vacant(path string) error {
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

// bind makes the socket and moves it to path, in the place of a stale one.
func bind(path string) (*socket, error) {
	private, err := os.MkdirTemp(filepath.Dir(path), ".n")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(private)
	birth := filepath.Join(private, "s")
	l, err := listenAt(birth)
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

// listenAt binds a socket at a path that may be too long for a socket's: the descriptor of
// its folder is a short one.
func listenAt(path string) (*net.UnixListener, error) {
	if len(path) > mostPath {
		d, err := os.Open(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		path = fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), filepath.Base(path))
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err == nil {
		l.SetUnlinkOnClose(false) // the path is another's then
	}
	return l, err
}

// place sets the mode of the socket at birth, and moves the socket to its path.
func (s *socket) place(birth string) (err error) {
	if err := os.Chmod(birth, mode); err != nil {
		return err
	}
	if s.own, err = os.Lstat(birth); err != nil {
		return err
	}
	return os.Rename(birth, s.path)
}

// Close ends the listener and removes the socket, unless another card's socket has taken
// its place.
func (s *socket) Close() error {
	if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.own) {
		os.Remove(s.path)
	}
	return s.UnixListener.Close()
}
