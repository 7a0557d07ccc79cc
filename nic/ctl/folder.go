package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// folderMode lets a folder's group in, to what it knows there.
const folderMode = 0o750

// Folder makes the folder of a card's own for sockets and locks, mode 0750, if it
// is not there.
func Folder(path string) error {
	err := os.Mkdir(path, folderMode)
	if errors.Is(err, fs.ErrExist) {
		return nil // Listen looks at it
	}
	return err
}

// trusted is nil for a folder where no stranger can put a socket in the place of
// ours: its owner, this user or root, and its group alone write there, or, as in
// /tmp, what one user makes another cannot move.
func trusted(folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &fs.PathError{Op: "open", Path: folder, Err: syscall.ENOTDIR}
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	if owner != 0 && int(owner) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user, who could put another socket in its place; use a folder of your own", folder)
	}
	if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("anybody may write to %s, and put another socket in its place; take that right away (chmod o-w), or use another folder", folder)
	}
	return nil
}
