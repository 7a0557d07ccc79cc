package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Exec runs a command on a host of the lab that this user keeps, with our
// standard input, output and error, and returns its exit status. From a
// terminal it gets a terminal. When ctx ends, so does the command.
func Exec(ctx context.Context, host string, argv []string) (exit int, err error) {
	c, err := dialDoor()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	e := errand{Host: host, Argv: argv, Env: os.Environ()}
	if e.Dir, err = os.Getwd(); err != nil {
		return 0, err
	}
	if isTerminal(os.Stdin) && isTerminal(os.Stdout) {
		return e.onTerminal(c)
	}
	if err := e.send(c, os.Stdin, os.Stdout, os.Stderr); err != nil {
		return 0, err
	}
	return hear(c)
}

// dialDoor knocks at the door of the lab that this user keeps.
func dialDoor() (*net.UnixConn, error) {
	c, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: doorName(), Net: "unixpacket"})
	if errors.Is(err, unix.ECONNREFUSED) {
		return nil, errNoLab
	}
	if err != nil {
		return nil, fmt.Errorf("the door of the lab: %w", err)
	}
	if err := sameUser(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

var errNoLab = errors.New("you keep no lab here: start one with `nitrocard lab --keep`")

// travelThere makes a journey in the lab that this user keeps.
func travelThere(ctx context.Context, q Question) (j *Journey, err error) {
	c, err := dialDoor()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	err = (&errand{Journey: &q}).send(c, os.Stdin, write, os.Stderr)
	write.Close()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(read)
	if _, failed := hear(c); failed != nil || err != nil {
		return nil, cmp.Or(failed, err)
	}
	return j, json.Unmarshal(text, &j)
}

// send knocks: the errand and its standard files.
func (e *errand) send(c *net.UnixConn, files ...*os.File) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if len(text) > maxErrand {
		return fmt.Errorf("the command and its environment are longer than %d bytes", maxErrand)
	}
	var fds []int
	for _, f := range files {
		fds = append(fds, int(f.Fd()))
	}
	_, _, err = c.WriteMsgUnix(text, unix.UnixRights(fds...), nil)
	return err
}

// hear waits for the answer.
func hear(c *net.UnixConn) (exit int, err error) {
	text := make([]byte, 64<<10)
	n, err := c.Read(text)
	if errors.Is(err, net.ErrClosed) {
		return 0, context.Canceled
	}
	if err != nil || n == 0 {
		return 0, errors.New("the lab ended")
	}
	var a answer
	if err := json.Unmarshal(text[:n], &a); err != nil {
		return 0, err
	}
	if a.Error != "" {
		return 0, errors.New(a.Error)
	}
	return a.Exit, nil
}
