package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a starting card waits for others that start.
const patience = 2 * time.Second

// lock is a file that one starting card has. Only its owner can open it, so
// nobody else can hold it.
type lock struct {
	path string
	file *os.File
}

// hold holds other starting cards off, for as long as it takes to start.
func hold(path string) (*lock, error) {
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		l, err := tryLock(path)
		if l != nil || err != nil {
			return l, err
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("lock %s: another card of this user has held it for seconds; `fuser %s` names it", path, path)
		}
	}
}

// tryLock is nil while another card has the lock.
func tryLock(path string) (*lock, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, notOurs(path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	var opened, there unix.Stat_t
	if err := unix.Fstat(fd, &opened); err != nil || opened.Mode&unix.S_IFMT != unix.S_IFREG || int(opened.Uid) != os.Geteuid() {
		f.Close()
		return nil, notOurs(path, err)
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if err == unix.EWOULDBLOCK {
			err = nil
		}
		return nil, err
	}
	if unix.Lstat(path, &there) != nil || there.Ino != opened.Ino { // its last holder took it away meanwhile
		f.Close()
		return nil, nil
	}
	return &lock{path, f}, nil
}

// notOurs is the error of a lock file that another user put there.
func notOurs(path string, err error) error {
	if err != nil && !errors.Is(err, unix.ELOOP) && !errors.Is(err, fs.ErrPermission) {
		return &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return fmt.Errorf("lock %s: what is there is another user's, or no file; remove it, or give the socket a folder of its own", path)
}

// release lets others start.
func (l *lock) release() {
	os.Remove(l.path)
	l.file.Close()
}
