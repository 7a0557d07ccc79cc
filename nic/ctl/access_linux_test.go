package ctl

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"nitrocard/nic/nictest"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// somebody is a user of groups, the first of which is the user's own.
type somebody struct {
	user   int
	groups []uint32
}

// ask makes one request as somebody, and returns status and answer; 0 if the
// socket is not open to that user.
func (who somebody) ask(t *testing.T, path, method, url, body string) (status int, answer string) {
	err := who.do(func() error {
		conn, err := net.Dial("unix", path)
		if err != nil {
			return err
		}
		defer conn.Close()
		req, _ := http.NewRequest(method, "http://card"+url, strings.NewReader(body))
		if err = req.Write(conn); err == nil {
			var resp *http.Response
			if resp, err = http.ReadResponse(bufio.NewReader(conn), req); err == nil {
				text, _ := io.ReadAll(resp.Body)
				status, answer = resp.StatusCode, string(text)
			}
		}
		return err
	})
	if !errors.Is(err, fs.ErrPermission) {
		require.NoError(t, err)
	}
	return status, answer
}

// do calls f as somebody.
func (who somebody) do(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with its user
		for _, call := range [][3]uintptr{
			{unix.SYS_SETGROUPS, uintptr(len(who.groups)), uintptr(unsafe.Pointer(&who.groups[0]))},
			{unix.SYS_SETRESGID, uintptr(who.groups[0]), uintptr(who.groups[0])},
			{unix.SYS_SETRESUID, uintptr(who.user), uintptr(who.user)},
		} {
			if _, _, errno := unix.RawSyscall(call[0], call[1], call[2], call[2]); errno != 0 {
				done <- errno
				return
			}
		}
		done <- f()
	}()
	return <-done
}

// A client asks no socket at the default place in a folder that a stranger made first.
func TestAStrangersFolderIsAskedNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root becomes other users")
	}
	tmp := filepath.Dir(socketPath(t))
	require.NoError(t, os.Chmod(tmp, 0o777|fs.ModeSticky))
	t.Setenv("TMPDIR", tmp)
	t.Setenv("XDG_RUNTIME_DIR", "")
	victim := somebody{65531, []uint32{65531}}
	ask := func() error {
		return victim.do(func() error {
			_, err := Dial(DefaultSocket()).ENIs(t.Context())
			return err
		})
	}
	folder := filepath.Join(tmp, "nitrocard-65531")
	require.ErrorContains(t, ask(), "no card answers at "+folder+"/card.sock")
	require.NoError(t, os.Mkdir(folder, 0o755))
	require.NoError(t, os.Chown(folder, 65530, 65530))
	require.ErrorContains(t, ask(), folder+" belongs to another user")
	require.NoError(t, os.Chown(folder, 65531, 65531))
	require.ErrorContains(t, ask(), "no card answers at "+folder+"/card.sock")
}

// Of two groups one may ask, and the other change things as well; the log says who
// did.
func TestGroupsHaveRoles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root becomes other users")
	}
	const readers, writers = 70001, 70002
	reader, writer := somebody{65534, []uint32{65534, readers}}, somebody{65533, []uint32{65533, readers, writers}}
	stranger, many := somebody{65532, []uint32{65532}}, somebody{65531, append(make([]uint32, 100), readers, writers)}
	many.groups[0] = 65531
	lines := &nictest.Journal{}
	access := Access{Readers: new(uint32(readers)), Writers: new(uint32(writers))}
	s := serveTo(t, Options{Access: access, Log: slog.New(slog.NewTextHandler(lines, nil))})
	require.NoError(t, os.Chmod(filepath.Dir(s.path), folderMode))
	require.NoError(t, os.Chown(filepath.Dir(s.path), -1, readers))
	require.NoError(t, access.Grant(s.path))

	for _, c := range []struct {
		who         somebody
		reads, puts int
	}{{reader, 200, 403}, {writer, 200, 200}, {stranger, 0, 0}, {many, 200, 200}, {somebody{0, []uint32{0}}, 200, 200}} {
		status, _ := c.who.ask(t, s.path, "GET", "/v1/enis", "")
		require.Equal(t, c.reads, status, "%v reads", c.who)
		status, answer := c.who.ask(t, s.path, "PUT", "/v1/config/SecurityGroups/sg-shop", shop)
		require.Equal(t, c.puts, status, "%v writes", c.who)
		if status == 403 {
			require.Contains(t, answer, "may ask this card and not change it; root, the card's user and members of the group 70002 may")
		}
	}
	require.Contains(t, lines.String(), `level=WARN msg="asked for a change" user=nobody process=`)
	require.Contains(t, lines.String(), "method=PUT path=/v1/config/SecurityGroups/sg-shop status=403")
	require.Contains(t, lines.String(), `level=INFO msg="asked for a change" user="user 65533" process=`)
	require.NotContains(t, lines.String(), "method=GET")
	status, answer := reader.ask(t, s.path, "GET", "/v1/capture", "")
	require.Equal(t, 403, status)
	require.Contains(t, answer, "may ask this card and not read its guests' packets; root, the card's user and members of the group 70002 may")
}

