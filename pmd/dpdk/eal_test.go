//go:build dpdk && cgo && linux

package dpdk

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd/pmdtest"
)

// again runs this binary as a process of its own, because DPDK starts once in
// each, with EAL's options. It returns all that the process prints.
func again(t *testing.T, opts string, user uint32) string {
	c := exec.Command("/proc/self/exe", "-test.run=^TestInAnotherProcess$", "-test.v")
	c.Env = append(os.Environ(), optionsVariable+"="+opts)
	if user != 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
		c.Dir = "/"
	}
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

const optionsVariable = "NITROCARD_TEST_EAL"

// TestInAnotherProcess is what again runs.
func TestInAnotherProcess(t *testing.T) {
	opts, ok := os.LookupEnv(optionsVariable)
	if !ok {
		t.Skip("this is a part of other tests")
	}
	if err := Init(strings.Fields(opts)); err != nil {
		fmt.Println("error:", err)
		return
	}
	plug(t, "net_null0")
	fmt.Println("memory:", Memory())
}

func TestInitSaysWhatIsWrong(t *testing.T) {
	pmdtest.NeedNamespace(t)
	for opts, want := range map[string]string{
		"-m 64 --nope":    "--eal --nope: DPDK has no such option",
		"-l 999":          "--eal -l 999: DPDK does not start with that",
		"--no-huge -m 16": "too little memory for DPDK's frames; give it 128 MB or more with --eal \"-m MB\"",
		"--help":          "--eal --help: DPDK's options are listed by",
	} {
		out := again(t, opts, 0)
		require.Contains(t, out, "error: "+want)
		require.NotContains(t, out, "Usage")
		require.NotContains(t, out, "FATAL")
	}
}

func TestMemoryWithoutHugePagesNeedsNoRights(t *testing.T) {
	if users, err := os.ReadFile("/proc/self/uid_map"); err != nil || len(strings.Fields(string(users))) != 3 || strings.Fields(string(users))[2] == "1" {
		t.Skip("this user is an ordinary one, so that all of these tests show it")
	}
	require.Regexp(t, `memory: DPDK [0-9.]+: [0-9]+ MB, not in huge pages`, again(t, "--no-huge", 65534))
}

// DPDK pins the thread that it starts on, and the others inherit that.
func TestNoThreadIsPinned(t *testing.T) {
	plug(t, unique("net_null"))
	tasks, err := filepath.Glob("/proc/self/task/*/status")
	require.NoError(t, err)
	cpus := regexp.MustCompile(`Cpus_allowed_list:\s*(\S+)`)
	self, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	want := cpus.FindStringSubmatch(string(self))[1]
	for _, task := range tasks {
		if status, err := os.ReadFile(task); err == nil {
			require.Equal(t, want, cpus.FindStringSubmatch(string(status))[1], "%s", status)
		}
	}
}

// Threads come and go: DPDK has numbers for 128 at a time.
func TestThreadsAreBoundAndUnbound(t *testing.T) {
	a, b := plug(t, unique("net_null")), plug(t, unique("net_null"))
	for range 500 {
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			err := a.BindThread()
			if err == nil {
				err = b.BindThread() // the same thread once more
				b.UnbindThread()
			}
			a.UnbindThread()
			done <- err
		}()
		require.NoError(t, <-done)
	}
}
