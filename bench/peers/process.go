package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// shell starts programs, and tells how when it is to.
type shell struct {
	ctx     context.Context // its end is theirs
	verbose io.Writer       // nil: nothing is told
	env     []string
}

// command is a program that is about to start, and dies with this one.
func (s *shell) command(args ...string) *exec.Cmd {
	if s.verbose != nil {
		fmt.Fprintf(s.verbose, "+ %s\n", strings.Join(args, " "))
	}
	c := exec.CommandContext(s.ctx, args[0], args[1:]...)
	c.Env = append(os.Environ(), s.env...)
	c.SysProcAttr = dieWithParent()
	return c
}

// ask runs a program to its end, and returns what it said.
func (s *shell) ask(args ...string) (string, error) {
	said, _, err := s.hear(args...)
	return said, err
}

// hear is ask, and returns complaints as well.
func (s *shell) hear(args ...string) (said, complaint string, err error) {
	var out, bad bytes.Buffer
	c := s.command(args...)
	c.Stdout, c.Stderr = &out, &bad
	if err := c.Run(); err != nil {
		return "", "", fmt.Errorf("%s: %w: %s", filepath.Base(args[0]), err, lastLine(out.String()+bad.String()))
	}
	return out.String(), bad.String(), nil
}

// wait lets time pass.
func (s *shell) wait(d time.Duration) error {
	select {
	case <-s.ctx.Done():
		return s.ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// patience is how long something may take that takes a second on a quiet
// machine.
const patience = 30 * time.Second

// until waits until ok; what says for what.
func (s *shell) until(what string, ok func() (bool, error)) error {
	for end := time.Now().Add(patience); ; {
		done, err := ok()
		if done || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: not after %v", what, patience)
		}
		if err := s.wait(20 * time.Millisecond); err != nil {
			return err
		}
	}
}

// lastLine is the last of a text that says anything.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// end asks a program to stop, and waits for that.
func end(c *exec.Cmd) error {
	if c.Process == nil {
		return nil
	}
	c.Process.Signal(os.Interrupt)
	timer := time.AfterFunc(patience, func() { c.Process.Kill() })
	defer timer.Stop()
	if err := c.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return err
	}
	return nil
}

// cpuTime is what all threads of a process have run (Linux,
// Documentation/scheduler/sched-stats.rst: /proc/PID/schedstat).
func cpuTime(pid int) (time.Duration, error) {
	files, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task/*/schedstat"))
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			return 0, err
		}
		var ns time.Duration
		if _, err := fmt.Sscan(string(text), &ns); err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		sum += ns
	}
	if sum == 0 {
		return 0, fmt.Errorf("/proc/%d tells no CPU time of threads", pid)
	}
	return sum, nil
}
