package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// inside is the environment variable that has the test binary enter the sandbox
// that it holds, and tell what it still can.
const inside = "NITROCARD_TEST_SANDBOX"

func TestMain(m *testing.M) {
	if text := os.Getenv(inside); text != "" {
		tell(text)
	}
	os.Exit(m.Run())
}

// tried is what became of each thing that was tried in a sandbox, nil errors as "".
type tried struct {
	Report                                             Report
	Inside, Outside, Read, Run, Unshare, Clone, Clone3 string
	Capabilities                                       uint64
}

// tell enters a sandbox with one folder, tries things and tells what became of them.
func tell(folder string) {
	var t tried
	var err error
	words := func(err error) string {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	if t.Report, err = Enter(Options{Folders: []string{folder}}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	t.Inside = words(os.WriteFile(filepath.Join(folder, "new"), nil, 0o600))
	t.Outside = words(os.WriteFile(filepath.Join(filepath.Dir(folder), "new"), nil, 0o600))
	_, err = os.ReadFile(filepath.Join(filepath.Dir(folder), "text"))
	t.Read = words(err)
	if t.Capabilities, err = permitted(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	t.Run = words(unix.Exec("/proc/self/exe", os.Args, nil))
	t.Unshare = words(unix.Unshare(unix.CLONE_NEWUSER))
	t.Clone, t.Clone3 = words(child(unix.SYS_CLONE, unix.CLONE_NEWUSER|unix.CLONE_VFORK|uintptr(unix.SIGCHLD), 0)), words(child(unix.SYS_CLONE3, 0, 0))
	json.NewEncoder(os.Stdout).Encode(t)
	os.Exit(0)
}

// child makes a child process by a system call. The child ends at once.
func child(call, a, b uintptr) error {
	pid, _, errno := unix.RawSyscall(call, a, b, 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
	}
	return nil
}

// In a sandbox a process writes in its folder and reads, and does nothing else that
// an intruder would.
func TestWhatASandboxLeaves(t *testing.T) {
	around := t.TempDir()
	folder := filepath.Join(around, "own")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(around, "text"), nil, 0o600))
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), inside+"="+folder)
	c.Stderr = os.Stderr
	out, err := c.Output()
	require.NoError(t, err)
	var got tried
	require.NoError(t, json.Unmarshal(out, &got))
	require.Empty(t, got.Inside)
	require.Empty(t, got.Read)
	require.Contains(t, got.Report.Done, "no_new_privs")
	require.Empty(t, got.Report.Kept)
	require.Zero(t, got.Capabilities)
	lacks := strings.Join(got.Report.Lacks, "; ")
	t.Log("this kernel lacks:", lacks)
	if !strings.Contains(lacks, "landlock") {
		require.ErrorContains(t, errors.New(got.Outside), "permission denied")
	}
	if !strings.Contains(lacks, "seccomp") {
		require.ErrorContains(t, errors.New(got.Run), "operation not permitted")
		require.ErrorContains(t, errors.New(got.Unshare), "operation not permitted")
		require.ErrorContains(t, errors.New(got.Clone), "operation not permitted")
		require.ErrorContains(t, errors.New(got.Clone3), "function not implemented")
	}
}

// What the filter answers to a call of an architecture, with its number and first
// argument.
func TestCallFilter(t *testing.T) {
	native, err := arch.GetInfo("")
	require.NoError(t, err)
	const allowed = int(seccomp.ActionAllow)
	answer := func(o Options, of uint32, call, argument int) int {
		program, err := callFilter(o)
		require.NoError(t, err)
		vm, err := bpf.NewVM(program)
		require.NoError(t, err)
		data := make([]byte, 64) // struct seccomp_data, its words big endian as bpf.VM reads them
		for at, word := range map[int]int{0: call, 4: int(of), 16: argument} {
			binary.BigEndian.PutUint32(data[at:], uint32(word))
		}
		got, err := vm.Run(data)
		require.NoError(t, err)
		return got
	}
	refusal := func(errno unix.Errno) int { return int(seccomp.ActionErrno) | int(errno) }
	own, foreign := uint32(native.ID), uint32(arch.I386.ID)
	card, bare := Options{}, Options{Bare: true}
	require.Equal(t, allowed, answer(card, own, unix.SYS_READ, 0))
	require.Equal(t, refusal(unix.EPERM), answer(card, foreign, unix.SYS_READ, 0))
	require.Equal(t, refusal(unix.EPERM), answer(card, foreign, unix.SYS_EXECVE, 0))
	require.Equal(t, refusal(unix.EPERM), answer(card, own, unix.SYS_EXECVE, 0))
	require.Equal(t, allowed, answer(card, own, unix.SYS_CLONE, unix.CLONE_VM|unix.CLONE_THREAD))
	for _, flag := range []int{unix.CLONE_NEWNS, unix.CLONE_NEWCGROUP, unix.CLONE_NEWUTS, unix.CLONE_NEWIPC, unix.CLONE_NEWUSER, unix.CLONE_NEWPID, unix.CLONE_NEWNET} {
		require.Equal(t, refusal(unix.EPERM), answer(card, own, unix.SYS_CLONE, unix.CLONE_VM|flag), "%#x", flag)
	}
	require.Equal(t, refusal(unix.ENOSYS), answer(card, own, unix.SYS_CLONE3, 0))
	for _, call := range []int{unix.SYS_BPF, unix.SYS_USERFAULTFD} {
		require.Equal(t, refusal(unix.EPERM), answer(card, own, call, 0))
		require.Equal(t, allowed, answer(bare, own, call, 0))
	}
	require.Equal(t, refusal(unix.EPERM), answer(bare, own, unix.SYS_EXECVE, 0))
}

// A folder among the files would leave all files below it.
func TestAFolderIsNoFile(t *testing.T) {
	folder := t.TempDir()
	require.EqualError(t, restrictFiles(Options{Files: []string{"/dev/null", folder}}, &Report{}), "landlock: "+folder+" is a folder; a file is expected")
}
