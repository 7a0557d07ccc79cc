//go:build linux

package cage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/nic/nictest/ample"
)

// The test binary is the caged program: as PID 1 it is Init, then it is one
// of these jobs.
var jobs = map[string]func() int{
	"look":   look,
	"orphan": orphan,
	"hang":   func() int { fmt.Println("hanging"); select {} },
	"seven":  func() int { return 7 },
	"nest":   nest,
}

func TestMain(m *testing.M) {
	job := os.Getenv("NITROCARD_CAGE_JOB")
	switch {
	case job == "":
		os.Exit(m.Run())
	case os.Getpid() == 1:
		exit, err := Init(os.Args[1:], 0)
		if err != nil {
			fmt.Println(err)
			exit = 1
		}
		os.Exit(exit)
	default:
		os.Exit(jobs[job]())
	}
}

// caged runs a job in a cage and returns what it printed.
func caged(t *testing.T, job string) (string, error) {
	t.Helper()
	t.Setenv("NITROCARD_CAGE_JOB", job)
	var out bytes.Buffer
	err := Run(t.Context(), Command{Path: os.Args[0], Stdout: &out, Stderr: &out})
	needCage(t, err)
	return out.String(), err
}

// needCage skips where the system forbids cages, and fails there in CI.
func needCage(t *testing.T, err error) {
	if err != nil && refusal(err) {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI has to allow namespaces: ", err)
		}
		t.Skip("no namespaces: ", err)
	}
}

func look() int {
	name, _ := os.Hostname()
	fmt.Println("hostname", name)
	links, _ := os.ReadDir("/proc/self/root/run")
	fmt.Println("run", len(links))
	fmt.Println("parent", os.Getppid(), "self", os.Getpid(), "uid", os.Getuid())
	dev, _ := os.ReadFile("/proc/self/net/dev")
	fmt.Println("links", strings.Count(string(dev), "\n")-2)
	return 0
}

func TestInsideNothingOfTheMachineIsSeen(t *testing.T) {
	out, err := caged(t, "look")
	require.NoError(t, err)
	require.Contains(t, out, "hostname nitrocard-lab")
	require.Contains(t, out, "run 0\n")
	require.Contains(t, out, "parent 1 self ")
	require.Contains(t, out, "uid 0\n")
	name, err := os.Hostname()
	require.NoError(t, err)
	require.NotEqual(t, "nitrocard-lab", name)
}

func TestTheExitStatusComesOut(t *testing.T) {
	_, err := caged(t, "seven")
	var ended *exec.ExitError
	require.True(t, errors.As(err, &ended), "%v", err)
	require.Equal(t, 7, ended.ExitCode())
}

// orphan leaves a grandchild whose parent is dead, and looks whether PID 1
// reaps it.
func orphan() int {
	out, err := exec.Command("sh", "-c", "sleep 0.05 & echo $!").Output()
	if err != nil {
		return 1
	}
	pid := strings.TrimSpace(string(out))
	for range 60_000 {
		if _, err := os.Stat("/proc/" + pid); err != nil {
			return 0
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 2
}

func TestOrphansAreReaped(t *testing.T) {
	_, err := caged(t, "orphan")
	require.NoError(t, err)
}

func TestStoppingEndsTheCage(t *testing.T) {
	t.Setenv("NITROCARD_CAGE_JOB", "hang")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began := make(signalWriter, 1) // the word waits for the test
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, Command{Path: os.Args[0], Stdout: began}) }()
	select {
	case <-began:
		cancel()
		require.Error(t, <-ended)
	case err := <-ended:
		needCage(t, err)
		t.Fatal("ended too early: ", err)
	}
}

// signalWriter tells of its first write.
type signalWriter chan struct{}

func (w signalWriter) Write(p []byte) (int, error) {
	select {
	case w <- struct{}{}:
	default:
	}
	return len(p), nil
}

// The outer process is killed without a chance to clean up: everything in
// the cage dies with it.
func TestKillingTheOutsideKillsTheInside(t *testing.T) {
	_, err := caged(t, "look") // or skip
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelperHangs$")
	cmd.Env = append(os.Environ(), "NITROCARD_CAGE_JOB=", "NITROCARD_CAGE_HELPER=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	init := childOf(t, cmd.Process.Pid)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool { return unix.Kill(init, 0) == unix.ESRCH }, ample.Time, 5*time.Millisecond)
}

// TestHelperHangs is the process that the test above kills.
func TestHelperHangs(t *testing.T) {
	if os.Getenv("NITROCARD_CAGE_HELPER") == "" {
		t.Skip("only a part of another test")
	}
	_, _ = caged(t, "hang")
}

// childOf waits for the first child of a process.
func childOf(t *testing.T, pid int) (child int) {
	require.Eventually(t, func() bool {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		for _, f := range files {
			text, _ := os.ReadFile(f)
			if fields := strings.Fields(string(text)); len(fields) > 0 {
				child, _ = strconv.Atoi(fields[0])
			}
		}
		return child != 0
	}, ample.Time, 5*time.Millisecond)
	return child
}

// nest forbids user namespaces below its own, where the switch is its own,
// and then tries to build a cage as an ordinary user would.
func nest() int {
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
		fmt.Println(err)
		return 1
	}
	cmd := exec.Command("true")
	cmd.SysProcAttr = namespaces()
	inUserNamespace(cmd.SysProcAttr)
	fmt.Printf("%v, and to an ordinary user: %s\n", explain(cmd.Start()), remedy("/proc/sys", 1000))
	return 0
}

func TestARefusalSaysWhatToDo(t *testing.T) {
	t.Setenv("NITROCARD_CAGE_JOB", "nest")
	cmd := exec.Command(os.Args[0])
	cmd.SysProcAttr = namespaces()
	inUserNamespace(cmd.SysProcAttr) // also as root, for the switch is each user namespace's own
	out, err := cmd.Output()
	needCage(t, err)
	require.NoError(t, err)
	require.Contains(t, string(out), "this system forbids the namespaces the lab is built of")
	require.Contains(t, string(out), "sysctl user.max_user_namespaces=15000")
}

func TestTheRemedyNamesTheSwitch(t *testing.T) {
	sysctls := t.TempDir()
	require.Contains(t, remedy(sysctls, 0), "CAP_SYS_ADMIN")
	require.Contains(t, remedy(sysctls, 1000), "as root")
	for _, g := range gates {
		file := filepath.Join(sysctls, g.file)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(g.forbids+"\n"), 0o644))
		require.Contains(t, remedy(sysctls, 1000), g.allow)
		require.NoError(t, os.Remove(file))
	}
}

func TestTheUserIsWhoeverStartedTheCage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "uid_map")
	require.Equal(t, 1000, user(file, 1000), "a system without such maps")
	require.NoError(t, os.WriteFile(file, []byte("         0       1000          1\n"), 0o644))
	require.Equal(t, 1000, user(file, 0))
	require.NoError(t, os.WriteFile(file, []byte("         0          0 4294967295\n"), 0o644))
	require.Equal(t, 1000, user(file, 1000))
}
