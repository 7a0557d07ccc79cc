package pmdtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// isolated is the environment variable that tells a test binary where it
// runs: "yes" in a network namespace of its own, or why it could not get one.
const isolated = "NITROCARD_TEST_NAMESPACE"

// Isolate runs a package's tests in a network namespace of their own, as root
// or, in a user namespace of its own as well, as anybody. It is the body of
// TestMain. The kernel takes everything in the namespace away when the tests
// end, however they end.
func Isolate(m *testing.M) {
	if os.Getenv(isolated) != "" {
		os.Exit(m.Run())
	}
	err := again("yes", syscall.CLONE_NEWNET)
	if errors.Is(err, syscall.EPERM) {
		err = again("yes", syscall.CLONE_NEWNET|syscall.CLONE_NEWUSER)
	}
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		os.Setenv(isolated, fmt.Sprintf("no network namespace of its own: %v", err))
		os.Exit(m.Run())
	}
}

// again runs this binary again, in new namespaces.
func again(why string, namespaces uintptr) error {
	runtime.LockOSThread() // the child must die with this process, which the kernel takes for this thread
	defer runtime.UnlockOSThread()
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), isolated+"="+why)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}
	if namespaces&syscall.CLONE_NEWUSER != 0 {
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return c.Run()
}

// NeedNamespace skips a test that Isolate could not isolate, and fails it
// where CI=true says that it can.
func NeedNamespace(t testing.TB) {
	t.Helper()
	if why := os.Getenv(isolated); why != "yes" {
		Missing(t, why)
	}
}

// Missing skips a test for want of something, and fails it where CI=true says
// that everything is there.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}
