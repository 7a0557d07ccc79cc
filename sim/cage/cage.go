//go:build linux

package cage

import (
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// grace is how long a caged program may take to end after SIGTERM.
const grace = 30 * time.Second

// Command is a program to run in a cage. The program, started with Args, has
// to call Init.
type Command struct {
	Path           string
	Args           []string
	Stdout, Stderr io.Writer
	Files          []*os.File // from descriptor 3 on; closed by Run
}

// Run starts the command in namespaces of its own and waits for its end.
// When ctx ends it sends SIGTERM, and SIGKILL a grace time later. A system
// that refuses the namespaces yields an error that says what to do.
func Run(ctx context.Context, c Command) error {
	// The kernel counts a parent as dead when the thread that forked is.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = c.Stdout, c.Stderr, c.Files
	cmd.SysProcAttr = namespaces()
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.WaitDelay = grace
	err := cmd.Start()
	for _, f := range c.Files {
		f.Close()
	}
	if err != nil {
		return explain(err)
	}
	return cmd.Wait()
}

// namespaces asks for every namespace the lab needs, a process group that
// the terminal's Ctrl-C does not reach, and death with the parent.
func namespaces() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Pdeathsig:  unix.SIGKILL,
		Setpgid:    true,
	}
	if os.Geteuid() != 0 {
		inUserNamespace(attr)
	}
	return attr
}

// inUserNamespace makes the user root of a namespace that has nobody else.
func inUserNamespace(attr *syscall.SysProcAttr) {
	attr.Cloneflags |= unix.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
}
