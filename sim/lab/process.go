//go:build linux

package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"nitrocard/sim/netlab"
)

// process is a program that runs: nitrocard itself, as its user would start it, or a router's BIRD.
type process struct {
	name string // for people
	cmd  *exec.Cmd
	log  string        // file
	end  chan struct{} // closed when the process ended
}

// start starts the program on a host, or beside all hosts if host is nil.
func start(host *netlab.Host, name, log string, args []string) (*process, error) {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "nitrocard"
	return startCommand(host, name, log, cmd)
}

// startCommand starts any program so.
func startCommand(host *netlab.Host, name, log string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: cmd, log: log, end: make(chan struct{})}
	to, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer to.Close()
	p.cmd.Stdout, p.cmd.Stderr = to, to
	begin := p.cmd.Start
	if host != nil {
		begin = func() error { return host.Start(p.cmd) }
	}
	if err := begin(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // one that ends early is told by until, or by the checks
		close(p.end)
	}()
	return p, nil
}

// until waits until ready is no error.
func (p *process) until(ctx context.Context, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.end:
			return fmt.Errorf("%s ended: %s", p.name, p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w; %s", p.name, err, p.lastWords())
		case <-time.After(pollEvery):
		}
	}
}

// lastWords is the end of what the process wrote.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return "it wrote nothing"
	}
	return "it wrote: " + string(bytes.TrimSpace(text[max(0, len(text)-2000):]))
}

// kill ends the process as a crash would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.end
}

// stop ends the process as its user would.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.end:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("%s was still there %s after SIGTERM", p.name, patience)
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("%s: %s; %s", p.name, p.cmd.ProcessState, p.lastWords())
	}
	return nil
}