// In a user namespace the number that stands for all strangers is nobody's own.
func TestStrangersOfANamespaceAreNotTheCardsUser(t *testing.T) {
	const whole, part = "         0          0 4294967295\n", "         0     100000      65536\n"
	require.EqualValues(t, -1, standIn("65534\n", whole))
	require.EqualValues(t, 65534, standIn("65534\n", part))
	require.EqualValues(t, -1, standIn("", ""))
	require.EqualValues(t, standIn(readProc("sys/kernel/overflowuid"), readProc("self/uid_map")), anyUser)

	had, hadGroup := anyUser, anyGroup
	defer func() { anyUser, anyGroup = had, hadGroup }()
	me, writers := uint32(os.Geteuid()+1), uint32(70002)
	access := Access{Writers: &writers}
	require.True(t, access.mayWrite(&peer{known: true, user: me, groups: []uint32{writers}}))
	anyGroup = int64(writers)
	require.False(t, access.mayWrite(&peer{known: true, user: me, groups: []uint32{writers}}))
	if os.Geteuid() != 0 {
		return
	}
	require.NoError(t, somebody{65531, []uint32{65531}}.do(func() error {
		require.True(t, access.mayWrite(&peer{known: true, user: 65531}))
		anyUser = 65531
		require.False(t, access.mayWrite(&peer{known: true, user: 65531}))
		return nil
	}))
}

// A card gives no folder away that is not its own, and says whom the folder keeps out.
func TestAFolderOfOthersKeepsItsGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files to groups")
	}
	lines := &nictest.Journal{}
	access := Access{Readers: new(uint32(70001))}
	s := serveTo(t, Options{Access: access, Log: slog.New(slog.NewTextHandler(lines, nil))})
	folder := filepath.Dir(s.path)
	require.NoError(t, os.Chmod(folder, folderMode))
	require.NoError(t, access.Grant(s.path))
	info, err := os.Stat(folder)
	require.NoError(t, err)
	require.Zero(t, info.Sys().(*syscall.Stat_t).Gid)
	_, err = s.ENIs(t.Context())
	require.NoError(t, err)
	require.Contains(t, lines.String(), `level=WARN msg="the group that may open the socket may not enter its folder" socket=`+s.path+" group=70001")
	require.False(t, enters(folder, 70001))
	require.NoError(t, os.Chmod(folder, 0o751))
	require.True(t, enters(folder, 70001))
	require.NoError(t, os.Chmod(folder, folderMode))
	require.NoError(t, os.Chown(folder, -1, 70001))
	require.True(t, enters(folder, 70001))
}

// Without groups, whoever may open the socket may write, and is named.
func TestEachWriteIsLogged(t *testing.T) {
	lines := &nictest.Journal{}
	s := serveTo(t, Options{Log: slog.New(slog.NewTextHandler(lines, nil))})
	status, _ := s.curl("PUT", "/v1/config/SecurityGroups/sg-shop", shop)
	require.Equal(t, 200, status)
	status, _ = s.curl("DELETE", "/v1/config/SecurityGroups/sg-none", "")
	require.Equal(t, 404, status)
	me := userName(&peer{known: true, user: uint32(os.Geteuid())})
	require.Regexp(t, `level=INFO msg="asked for a change" user=`+me+` process=\d+ method=PUT path=/v1/config/SecurityGroups/sg-shop status=200`, lines)
	require.Regexp(t, `level=WARN msg="asked for a change" user=`+me+` process=\d+ method=DELETE path=/v1/config/SecurityGroups/sg-none status=404`, lines)
}
