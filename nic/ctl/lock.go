package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a starting card waits for other starting cards.
const patience = 2 * time.Second

// lock is a locked file, which one starting card holds. Only the file's owner can open the
// file, so no other user can hold the lock.
type lock struct {
	path string
	file *os.File
}

// hold takes the lock at path, and waits for other starting cards for as long as patience.
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
	if unix.Lstat(path, &there) != nil || there.Ino != opened.Ino { // the last holder has removed this file meanwhile
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

// release removes the file, and lets other cards start.
func (l *lock) release() {
	os.Remove(l.path)
	l.file.Close()
}
