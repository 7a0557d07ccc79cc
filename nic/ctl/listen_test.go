package ctl

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// socketPath is short: a Unix socket's path has 108 bytes at most, and a
// test's own folder is often longer.
func socketPath(t *testing.T) string {
	dir, err := os.MkdirTemp("", "ctl")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "card.sock")
}

func TestTheSocketIsForOwnerAndGroup(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	require.NoError(t, err)
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.Equal(t, fs.ModeSocket|0o660, info.Mode())
	require.NoError(t, l.Close())
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Empty(t, files, "nothing is left behind")
}

// A card that died without a word leaves its socket; the next card takes its
// place.
func TestADeadCardsSocketIsReplaced(t *testing.T) {
	path := socketPath(t)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	dead.SetUnlinkOnClose(false)
	require.NoError(t, dead.Close())
	require.FileExists(t, path)
	l, err := Listen(path)
	require.NoError(t, err)
	defer l.Close()
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	conn.Close()
}

func TestALivingCardsSocketIsRespected(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	require.NoError(t, err)
	defer l.Close()
	_, err = Listen(path)
	require.EqualError(t, err, "socket "+path+": another card answers there already; give this one a socket of its own")
}

func TestWhatIsNoSocketStays(t *testing.T) {
	path := socketPath(t)
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
	_, err := Listen(path)
	require.ErrorContains(t, err, "is not a socket")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "mine", string(data))
}

func TestListenInAFolderThatIsNotThere(t *testing.T) {
	_, err := Listen("/nonexistent/card.sock")
	require.ErrorContains(t, err, "socket /nonexistent/card.sock: ")
}

// Whoever holds a lock on the folder, which anybody who may read it can, keeps no card
// away.
func TestAStrangersLockKeepsNoCardAway(t *testing.T) {
	path := socketPath(t)
	stranger, err := os.Open(filepath.Dir(path))
	require.NoError(t, err)
	defer stranger.Close()
	require.NoError(t, syscall.Flock(int(stranger.Fd()), syscall.LOCK_EX))
	l, err := Listen(path)
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// A lock is a file that its owner alone can open, and no way to another file.
func TestALockIsItsOwners(t *testing.T) {
	path := socketPath(t) + ".lock"
	l, err := hold(path)
	require.NoError(t, err)
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
	other, err := tryLock(path)
	require.NoError(t, err)
	require.Nil(t, other, "one at a time")
	l.release()
	require.NoFileExists(t, path)

	precious := filepath.Join(filepath.Dir(path), "precious")
	require.NoError(t, os.WriteFile(precious, []byte("mine"), 0o600))
	require.NoError(t, os.Symlink(precious, path))
	_, err = hold(path)
	require.ErrorContains(t, err, "what is there is another user's, or no file")
	require.NoError(t, os.Remove(path))
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, err = hold(path)
	require.ErrorContains(t, err, "what is there is another user's, or no file")
	if os.Geteuid() != 0 {
		return
	}
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.WriteFile(path, nil, 0o666))
	require.NoError(t, os.Chown(path, 65534, -1))
	_, err = hold(path)
	require.ErrorContains(t, err, "what is there is another user's, or no file")
}

// Where others could put a socket in the place of the card's, no card listens.
func TestListenTrustsNoFolderOfOthers(t *testing.T) {
	path := socketPath(t)
	folder := filepath.Dir(path)
	require.NoError(t, os.Chmod(folder, 0o777))
	_, err := Listen(path)
	require.ErrorContains(t, err, "anybody may write to "+folder)
	require.NoError(t, os.Chmod(folder, 0o777|fs.ModeSticky))
	l, err := Listen(path)
	require.NoError(t, err, "as in /tmp, where nobody moves what is another's")
	require.NoError(t, l.Close())
	require.NoError(t, os.Chmod(folder, 0o770))
	l, err = Listen(path)
	require.NoError(t, err, "the group is its user's alone")
	require.NoError(t, l.Close())
	require.NoError(t, os.Symlink(folder, folder+"/link"))
	_, err = Listen(folder + "/link/card.sock")
	require.ErrorContains(t, err, folder+"/link is a link; name the folder that the link leads to")
	if os.Geteuid() != 0 {
		return
	}
	require.NoError(t, os.Chown(folder, -1, 70001))
	_, err = Listen(path)
	require.ErrorContains(t, err, "members of the group 70001 may write to "+folder)
	require.NoError(t, os.Chown(folder, 65534, -1))
	_, err = Listen(path)
	require.ErrorContains(t, err, folder+" belongs to another user")
}

func TestFolder(t *testing.T) {
	folder := filepath.Dir(socketPath(t)) + "/own"
	require.NoError(t, Folder(folder))
	info, err := os.Stat(folder)
	require.NoError(t, err)
	require.Equal(t, fs.ModeDir|0o750, info.Mode())
	require.NoError(t, Folder(folder), "it may be there")

	defer syscall.Umask(syscall.Umask(0o077))
	require.NoError(t, Folder(folder+"2"))
	info, err = os.Stat(folder + "2")
	require.NoError(t, err)
	require.Equal(t, fs.ModeDir|0o750, info.Mode(), "whatever the umask is")
}

// Another card's socket that came to our place meanwhile is not ours to
// remove.
func TestCloseLeavesAnothersSocket(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	other, err := Listen(path)
	require.NoError(t, err)
	defer other.Close()
	require.NoError(t, l.Close())
	require.FileExists(t, path)
}

// Of many cards that start at once over a dead one's socket, one gets it.
func TestOneOfManyGetsTheSocket(t *testing.T) {
	path := socketPath(t)
	for range 30 {
		dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		require.NoError(t, err)
		dead.SetUnlinkOnClose(false)
		require.NoError(t, dead.Close())
		got := make([]net.Listener, 8)
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() { got[i], _ = Listen(path) })
		}
		all.Wait()
		won := 0
		for _, l := range got {
			if l != nil {
				won++
				require.NoError(t, l.Close())
			}
		}
		require.Equal(t, 1, won)
	}
}

// A path of all the bytes that a socket's may have works, also where the folder has most
// of them.
func TestAFolderWithALongPath(t *testing.T) {
	dir := filepath.Dir(socketPath(t))
	folder := filepath.Join(dir, strings.Repeat("x", mostPath-len(dir)-1-len("/s")))
	require.NoError(t, os.Mkdir(folder, 0o700))
	path := filepath.Join(folder, "s")
	require.Len(t, path, mostPath)
	l, err := Listen(path)
	require.NoError(t, err)
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	conn.Close()
	require.NoError(t, l.Close())
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, files, "nothing is left behind")
}

// Nobody could connect to it.
func TestAPathThatIsTooLong(t *testing.T) {
	dir := filepath.Dir(socketPath(t))
	path := filepath.Join(dir, strings.Repeat("x", mostPath-len(dir)-1))
	l, err := Listen(path)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = Listen(path + "x")
	require.EqualError(t, err, fmt.Sprintf("socket %sx: the path is too long: a socket's has at most %d bytes", path, mostPath))
	_, err = Dial(path + "x").ENIs(t.Context())
	require.EqualError(t, err, fmt.Sprintf("socket %sx: the path is too long: a socket's has at most %d bytes", path, mostPath))
}
