//go:build linux

package lab

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// talk is an open connection to a guest's shell port.
type talk struct {
	*net.TCPConn
	from netip.AddrPort
	in   *bufio.Reader
}

func (c connection) talk(ctx context.Context) (*talk, error) {
	open, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &talk{open.(*net.TCPConn), c.from, bufio.NewReader(open)}, nil
}

// abort ends a connection that was cut without telling the guest again and
// again.
func (t *talk) abort() {
	_ = t.SetLinger(0)
	_ = t.Close()
}

// say sends a line and returns the guest's answer to it, or
// os.ErrDeadlineExceeded if ctx ends before.
func (t *talk) say(ctx context.Context, line string) (string, error) {
	defer context.AfterFunc(ctx, func() { _ = t.SetDeadline(time.Now()) })()
	if _, err := fmt.Fprintln(t, line); err != nil {
		return "", err
	}
	answer, err := t.in.ReadString('\n')
	return strings.TrimSpace(answer), err
}

// hello says hello and expects the guest of this name to answer.
func (t *talk) hello(ctx context.Context, name string) error {
	answer, err := t.say(ctx, "hello")
	if want := name + ": hello"; err == nil && answer != want {
		err = fmt.Errorf("%q instead of %q", answer, want)
	}
	return err
}

// chat is a talk that says hello over and over.
type chat struct {
	answers atomic.Int64
	stop    context.CancelFunc
	done    chan error
}

// chat begins to say hello to the guest of this name.
func (t *talk) chat(ctx context.Context, name string) *chat {
	until, stop := context.WithCancel(ctx)
	c := &chat{stop: stop, done: make(chan error, 1)}
	go func() {
		for until.Err() == nil {
			if err := t.hello(ctx, name); err != nil {
				c.done <- fmt.Errorf("the open connection to %s after %d answers: %w", name, c.answers.Load(), err)
				return
			}
			c.answers.Add(1)
			time.Sleep(pollEvery)
		}
		c.done <- nil
	}()
	return c
}

// another waits for an answer to what is asked from now on, or for the talk's
// early end, of which end tells.
func (c *chat) another(ctx context.Context) error {
	asked := c.answers.Load() + 1 // perhaps before now
	return until(ctx, "the open connection answered again", func() (bool, error) {
		return c.answers.Load() > asked || len(c.done) > 0, nil
	})
}

// end stops asking, and tells how often the guest answered.
func (c *chat) end() (answers int64, err error) {
	c.stop()
	err = <-c.done
	return c.answers.Load(), err
}
