package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// folderMode lets the group of a card's folder open the sockets there, and no other user
// see them.
const folderMode = 0o750

// DefaultSocket is where a card of this user has its control socket: in a folder that is
// a card's own.
func DefaultSocket() string {
	if os.Geteuid() == 0 {
		return "/run/nitrocard/card.sock"
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return filepath.Join(dir, "nitrocard", "card.sock")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("nitrocard-%d", os.Geteuid()), "card.sock")
}

// Folder makes a folder for the sockets and locks of cards, with mode 0750 whatever the
// process's umask is. Folder leaves a file or folder alone that is there already.
func Folder(path string) error {
	err := os.Mkdir(path, folderMode)
	if errors.Is(err, fs.ErrExist) {
		return nil // Listen checks the folder
	}
	if err != nil {
		return err
	}
	return os.Chmod(path, folderMode)
}

// enters tells whether a folder's mode lets members of a group in.
func enters(folder string, group uint32) bool {
	info, err := os.Stat(folder)
	if err != nil {
		return false
	}
	same := info.Sys().(*syscall.Stat_t).Gid == group
	return same && info.Mode()&0o010 != 0 || !same && info.Mode()&0o001 != 0
}

// trusted is an error for a folder in which a stranger could put a socket in the place of
// ours. A folder is trusted if it is no link, belongs to this user, root or one of owners,
// and if other users cannot write there, or can, as in /tmp, but cannot move another user's
// files (sticky bit). A group that has its owner's name is the owner alone. The folders
// above are not looked at: whoever can replace one of them is trusted.
func trusted(folder string, owners []int) error {
	info, err := os.Lstat(folder)
	switch {
	case err != nil:
		return err
	case info.Mode().Type() == fs.ModeSymlink:
		return fmt.Errorf("%s is a link; name the folder that the link leads to", folder)
	case !info.IsDir():
		return &fs.PathError{Op: "open", Path: folder, Err: syscall.ENOTDIR}
	}
	ids := info.Sys().(*syscall.Stat_t)
	owner, shared := int(ids.Uid), info.Mode()&fs.ModeSticky == 0
	if owner != 0 && owner != os.Geteuid() && !slices.Contains(owners, owner) {
		return fmt.Errorf("%s belongs to another user, who could put another socket in its place; use a folder of your own", folder)
	}
	if shared && info.Mode()&0o002 != 0 {
		return fmt.Errorf("anybody may write to %s, and put another socket in its place; take that right away (chmod o-w), or use another folder", folder)
	}
	if shared && info.Mode()&0o020 != 0 && groupName(ids.Gid) != nameOf(ids.Uid) {
		return fmt.Errorf("members of the group %s may write to %s, and put another socket in its place; take that right away (chmod g-w), or use another folder",
			groupName(ids.Gid), folder)
	}
	return nil
}
