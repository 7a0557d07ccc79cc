//go:build linux

package lab

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nitrocard/sim/netlab"
)

// errand is a command to run on a host, or a journey to make.
type errand struct {
	Journey *Question // nil: a command
	Host    string
	Argv    []string
	Env     []string
	Dir     string
	Tty     bool // standard input is a terminal of the errand's own
}

// answer is how an errand ended.
type answer struct {
	Exit  int
	Error string // it did not begin
}

// travel makes the journey, and writes it to standard output. Hanging up ends it.
func (e *errand) travel(ctx context.Context, c *net.UnixConn, in indoors, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = c.Read(make([]byte, 1)) // nothing is ever sent: only the end comes
		cancel()
	}()
	j, err := in.travel(ctx, *e.Journey)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(j)
}

// maxErrand bounds the message, environment included.
const maxErrand = 256 << 10

// receive reads the errand and its files.
func receive(c *net.UnixConn) (e *errand, files []*os.File, err error) {
	text, rights := make([]byte, maxErrand), make([]byte, unix.CmsgSpace(3*4))
	n, oobn, _, _, err := c.ReadMsgUnix(text, rights)
	if err != nil {
		return nil, nil, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:oobn])
	if err != nil {
		return nil, nil, err
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return nil, files, err
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "passed"))
		}
	}
	e = new(errand)
	return e, files, json.Unmarshal(text[:n], e)
}

// run runs the command and ends it when c is hung up.
func (e *errand) run(c *net.UnixConn, host *netlab.Host, files []*os.File) (exit int, err error) {
	cmd := exec.Command(e.Argv[0], e.Argv[1:]...)
	cmd.Env, cmd.Dir = e.Env, e.Dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[2]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: e.Tty}
	if err := host.Start(cmd); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	go hangUp(c, cmd.Process.Pid, ended)
	err = cmd.Wait()
	close(ended)
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		return 0, err
	}
	ws := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	return ws.ExitStatus(), nil
}

// hangUp ends a session's processes when the other side of c is gone.
func hangUp(c *net.UnixConn, session int, ended <-chan struct{}) {
	_, _ = c.Read(make([]byte, 1)) // nothing is ever sent: only the end comes
	for _, signal := range []unix.Signal{unix.SIGHUP, unix.SIGTERM, unix.SIGKILL} {
		select {
		case <-ended:
			return
		default:
			_ = unix.Kill(-session, signal) // it may end just now
		}
		select {
		case <-ended:
			return
		case <-time.After(time.Second):
		}
	}
}
