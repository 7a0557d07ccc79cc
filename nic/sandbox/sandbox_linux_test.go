package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
	Report                              Report
	Inside, Outside, Read, Run, Unshare string
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
	t.Run = words(unix.Exec("/proc/self/exe", os.Args, nil))
	t.Unshare = words(unix.Unshare(unix.CLONE_NEWUSER))
	json.NewEncoder(os.Stdout).Encode(t)
	os.Exit(0)
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
	lacks := strings.Join(got.Report.Lacks, "; ")
	t.Log("this kernel lacks:", lacks)
	if !strings.Contains(lacks, "landlock") {
		require.ErrorContains(t, errors.New(got.Outside), "permission denied")
	}
	if !strings.Contains(lacks, "seccomp") {
		require.ErrorContains(t, errors.New(got.Run), "operation not permitted")
		require.ErrorContains(t, errors.New(got.Unshare), "operation not permitted")
	}
}

// A folder among the files would leave all files below it.
func TestAFolderIsNoFile(t *testing.T) {
	folder := t.TempDir()
	require.EqualError(t, restrictFiles(Options{Files: []string{"/dev/null", folder}}, &Report{}), "landlock: "+folder+" is a folder; a file is expected")
}
