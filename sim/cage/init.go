//go:build linux

package cage

import (
	"errors"
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// Init is the life of PID 1 in a cage: it makes the mounts private, starts
// this program again with args and the files descriptors that follow
// standard error, passes signals on, reaps, and returns the exit status for
// os.Exit when that process ends.
func Init(args []string, files int) (exit int, err error) {
	if os.Getpid() != 1 {
		return 0, errors.New("this command is the lab's own: run `nitrocard lab`")
	}
	if err := furnish(); err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP)
	work, err := start(args, files)
	if err != nil {
		return 0, err
	}
	go func() {
		for s := range signals {
			_ = work.Signal(s) // it may have just ended, and so will we
		}
	}()
	return reap(work.Pid)
}

// furnish gives the cage a hostname, a /proc of its processes and an empty
// /run, the place for files that must not stay behind.
func furnish() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return explain(fmt.Errorf("making mounts private: %w", err))
	}
	// A container that hides parts of /proc may not mount a whole one. The
	// old one shows the wrong processes, and the right network.
	err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if err != nil && !errors.Is(err, unix.EPERM) {
		return explain(fmt.Errorf("mounting /proc: %w", err))
	}
	if err := unix.Mount("run", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return explain(fmt.Errorf("mounting /run: %w", err))
	}
	return unix.Sethostname([]byte("nitrocard-lab"))
}

func start(args []string, files int) (*os.Process, error) {
	inherited := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	for i := range files {
		inherited = append(inherited, os.NewFile(uintptr(3+i), "inherited"))
	}
	argv := append([]string{os.Args[0]}, args...)
	return os.StartProcess("/proc/self/exe", argv, &os.ProcAttr{Files: inherited})
}

// reap takes every orphan's status until the work's own comes, and turns
// that into an exit status as a shell does.
func reap(work int) (exit int, err error) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, fmt.Errorf("waiting for the lab's processes: %w", err)
		case pid == work && status.Signaled():
			return 128 + int(status.Signal()), nil
		case pid == work:
			return status.ExitStatus(), nil
		}
	}
}
